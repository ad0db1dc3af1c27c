//! The memory of the real functions while a small body unpacks to millions of elements, and while one has as many small log
//! events as it may.

use std::ops::Range;
use std::time::Duration;

use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::CloudOptions;
use hosts::lambda::Usage;
use serde_json::{Value, json};

use super::{base64, gzip};
use crate::kit::azure::{azure, post};
use crate::kit::ingest::Ingest;
use crate::kit::target::{failures_of, record};
use crate::kit::{cloud, say, settings};

const MAX_BODY_BYTES: u64 = 6_291_456;

/// The most elements that a body may have.
const MAX_ELEMENTS: usize = 98_304;

const SMALL: &str = r#"{"log_id":"small","data":{"type":"s"}}"#;

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

/// The smallest that Auth0 could send: five hundred in ten seconds, so that the ledger has as many buckets as it would have.
fn small(number: usize) -> String {
    let seconds = number / 500 * 10;
    let log_id = format!(
        "9002026112110{:02}{:02}{number:021}",
        seconds / 60 % 60,
        seconds % 60
    );
    format!(r#"{{"log_id":"{log_id}","type":1}}"#)
}

fn joined(numbers: Range<usize>, separator: &str) -> String {
    let events: Vec<String> = numbers.map(small).collect();
    events.join(separator)
}

/// As many log events as a body may have, in every form that it may have, with their number.
fn full_bodies() -> Vec<(&'static str, String, usize)> {
    let array = |count| format!("[{}]", joined(0..count, ","));
    vec![
        ("an array", array(MAX_ELEMENTS), MAX_ELEMENTS),
        ("lines", joined(0..MAX_ELEMENTS, "\n"), MAX_ELEMENTS),
        (
            "`logs`",
            format!(r#"{{"logs":{}}}"#, array(MAX_ELEMENTS)),
            MAX_ELEMENTS,
        ),
    ]
}

/// A log event of 1.5 KB.
fn usual(number: usize) -> String {
    let members: Vec<String> = (0..28)
        .map(|member| format!(r#""member_{member}":"what was asked and answered {member}""#))
        .collect();
    let members = format!(r#""type":1,{}"#, members.join(","));
    small(number).replace(r#""type":1"#, &members)
}

/// What a release build has used at most that has done something small (docs/performance.md).
const OF_SMALL_BODY: u64 = 11_500_000;

/// The same of a debug build, which is more. What a large body adds to that is measured: it is no less.
struct Baseline(u64);

impl Baseline {
    fn of(usage: Option<Usage>) -> Self {
        Self(usage.unwrap().peak_memory_bytes)
    }

    fn check_within(&self, times: u64, name: &str, usage: Option<Usage>) {
        let (before, peak) = (self.0, usage.unwrap().peak_memory_bytes);
        let added = peak - before;
        say(&format!(
            "{name}: {} kB, and {} kB more",
            before / 1_024,
            added / 1_024
        ));
        assert!(
            OF_SMALL_BODY + added <= times * MAX_BODY_BYTES,
            "{name}: {added} more than {before}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_of_two_million_numbers_takes_at_most_four_times_the_limit_of_a_body() {
    for (name, body) in bombs() {
        let ingest = Ingest::start(&[]).await;
        assert_eq!(ingest.post(SMALL).await.status, 200, "{name}");
        let baseline = Baseline::of(ingest.function.usage());
        assert_eq!(ingest.post(body.clone()).await.status, 413, "{name}");
        baseline.check_within(4, name, ingest.function.usage());
        assert_eq!(ingest.dead_letters().len(), 1, "{name}");

        let azure = azure(AzureOptions::default()).await;
        assert_eq!(post(&azure, SMALL).await.0, 200, "{name}");
        let baseline = Baseline::of(azure.ingest.usage());
        assert_eq!(post(&azure, body).await.0, 413, "{name}");
        baseline.check_within(4, name, azure.ingest.usage());
        assert_eq!(azure.dead_letters.blobs().len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_log_events_as_a_body_may_have_take_at_most_five_times_its_limit() {
    // Longer than any machine takes: what counts is bytes.
    let timeout = Duration::from_mins(15);
    for (name, body, count) in full_bodies() {
        let expected =
            format!(r#"{{"received":{count},"delivered":{count},"filtered":0,"set_aside":0}}"#);
        let ingest = Ingest::start_with_timeout(timeout, &[("SINKS", "event-queue")]).await;
        assert_eq!(ingest.post(SMALL).await.status, 200, "{name}");
        let baseline = Baseline::of(ingest.function.usage());
        let body = gzip(body.as_bytes());
        let reply = ingest.post(body.clone()).await;
        assert_eq!((reply.status, &reply.body), (200, &expected), "{name}");
        baseline.check_within(5, name, ingest.function.usage());

        let azure = azure(AzureOptions {
            timeout: Some(timeout),
            environment: settings(&[("INVOCATION_SECONDS", "840")]),
            ..AzureOptions::default()
        })
        .await;
        assert_eq!(post(&azure, SMALL).await.0, 200, "{name}");
        let baseline = Baseline::of(azure.ingest.usage());
        assert_eq!(post(&azure, body).await, (200, expected), "{name}");
        baseline.check_within(5, name, azure.ingest.usage());
    }
}

/// What lies in a text within the body is not read in portions, so that its log events are held all at once; and log events
/// of the usual size are as large as the body wherever they are copied.
#[tokio::test(flavor = "multi_thread")]
async fn log_events_in_a_text_and_usual_ones_take_at_most_six_times_the_limit_of_a_body() {
    let timeout = Duration::from_mins(15);
    let array = format!("[{}]", joined(0..75_000, ","));
    let usual: Vec<String> = (0..4_000).map(usual).collect();
    let usual = format!("[{}]", usual.join(","));
    for (name, body, count) in [
        ("base64", base64(array.as_bytes()), 75_000),
        ("SNS", sns(&array), 75_000),
        ("usual ones", usual, 4_000),
    ] {
        let ingest = Ingest::start_with_timeout(timeout, &[("SINKS", "event-queue")]).await;
        assert_eq!(ingest.post(SMALL).await.status, 200, "{name}");
        let baseline = Baseline::of(ingest.function.usage());
        let reply = ingest.post(gzip(body.as_bytes())).await;
        let expected =
            format!(r#"{{"received":{count},"delivered":{count},"filtered":0,"set_aside":0}}"#);
        assert_eq!((reply.status, reply.body), (200, expected), "{name}");
        baseline.check_within(6, name, ingest.function.usage());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_full_of_small_log_events_takes_at_most_six_times_the_limit_of_a_body() {
    let cloud = cloud(CloudOptions {
        environment: settings(&[("SINKS", "http")]),
        timeout: Duration::from_mins(15),
        has_ledger_table: true,
        keeps_events: false,
        ..CloudOptions::default()
    })
    .await;
    // Six messages of nearly a megabyte: no more than Lambda hands over, with every quote escaped.
    let per_message = 14_500;
    let records = (0..6).map(|message| {
        let numbers = message * per_message..(message + 1) * per_message;
        let body = format!("[{}]", joined(numbers, ","));
        record(&message.to_string(), Some(&body))
    });
    let records: Vec<Value> = records.collect();
    let bytes = json!({ "Records": &records }).to_string().len();
    assert!((5_500_000..6_291_456).contains(&bytes), "{bytes}");
    assert_eq!(
        failures_of(&cloud, vec![record("s", Some(SMALL))]).await,
        [""; 0]
    );
    let baseline = Baseline::of(cloud.target.usage());
    assert_eq!(failures_of(&cloud, records).await, [""; 0]);
    let events = u64::try_from(6 * per_message + 1).unwrap();
    assert_eq!(cloud.collector.counts().events, events);
    baseline.check_within(6, "a batch", cloud.target.usage());
}
