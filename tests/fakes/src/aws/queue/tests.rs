use super::*;

const NOW: Duration = Duration::ZERO;

fn queue(options: QueueOptions) -> Arc<Queue> {
    Queue::new("events", options)
}

async fn receive_one(queue: &Queue) -> ReceivedMessage {
    let mut received = queue.receive(1, NOW).await;
    received.pop().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_message_is_invisible_until_its_timeout_and_then_comes_again() {
    let queue = queue(QueueOptions::default());
    let id = queue.send("body").unwrap();
    let first = receive_one(&queue).await;
    assert_eq!(
        (first.message_id.as_str(), &*first.body, first.receive_count),
        (id.as_str(), "body", 1)
    );
    assert_eq!(
        queue.depth(),
        Depth {
            visible: 0,
            in_flight: 1,
            delayed: 0
        }
    );
    tokio::time::advance(Duration::from_secs(29)).await;
    assert!(queue.receive(10, NOW).await.is_empty());
    tokio::time::advance(Duration::from_secs(1)).await;
    let second = receive_one(&queue).await;
    assert_eq!((second.message_id, second.receive_count), (id, 2));
    assert_eq!(second.first_received_at, first.first_received_at);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_message_is_gone() {
    let queue = queue(QueueOptions::default());
    queue.send("body").unwrap();
    let received = receive_one(&queue).await;
    queue.delete(&received.receipt_handle).unwrap();
    queue.delete(&received.receipt_handle).unwrap();
    assert_eq!(queue.depth().total(), 0);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert!(queue.receive(10, NOW).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_outdated_handle_deletes_nothing() {
    let queue = queue(QueueOptions::default());
    queue.send("body").unwrap();
    let first = receive_one(&queue).await;
    tokio::time::advance(Duration::from_secs(30)).await;
    let second = receive_one(&queue).await;
    queue.delete(&first.receipt_handle).unwrap();
    assert_eq!(queue.depth().in_flight, 1);
    queue.delete(&second.receipt_handle).unwrap();
    assert_eq!(queue.depth().total(), 0);
}

#[tokio::test]
async fn a_handle_that_was_never_given_out_is_refused() {
    let queue = queue(QueueOptions::default());
    queue.send("body").unwrap();
    let received = receive_one(&queue).await;
    let foreign = format!("{}x", received.receipt_handle);
    for handle in ["", "x", "0.1", "7.1.x", &foreign] {
        assert_eq!(
            queue.delete(handle),
            Err(QueueError::InvalidReceiptHandle),
            "{handle}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn visibility_may_be_shortened_and_lengthened() {
    let queue = queue(QueueOptions::default());
    queue.send("body").unwrap();
    let received = receive_one(&queue).await;
    let handle = &received.receipt_handle;
    queue
        .change_visibility(handle, Duration::from_mins(5))
        .unwrap();
    tokio::time::advance(Duration::from_mins(4)).await;
    assert_eq!(queue.depth().in_flight, 1);
    queue.change_visibility(handle, NOW).unwrap();
    assert_eq!(queue.depth().visible, 1);
    assert_eq!(
        queue.change_visibility(handle, NOW),
        Err(QueueError::NotInFlight)
    );
    let too_long = queue.change_visibility(handle, VISIBILITY_LIMIT + Duration::from_secs(1));
    assert_eq!(too_long, Err(QueueError::TooLong));
}

#[tokio::test(start_paused = true)]
async fn a_message_delivered_too_often_goes_to_the_dead_letters() {
    let dead_letter_queue = Queue::new("dead", QueueOptions::default());
    let redrive = Redrive {
        max_receive_count: 2,
        dead_letter_queue: Arc::clone(&dead_letter_queue),
    };
    let queue = queue(QueueOptions {
        redrive: Some(redrive),
        ..QueueOptions::default()
    });
    let id = queue.send("body").unwrap();
    for count in [1, 2] {
        assert_eq!(receive_one(&queue).await.receive_count, count);
        tokio::time::advance(Duration::from_secs(30)).await;
    }
    assert!(queue.receive(1, NOW).await.is_empty());
    assert_eq!(queue.depth().total(), 0);
    assert_eq!(receive_one(&dead_letter_queue).await.message_id, id);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_waits() {
    let queue = queue(QueueOptions::default());
    queue.send_delayed("body", Duration::from_secs(5)).unwrap();
    assert_eq!(
        queue.depth(),
        Depth {
            visible: 0,
            in_flight: 0,
            delayed: 1
        }
    );
    assert_eq!(queue.receive(1, Duration::from_secs(6)).await.len(), 1);
    let refused = queue.send_delayed("body", Duration::from_secs(901));
    assert_eq!(refused, Err(QueueError::TooLong));
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_the_first_message() {
    let queue = queue(QueueOptions::default());
    let started = Instant::now();
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.receive(10, Duration::from_secs(20)).await }
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    queue.send("body").unwrap();
    assert_eq!(waiting.await.unwrap().len(), 1);
    assert_eq!(started.elapsed().as_secs(), 3);
    assert!(queue.receive(10, Duration::from_secs(2)).await.is_empty());
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn one_call_receives_at_most_ten() {
    let queue = queue(QueueOptions::default());
    for number in 0..12 {
        queue.send(&number.to_string()).unwrap();
    }
    assert_eq!(queue.receive(100, NOW).await.len(), 10);
    assert_eq!(queue.receive(100, NOW).await.len(), 2);
}

#[tokio::test]
async fn a_message_that_the_service_would_refuse_is_refused() {
    let queue = queue(QueueOptions::default());
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
async fn waiting_for_an_empty_queue_has_an_end() {
    let queue = queue(QueueOptions::default());
    queue.send("body").unwrap();
    let left = queue.emptied(Duration::from_secs(1)).await;
    assert_eq!(
        left,
        Err(Depth {
            visible: 1,
            in_flight: 0,
            delayed: 0
        })
    );
    let received = receive_one(&queue).await;
    queue.delete(&received.receipt_handle).unwrap();
    assert_eq!(queue.emptied(Duration::ZERO).await, Ok(()));
}
