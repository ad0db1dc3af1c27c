//! The forms in which events really arrive, through the real functions: notifications, records that EventBridge Pipes hand
//! over, values joined without line breaks, texts packed within texts.

mod named;
mod side_by_side;

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::client;
use fakes::faults::Fault;
use fakes::invocation::InvocationError;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::kit::ingest::Ingest;
use crate::kit::target::{event, failed, once_each, record};
use crate::kit::{azure, cloud, dead_letters};

const NONE: [usize; 0] = [];

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Two events with nothing between them, as Firehose joins records.
fn joined(first: &str, second: &str) -> String {
    event(first) + &event(second)
}

fn indented(log_id: &str) -> String {
    let event: Value = serde_json::from_str(&event(log_id)).unwrap();
    serde_json::to_string_pretty(&event).unwrap()
}

fn notification(message: &str) -> Value {
    json!({
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:auth0",
        "Subject": "auth0",
        "Message": message,
        "Timestamp": "2026-11-20T10:30:16.000Z",
        "SignatureVersion": "1",
        "Signature": "made-up",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/cert.pem",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/",
    })
}

/// As SNS invokes a function.
fn sns_event(message: &str) -> Value {
    let mut sns = notification(message);
    sns["MessageAttributes"] = json!({});
    let subscription = "arn:aws:sns:us-east-1:123456789012:auth0:1";
    json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription, "Sns": sns}]})
}

fn cloud_event(data: &[u8]) -> Value {
    json!({
        "specversion": "1.0",
        "id": "1",
        "source": "auth0.com/acme/auth0.logs",
        "type": "com.auth0.Log",
        "data_base64": STANDARD.encode(data),
    })
}

/// A record of a stream as EventBridge Pipes hand it over.
fn piped(sequence_number: &str, data: &[u8]) -> Value {
    json!({
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "1",
        "sequenceNumber": sequence_number,
        "data": STANDARD.encode(data),
        "approximateArrivalTimestamp": 1_795_162_530.25,
        "eventSource": "aws:kinesis",
        "eventID": format!("shardId-000000000006:{sequence_number}"),
        "eventName": "aws:kinesis:record",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/logs",
    })
}

async fn invoke(cloud: &Cloud, payload: &Value) -> String {
    let answer = cloud.target.invoke(payload.to_string()).await.unwrap();
    String::from_utf8(answer.to_vec()).unwrap()
}

const ALL_DONE: &str = r#"{"batchItemFailures":[]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn records_that_pipes_hand_over_are_read_and_those_that_fail_are_named() {
    let cloud = cloud(CloudOptions::default()).await;
    let of_queue = json!([record("m-1", Some(&event("1"))), record("m-2", Some("7"))]);
    assert_eq!(invoke(&cloud, &of_queue).await, ALL_DONE);
    let packed = gzip(&event("3"));
    let of_stream = json!([
        piped("101", joined("2", "2b").as_bytes()),
        piped("102", &packed)
    ]);
    assert_eq!(invoke(&cloud, &of_stream).await, ALL_DONE);
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2", "2b", "3"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 1);

    cloud.collector_faults.always(Fault::Status(503));
    let of_queue = json!([
        record("m-3", Some(&event("1"))),
        record("m-4", Some(&event("4")))
    ]);
    let failed = r#"{"batchItemFailures":[{"itemIdentifier":"m-4"}]}"#;
    assert_eq!(invoke(&cloud, &of_queue).await, failed);
    let of_stream = json!([
        piped("103", event("2").as_bytes()),
        piped("104", event("5").as_bytes())
    ]);
    let failed = r#"{"batchItemFailures":[{"itemIdentifier":"104"}]}"#;
    assert_eq!(invoke(&cloud, &of_stream).await, failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_is_opened_behind_a_queue_and_where_sns_invokes_the_function() {
    let cloud = cloud(CloudOptions::default()).await;
    // Raw delivery, the usual one, and a notification of what came over a bus.
    let from_rule = format!(
        r#"{{"detail-type":"Auth0 log","source":"auth0.com/acme/auth0.logs","detail":{}}}"#,
        event("3")
    );
    let bodies = [
        event("1"),
        notification(&event("2")).to_string(),
        notification(&from_rule).to_string(),
        notification(&joined("4", "5")).to_string(),
    ];
    assert_eq!(failed(&cloud, &bodies).await, NONE);
    assert_eq!(invoke(&cloud, &sns_event(&event("6"))).await, "{}");
    let expected = ["1", "2", "3", "4", "5", "6"];
    assert_eq!(cloud.collector.log_ids(), once_each(expected));

    // Nobody reads which record failed, so the invocation does, and Lambda brings it again.
    cloud.collector_faults.always(Fault::Status(503));
    let answer = cloud
        .target
        .invoke(sns_event(&event("7")).to_string())
        .await;
    assert!(
        matches!(answer, Err(InvocationError::Function { .. })),
        "{answer:?}"
    );
    cloud.collector_faults.clear();
    // As it lies among the dead letters when no try has delivered it.
    let failure = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": sns_event(&event("7")),
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
    });
    assert_eq!(failed(&cloud, &[failure.to_string()]).await, NONE);
    assert!(cloud.collector.log_ids().contains_key("7"));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_within_other_texts_is_found() {
    let cloud = cloud(CloudOptions::default()).await;
    let in_pipes = json!([record("m", Some(&notification(&event("1")).to_string()))]);
    assert_eq!(invoke(&cloud, &in_pipes).await, ALL_DONE);
    let bodies = [
        cloud_event(event("2").as_bytes()).to_string(),
        notification(&cloud_event(&gzip(&event("3"))).to_string()).to_string(),
        STANDARD.encode(gzip(&joined("4", "5"))),
        indented("6") + &indented("7") + "\n" + &event("8"),
        json!([piped("9", event("9").as_bytes())]).to_string(),
    ];
    assert_eq!(failed(&cloud, &bodies).await, NONE);
    let of_stream = json!([piped(
        "1",
        &gzip(&notification(&joined("10", "11")).to_string())
    )]);
    assert_eq!(invoke(&cloud, &of_stream).await, ALL_DONE);
    let expected: Vec<String> = (1..=11).map(|number| number.to_string()).collect();
    assert_eq!(cloud.collector.log_ids(), once_each(expected));
    // Byte for byte, whatever it was packed in.
    for sent in cloud.collector.events() {
        let log_id = log_id(&sent);
        assert!(
            ["6", "7"].contains(&log_id.as_str()) || sent == event(&log_id),
            "{sent}"
        );
    }
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

fn log_id(event: &str) -> String {
    let event: Value = serde_json::from_str(event).unwrap();
    event["log_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_reads_every_form_too_and_says_how_many_events_it_held() {
    let ingest = Ingest::start(&[("MAX_BODY_BYTES", "20000")]).await;
    let bodies = [
        (joined("1", "2"), 2, 0),
        (indented("3") + &indented("4"), 2, 0),
        (notification(&joined("5", "6")).to_string(), 2, 0),
        (
            json!([record("m", Some(&event("7"))), record("m", Some("7"))]).to_string(),
            1,
            1,
        ),
        (
            json!([
                piped("1", &gzip(&event("8"))),
                cloud_event(event("9").as_bytes())
            ])
            .to_string(),
            2,
            0,
        ),
        (event("10") + "{\"cut\":\n" + &event("11"), 2, 1),
    ];
    for (body, delivered, set_aside) in bodies {
        let received = delivered + set_aside;
        let reply = ingest.post(body.clone()).await;
        let counts = format!(
            r#"{{"received":{received},"delivered":{delivered},"filtered":0,"set_aside":{set_aside}}}"#
        );
        assert_eq!((reply.status, reply.body), (200, counts), "{body}");
    }
    let expected: Vec<String> = (1..=11).map(|number| number.to_string()).collect();
    assert_eq!(ingest.log_ids(), once_each(expected));
    // What unpacks to more than a body may have is refused like one, by itself.
    let bomb = gzip(&format!("[{}]", " ".repeat(20_000)));
    let body = json!([piped("1", &bomb), piped("2", event("12").as_bytes())]).to_string();
    let reply = ingest.post(body).await;
    assert_eq!(
        (reply.status, reply.body.contains(r#""set_aside":1"#)),
        (200, true)
    );
    let letters = ingest.dead_letters();
    let reason = letters.last().unwrap()["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        "not a log event: a Kinesis record, and of what it carries the body is over 20000 bytes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_azure_cloud_events_may_carry_their_data_in_base64() {
    let cloud = azure::azure(AzureOptions::default()).await;
    let url = cloud.subscriber.event_grid_url("deliver");
    let headers = [("aeg-event-type", "Notification")];
    let events = json!([
        cloud_event(event("1").as_bytes()),
        cloud_event(&gzip(&event("2")))
    ]);
    let answer = client::post(&url, &headers, events.to_string())
        .await
        .unwrap();
    assert_eq!(answer.status(), 202);
    let (status, _) = azure::post(&cloud, cloud_event(event("3").as_bytes()).to_string()).await;
    assert_eq!(status, 200);
    azure::settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["1", "2", "3"]));
    assert_eq!(azure::dead_letters(&cloud).len(), 0);
}

/// An address that redaction hides must be hidden wherever it lies, in what is delivered and in what is set aside.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_carried_is_redacted_like_any_other_event() {
    let ingest = Ingest::start(&[("REDACT", "ip=mask")]).await;
    let message = format!("[{},{{\"ip\":\"2001:db8::7\"}}]", event("1"));
    let reply = ingest.post(notification(&message).to_string()).await;
    assert_eq!(reply.status, 200);
    let detail = ingest.on_bus().pop().unwrap();
    assert_eq!(detail.member("/data/ip"), Some("***".into()));
    let letters = ingest.dead_letters();
    assert_eq!(letters[0]["event"], json!({"ip": "***"}));
}
