//! The memory of the real functions while a small body unpacks to millions of elements, and while one has as many small log
//! events as it may.

use std::time::Duration;

use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::CloudOptions;
use serde_json::json;

use super::{base64, gzip};
use crate::kit::azure::{azure, settled};
use crate::kit::ingest::Ingest;
use crate::kit::target::{failures_of, record};
use crate::kit::{cloud, say, settings};

const MAX_BODY_BYTES: u64 = 6_291_456;

/// The most elements that a body may have.
const MAX_ELEMENTS: usize = 98_304;

/// A gzip body of two million numbers, and others of the kind.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let numbers = format!("[{}1]", "1,".repeat(1_999_999));
    let lines = format!("{{\"type\":\"s\"}}{}", "\n1".repeat(2_000_000));
    let events = format!("[{}{{\"type\":1}}]", "{\"type\":1},".repeat(500_000));
    let logs = format!("{{\"logs\":{numbers}}}");
    vec![
        ("two million numbers", gzip(numbers.as_bytes())),
        ("two million lines", gzip(lines.as_bytes())),
        ("half a million events", gzip(events.as_bytes())),
        ("two million numbers in `logs`", gzip(logs.as_bytes())),
        (
            "half a million events in a string",
            gzip(sns(&events).as_bytes()),
        ),
        (
            "half a million events in base64",
            gzip(base64(events.as_bytes()).as_bytes()),
        ),
    ]
}

fn sns(message: &str) -> String {
    json!({"Type": "Notification", "TopicArn": "t", "Message": message}).to_string()
}

/// As many log events as a body may have, each of so many bytes.
fn full(bytes: usize) -> String {
    let events: Vec<String> = (0..MAX_ELEMENTS)
        .map(|number| {
            let event = format!(r#"{{"log_id":"{number}","data":{{"type":"s"}}}}"#);
            let padding = " ".repeat(bytes.saturating_sub(event.len()));
            event.replace("}}", &format!("{padding}}}}}"))
        })
        .collect();
    format!("[{}]", events.join(","))
}

/// The same in every form that a body may have.
fn full_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let bare = vec![r#"{"type":1}"#; MAX_ELEMENTS];
    let lines = full(62).replace("},{", "}\n{");
    let lines = &lines[1..lines.len() - 1];
    vec![
        ("an array", gzip(full(62).as_bytes())),
        (
            "the smallest there are",
            gzip(format!("[{}]", bare.join(",")).as_bytes()),
        ),
        ("lines", gzip(lines.as_bytes())),
        (
            "`logs`",
            gzip(format!("{{\"logs\":{}}}", full(61)).as_bytes()),
        ),
        ("a string", gzip(sns(&full(0)).as_bytes())),
        ("base64", gzip(base64(full(0).as_bytes()).as_bytes())),
    ]
}

fn check(name: &str, function: &str, peak_bytes: u64) {
    say(&format!(
        "{name}: peak {} kB of {function}",
        peak_bytes / 1_024
    ));
    assert!(
        peak_bytes <= 4 * MAX_BODY_BYTES,
        "{name}, {function}: {peak_bytes}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_of_two_million_numbers_takes_at_most_four_times_the_limit_of_a_body() {
    for (name, body) in bombs() {
        let ingest = Ingest::start(&[]).await;
        assert_eq!(ingest.post(body.clone()).await.status, 413, "{name}");
        check(
            name,
            "aws-webhook-ingest",
            ingest.function.usage().unwrap().peak_memory_bytes,
        );
        assert_eq!(ingest.dead_letters().len(), 1, "{name}");

        let azure = azure(AzureOptions::default()).await;
        let (status, _) = crate::kit::azure::post(&azure, body).await;
        assert_eq!(status, 413, "{name}");
        check(
            name,
            "azure-webhook-ingest",
            azure.ingest.usage().unwrap().peak_memory_bytes,
        );
        assert_eq!(azure.dead_letters.blobs().len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_log_events_as_a_body_may_have_take_at_most_four_times_its_limit() {
    let expected = format!(
        r#"{{"received":{MAX_ELEMENTS},"delivered":{MAX_ELEMENTS},"filtered":0,"set_aside":0}}"#
    );
    for (name, body) in full_bodies() {
        let timeout = Duration::from_mins(2);
        let ingest = Ingest::start_with_timeout(timeout, &[("SINKS", "event-queue")]).await;
        let reply = ingest.post(body.clone()).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, expected.as_str()),
            "{name}"
        );
        check(
            name,
            "aws-webhook-ingest",
            ingest.function.usage().unwrap().peak_memory_bytes,
        );

        let azure = azure(AzureOptions {
            timeout: Some(timeout),
            ..AzureOptions::default()
        })
        .await;
        let answer = crate::kit::azure::post(&azure, body).await;
        assert_eq!(answer, (200, expected.clone()), "{name}");
        check(
            name,
            "azure-webhook-ingest",
            azure.ingest.usage().unwrap().peak_memory_bytes,
        );
        settled(&azure).await;
        check(
            name,
            "azure-eventgrid-subscriber",
            azure.subscriber.usage().unwrap().peak_memory_bytes,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_full_of_small_log_events_takes_at_most_four_times_the_limit_of_a_body() {
    let cloud = cloud(CloudOptions {
        environment: settings(&[("SINKS", "http")]),
        timeout: Duration::from_mins(5),
        has_ledger_table: true,
        keeps_events: false,
        ..CloudOptions::default()
    })
    .await;
    let (mut records, mut number) = (Vec::new(), 0);
    // Six messages of a megabyte, as SQS has them, and no more than Lambda hands over with every quote escaped.
    for message in 0..6 {
        let mut body = String::from("[");
        while body.len() < 700_000 {
            let separator = if body.len() == 1 { "" } else { "," };
            let event = format!(r#"{separator}{{"log_id":"{number}","data":{{"type":"s"}}}}"#);
            body.push_str(&event);
            number += 1;
        }
        body.push(']');
        records.push(record(&message.to_string(), Some(&body)));
    }
    let bytes = json!({ "Records": &records }).to_string().len();
    assert!((5_500_000..6_291_456).contains(&bytes), "{bytes}");
    assert_eq!(failures_of(&cloud, records).await, [""; 0]);
    assert_eq!(cloud.collector.counts().events, number);
    check(
        &format!("a batch of {number} events"),
        "aws-eventbridge-target",
        cloud.target.usage().unwrap().peak_memory_bytes,
    );
}
