use super::*;

async fn receive_one(queue: &Queue) -> ReceivedMessage {
    let mut received = queue.receive(1, Duration::ZERO).await;
    received.pop().unwrap()
}

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

#[tokio::test(start_paused = true)]
async fn a_message_delivered_too_often_goes_to_the_dead_letters() {
    let dead_letter_queue = Queue::new("dead", QueueOptions::default());
    let redrive = Redrive {
        max_receive_count: 2,
        dead_letter_queue: Arc::clone(&dead_letter_queue),
    };
    let queue = Queue::new(
        "events",
        QueueOptions {
            redrive: Some(redrive),
            ..QueueOptions::default()
        },
    );
    let id = queue.send("body").unwrap();
    for count in [1, 2] {
        assert_eq!(receive_one(&queue).await.receive_count, count);
        tokio::time::advance(Duration::from_secs(30)).await;
    }
    assert!(queue.receive(1, Duration::ZERO).await.is_empty());
    assert_eq!(queue.depth().total(), 0);
    assert_eq!(receive_one(&dead_letter_queue).await.message_id, id);
}
