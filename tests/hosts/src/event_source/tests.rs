use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use fakes::aws::queue::{QueueOptions, Redrive};

type Answered = Result<Bytes, InvocationError>;

fn options() -> MappingOptions {
    MappingOptions {
        batch_size: 10,
        window: Duration::from_millis(100),
        return_failed_after: Some(Duration::from_secs(1)),
        ..MappingOptions::default()
    }
}

fn queue_of(bodies: usize) -> Arc<Queue> {
    let queue = Queue::new("events", QueueOptions::default());
    for body in 0..bodies {
        queue.send(&body.to_string()).unwrap();
    }
    queue
}

fn records(payload: &[u8]) -> Vec<Value> {
    let event: Value = serde_json::from_slice(payload).unwrap();
    event["Records"].as_array().unwrap().clone()
}

/// Fails these bodies at their first delivery, and counts every delivery by body.
fn picky(
    seen: Arc<Mutex<BTreeMap<String, u32>>>,
    fails: &'static [&'static str],
) -> impl Fn(Vec<u8>) -> std::future::Ready<Answered> + Send + Sync {
    move |payload| {
        let mut failed = Vec::new();
        for record in records(&payload) {
            let body = record["body"].as_str().unwrap().to_owned();
            let count = *lock(&seen)
                .entry(body.clone())
                .and_modify(|count| *count += 1)
                .or_insert(1);
            if count == 1 && fails.contains(&body.as_str()) {
                failed.push(json!({ "itemIdentifier": record["messageId"] }));
            }
        }
        std::future::ready(Ok(json!({ "batchItemFailures": failed })
            .to_string()
            .into()))
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_failed_comes_again() {
    let (queue, seen) = (queue_of(25), Arc::default());
    let function = Arc::new(picky(Arc::clone(&seen), &["3", "17"]));
    let source = EventSource::start(queue, function, options()).unwrap();
    source.drained(Duration::from_secs(10)).await.unwrap();
    let counts = source.stop().await;
    assert_eq!((counts.deleted, counts.returned, counts.failed), (25, 2, 0));
    let seen = lock(&seen).clone();
    assert_eq!(seen.len(), 25);
    for (body, count) in seen {
        let expected = if body == "3" || body == "17" { 2 } else { 1 };
        assert_eq!(count, expected, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_has_everything_that_lambda_tells() {
    let queue = Queue::new("events", QueueOptions::default());
    queue.send("abc").unwrap();
    let (sender, mut payloads) = tokio::sync::mpsc::unbounded_channel();
    let function = move |payload| {
        sender.send(payload).unwrap();
        std::future::ready(Ok(Bytes::from_static(b"null")))
    };
    let source = EventSource::start(queue, Arc::new(function), options()).unwrap();
    let payload = payloads.recv().await.unwrap();
    let record = records(&payload).remove(0);
    assert_eq!(record["body"], "abc");
    assert_eq!(record["md5OfBody"], "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(
        record["eventSourceARN"],
        "arn:aws:sqs:us-east-1:123456789012:events"
    );
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["messageAttributes"], json!({}));
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    for name in ["SentTimestamp", "ApproximateFirstReceiveTimestamp"] {
        let timestamp = record["attributes"][name].as_str().unwrap();
        assert!(timestamp.parse::<i64>().is_ok(), "{timestamp}");
    }
    source.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_function_error_fails_the_whole_batch_until_the_redrive_limit() {
    let dead_letter_queue = Queue::new("dead", QueueOptions::default());
    let redrive = Redrive {
        max_receive_count: 3,
        dead_letter_queue: Arc::clone(&dead_letter_queue),
    };
    let queue = Queue::new(
        "events",
        QueueOptions {
            redrive: Some(redrive),
            ..QueueOptions::default()
        },
    );
    queue.send("a").unwrap();
    queue.send("b").unwrap();
    let function = |_payload| std::future::ready(Err(InvocationError::Timeout));
    let source = EventSource::start(queue, Arc::new(function), options()).unwrap();
    source.drained(Duration::from_mins(1)).await.unwrap();
    let counts = source.stop().await;
    assert_eq!(
        (
            counts.invocations,
            counts.failed,
            counts.deleted,
            counts.returned
        ),
        (3, 3, 0, 6)
    );
    assert_eq!(dead_letter_queue.depth().visible, 2);
}

#[tokio::test(start_paused = true)]
async fn without_an_option_a_failed_message_waits_for_its_visibility_timeout() {
    let (queue, seen) = (queue_of(1), Arc::default());
    let function = Arc::new(picky(seen, &["0"]));
    let options = MappingOptions {
        return_failed_after: None,
        ..options()
    };
    let source = EventSource::start(Arc::clone(&queue), function, options).unwrap();
    assert_eq!(
        source
            .drained(Duration::from_secs(29))
            .await
            .unwrap_err()
            .in_flight,
        1
    );
    source.drained(Duration::from_secs(2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn batches_and_concurrency_stay_within_their_limits() {
    let queue = queue_of(100);
    let running = Arc::new(Mutex::new((0_usize, 0_usize, Vec::new())));
    let function = {
        let running = Arc::clone(&running);
        move |payload: Vec<u8>| {
            let running = Arc::clone(&running);
            async move {
                {
                    let mut running = lock(&running);
                    running.0 += 1;
                    running.1 = running.1.max(running.0);
                    running.2.push(records(&payload).len());
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                lock(&running).0 -= 1;
                Ok(Bytes::new())
            }
        }
    };
    let options = MappingOptions {
        batch_size: 25,
        maximum_concurrency: 3,
        ..options()
    };
    let source = EventSource::start(queue, Arc::new(function), options).unwrap();
    source.drained(Duration::from_secs(30)).await.unwrap();
    let running = lock(&running).clone();
    assert_eq!(running.1, 3);
    assert_eq!(running.2, [25, 25, 25, 25]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_stays_below_the_payload_limit() {
    let queue = Queue::new("events", QueueOptions::default());
    for _ in 0..30 {
        queue.send(&"\"".repeat(1_000_000)).unwrap();
    }
    let function = |payload: Vec<u8>| {
        assert!(payload.len() < 6_291_456, "{}", payload.len());
        std::future::ready(Ok(Bytes::new()))
    };
    let options = MappingOptions {
        batch_size: 1000,
        ..options()
    };
    let source = EventSource::start(queue, Arc::new(function), options).unwrap();
    source.drained(Duration::from_secs(30)).await.unwrap();
    assert_eq!(source.stop().await.deleted, 30);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_mapping_ends_what_it_began_and_takes_no_more() {
    let queue = queue_of(1);
    let function = |_payload| async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(Bytes::new())
    };
    let source = EventSource::start(Arc::clone(&queue), Arc::new(function), options()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let counts = source.stop().await;
    assert_eq!((counts.invocations, counts.deleted), (1, 1));
    queue.send("late").unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(queue.depth().visible, 1);
}

#[tokio::test]
async fn options_that_lambda_would_refuse_are_refused() {
    let start = |change: fn(&mut MappingOptions)| {
        let mut options = options();
        change(&mut options);
        let function = |_payload| std::future::ready(Ok(Bytes::new()));
        EventSource::start(queue_of(0), Arc::new(function), options).err()
    };
    assert_eq!(
        start(|options| options.batch_size = 0),
        Some(MappingError::BatchSize)
    );
    assert_eq!(
        start(|options| options.batch_size = 10_001),
        Some(MappingError::BatchSize)
    );
    assert_eq!(
        start(|options| options.window = Duration::from_secs(301)),
        Some(MappingError::Window)
    );
    assert_eq!(
        start(|options| options.maximum_concurrency = 0),
        Some(MappingError::Concurrency)
    );
    let unwindowed = start(|options| {
        options.batch_size = 11;
        options.window = Duration::ZERO;
    });
    assert_eq!(unwindowed, Some(MappingError::Window));
}
