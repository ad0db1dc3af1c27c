//! A secret at every path that is redacted and below it, in every form and in every wrapper: it is in nothing that leaves
//! the functions.
//!
//! Text that cannot be redacted is withheld here, so that there is no exception.

mod forms;
mod places;

use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::CloudOptions;
use serde_json::Value;

use crate::kit::ingest::Ingest;
use crate::kit::replay::{Replaying, dead_letter};
use crate::kit::target::failed;
use crate::kit::{azure, cloud, settings};
use forms::planted;
use places::bodies;

/// No rule is at or below another one's path.
const RULES: &str = r"user_name=hmac,ip=mask,date=mask,details.request.body.password=drop,details.response.body.token=hmac,details.list.1.name=mask,details.codes.0=drop,details.prompts.flow=mask,a\.b.c=mask";
/// The paths of those rules, but of the date.
const PATHS: [&[&str]; 8] = [
    &["user_name"],
    &["ip"],
    &["details", "request", "body", "password"],
    &["details", "response", "body", "token"],
    &["details", "list", "1", "name"],
    &["details", "codes", "0"],
    &["details", "prompts", "flow"],
    &["a.b", "c"],
];
/// A date as the events have it, and as the fields of time have it.
const DATES: [&str; 2] = ["2026-11-20T10:30:15", "1795170615"];
/// What the secret begins with, as text and as a number.
const SECRETS: [&str; 2] = ["qzplanted", "9041775533"];
/// The secret, and JSON that may hold it, in base64, hex, escapes and gzip.
const PACKED: [&str; 10] = [
    "cXpwbGFudGVk",
    "F6cGxhbnRlZ",
    "xenBsYW50ZW",
    "717a706c616e746564",
    "u007a",
    "eyJ",
    "WzAs",
    "W3si",
    "ewog",
    "H4sI",
];

fn redacting<'s>(more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
    let usual = [
        ("REDACT", RULES),
        ("REDACT_KEY", "pipeline-key"),
        ("WITHHOLD_UNREADABLE", "true"),
        ("LOG_LEVEL", "debug"),
    ];
    [&usual[..], more].concat()
}

/// Nothing of the secret is in any of these texts. Returns how many there are.
#[track_caller]
fn check<T: AsRef<str>>(what: &str, texts: impl IntoIterator<Item = T>) -> usize {
    let mut count = 0;
    for text in texts {
        let text = text.as_ref();
        for trace in SECRETS.iter().chain(&PACKED) {
            assert!(!text.contains(trace), "{what} has `{trace}`: {text}");
        }
        count += 1;
    }
    count
}

#[track_caller]
fn check_dates<T: AsRef<str>>(what: &str, texts: impl IntoIterator<Item = T>) {
    for text in texts {
        for date in DATES {
            assert!(!text.as_ref().contains(date), "{what}: {}", text.as_ref());
        }
    }
}

async fn check_target(schema: &str, raw: &str) {
    // What lies on its queue as a dead letter is one of ours, and keeps what it has.
    let bodies = bodies(&planted()).into_iter();
    let bodies: Vec<String> = bodies
        .filter(|body| !body.contains(r#""sink":null"#))
        .collect();
    let sinks = format!("http:{schema}");
    let cloud = cloud(CloudOptions {
        environment: settings(&redacting(&[("SINKS", &sinks), ("RAW", raw)])),
        ..CloudOptions::default()
    })
    .await;
    for some in bodies.chunks(100) {
        assert_eq!(failed(&cloud, some).await, [0; 0]);
    }
    let events = check(schema, cloud.collector.events());
    let letters = check("a dead letter", cloud.set_aside_queue.bodies());
    check("a line", cloud.target.output().lines());
    check_dates(schema, cloud.collector.events());
    assert!(
        events + letters >= bodies.len() && events > letters && letters > 0,
        "{events} {letters}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_leaves_the_target_in_any_schema() {
    for (schema, raw) in [
        ("raw", ""),
        ("ecs", "whole"),
        ("ecs", "rest"),
        ("ocsf", "whole"),
        ("ocsf", "rest"),
        ("asim", "whole"),
        ("asim", "none"),
        ("sentinel", "rest"),
    ] {
        check_target(schema, raw).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_leaves_the_webhook() {
    let ingest = Ingest::start(&redacting(&[("SINKS", "event-bus,event-queue")])).await;
    let bodies = bodies(&planted());
    for body in &bodies {
        let status = ingest.post(body.clone()).await.status;
        assert!([200, 400].contains(&status), "{status} {body}");
    }
    let on_bus = ingest.on_bus();
    let events = check("the bus", on_bus.iter().map(|event| event.detail.get()));
    check_dates("the bus", on_bus.iter().map(|event| &event.time));
    check("the queue", ingest.deliver.bodies());
    check_dates("the queue", ingest.deliver.bodies());
    let letters = check("a dead letter", ingest.dead_letter_texts());
    check("a line", ingest.function.output().lines());
    assert!(events + letters >= bodies.len() && events > letters);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_leaves_a_replay() {
    let replaying = Replaying::start(&redacting(&[("SINKS", "http,firehose:ecs")])).await;
    let records = without_half_pairs().into_iter().enumerate();
    let letters = records.map(|(index, record)| {
        let sink = [None, Some("http"), Some("event-bus")][index % 3];
        let log_id = format!("r{index}");
        let event = format!(r#"{{"log_id":"{log_id}","data":{record}}}"#);
        dead_letter(sink, Some(&log_id), &event)
    });
    let letters: Vec<String> = letters.collect();
    replaying.bring(&letters).await;
    let events = check("http", replaying.cloud.collector.events());
    let written = String::from_utf8(replaying.firehose.written()).unwrap();
    check("firehose", written.lines());
    assert_eq!(
        check("set aside", replaying.cloud.set_aside_queue.bodies()),
        0
    );
    check("a line", replaying.cloud.target.output().lines());
    assert!(events > letters.len() / 2, "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_leaves_azure() {
    let cloud = azure::azure(AzureOptions {
        environment: settings(&redacting(&[("EVENT_TOPIC_INCLUDE_TYPES", "*")])),
        ..AzureOptions::default()
    })
    .await;
    for body in bodies(&planted()) {
        let (status, _) = azure::post(&cloud, body.clone()).await;
        assert!([200, 400].contains(&status), "{status} {body}");
    }
    let partner = without_half_pairs().into_iter();
    let partner: Vec<Value> = partner
        .map(|record| azure::event_with(&serde_json::from_str(&record).unwrap()))
        .collect();
    for some in partner.chunks(50) {
        cloud.partner_topic.put(some).unwrap();
    }
    azure::settled(&cloud).await;
    let published = cloud.topic.published();
    let published: Vec<String> = published.iter().map(ToString::to_string).collect();
    check("the topic", &published);
    check_dates("the topic", &published);
    let rows = cloud.logs.rows().into_iter();
    let rows: Vec<String> = rows
        .map(|row| serde_json::to_string(&row.columns).unwrap())
        .collect();
    let count = check("Log Analytics", &rows);
    check_dates("Log Analytics", &rows);
    check("a dead letter", cloud.dead_letters.blobs().values());
    for app in [&cloud.ingest, &cloud.subscriber] {
        check("a line", app.output().lines());
    }
    assert!(count > planted().len(), "{count}");
}

/// The records as this test's own reader of JSON takes them.
fn without_half_pairs() -> Vec<String> {
    let records = planted().into_iter();
    records
        .map(|record| record.replace(r"\ud800", "?"))
        .collect()
}
