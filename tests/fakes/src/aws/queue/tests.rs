use super::*;

#[test]
fn a_message_that_the_service_would_refuse_is_refused() {
    let queue = Queue::new("events", QueueOptions::default());
    assert_eq!(queue.send(""), Err(QueueError::Empty));
    assert_eq!(queue.send("\u{0}"), Err(QueueError::InvalidCharacter));
    assert_eq!(queue.send("\u{ffff}"), Err(QueueError::InvalidCharacter));
    queue.send("äöü 🦀\t\r\n").unwrap();
    queue.send(&"x".repeat(MESSAGE_LIMIT_BYTES)).unwrap();
    let bytes = MESSAGE_LIMIT_BYTES + 1;
    assert_eq!(
        queue.send(&"x".repeat(bytes)),
        Err(QueueError::TooLarge { bytes })
    );
}
