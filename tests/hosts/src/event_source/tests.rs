use serde_json::{Value, json};

use super::*;
use fakes::aws::queue::{Extras, MessageAttribute, QueueOptions};

fn options() -> MappingOptions {
    MappingOptions {
        batch_size: 10,
        window: Duration::from_millis(100),
        return_failed_after: Some(Duration::from_secs(1)),
        ..MappingOptions::default()
    }
}

fn records(payload: &[u8]) -> Vec<Value> {
    let event: Value = serde_json::from_slice(payload).unwrap();
    event["Records"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_record_has_everything_that_lambda_tells() {
    let queue = Queue::new("events", QueueOptions::default());
    let producer = MessageAttribute {
        data_type: "String".to_owned(),
        string_value: "a-function".to_owned(),
    };
    let extras = Extras {
        attributes: [("producer".to_owned(), producer)].into(),
        trace_header: Some("Root=1".to_owned()),
        ..Extras::default()
    };
    queue.send_with("abc", extras).unwrap();
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
    assert_eq!(
        record["messageAttributes"],
        json!({"producer": {
            "stringValue": "a-function", "dataType": "String",
            "stringListValues": [], "binaryListValues": [],
        }})
    );
    assert_eq!(record["attributes"]["AWSTraceHeader"], "Root=1");
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    for name in ["SentTimestamp", "ApproximateFirstReceiveTimestamp"] {
        let timestamp = record["attributes"][name].as_str().unwrap();
        assert!(timestamp.parse::<i64>().is_ok(), "{timestamp}");
    }
    source.stop().await;
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
