//! The memory of the real functions while a small body unpacks to millions of elements, and while one has as many small log
//! events as it may.

use std::fs;
use std::ops::Range;
use std::time::Duration;

use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::CloudOptions;
use hosts::lambda::Usage;
use serde_json::{Value, json};
use tenant_logs::sha256_hex;

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

/// A log event of 1.4 KB that gzip makes hardly smaller.
fn noisy(number: usize) -> String {
    let mut random = fastrand::Rng::with_seed(u64::try_from(number).unwrap());
    let text: String = (0..1_300).map(|_| random.alphanumeric()).collect();
    small(number).replace(r#""type":1"#, &format!(r#""type":1,"text":"{text}""#))
}

/// A log event of 1.5 KB.
fn usual(number: usize) -> String {
    let members: Vec<String> = (0..28)
        .map(|member| format!(r#""member_{member}":"what was asked and answered {member}""#))
        .collect();
    let members = format!(r#""type":1,{}"#, members.join(","));
    small(number).replace(r#""type":1"#, &members)
}

/// Longer than any machine takes: what counts is bytes.
const LONG: Duration = Duration::from_mins(15);

/// The template of a function.
fn template(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/aws/");
    fs::read_to_string(format!("{folder}{name}")).unwrap()
}

/// A setting, and what a template tells glibc's allocator.
fn with_allocator<'s>(setting: (&'s str, &'s str), template: &'s str) -> [(&'s str, &'s str); 3] {
    let value = |name| {
        let (_, after) = template.split_once(&format!("{name}: \"")).unwrap();
        let (value, _) = after.split_once('"').unwrap();
        (name, value)
    };
    let [mmap, trim] = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"].map(value);
    [setting, mmap, trim]
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

/// A body with the number of its log events.
type Full = (&'static str, Vec<u8>, usize);

/// Posts each body twice: what the first one left of the heap must not add to the second.
async fn check_on_lambda(bodies: Vec<Full>) {
    let template = template("receive.yaml");
    let settings = with_allocator(("SINKS", "event-queue"), &template);
    for (name, body, count) in bodies {
        let ingest = Ingest::start_with_timeout(LONG, &settings).await;
        assert_eq!(ingest.post(SMALL).await.status, 200, "{name}");
        let baseline = Baseline::of(ingest.function.usage());
        for _ in 0..2 {
            let reply = ingest.post(body.clone()).await;
            assert_eq!((reply.status, reply.body), (200, answer(count)), "{name}");
        }
        baseline.check_within(4, name, ingest.function.usage());
    }
}

/// Posts each body once: what is deployed there is built for musl, whose allocator gives back by itself what is large.
async fn check_on_azure(bodies: Vec<Full>) {
    let template = template("receive.yaml");
    let of_webhook = with_allocator(("INVOCATION_SECONDS", "840"), &template);
    for (name, body, count) in bodies {
        let azure = azure(AzureOptions {
            timeout: Some(LONG),
            environment: settings(&of_webhook),
            ..AzureOptions::default()
        })
        .await;
        assert_eq!(post(&azure, SMALL).await.0, 200, "{name}");
        let baseline = Baseline::of(azure.ingest.usage());
        assert_eq!(post(&azure, body).await, (200, answer(count)), "{name}");
        baseline.check_within(4, name, azure.ingest.usage());
    }
}

fn answer(count: usize) -> String {
    format!(r#"{{"received":{count},"delivered":{count},"filtered":0,"set_aside":0}}"#)
}

/// As many small log events as a body may have, in every form that it may have.
fn small_ones() -> Vec<Full> {
    let count = MAX_ELEMENTS;
    let array = format!("[{}]", joined(0..count, ","));
    let logs = format!(r#"{{"logs":{array}}}"#);
    let lines = joined(0..count, "\n");
    let fewer = |count| format!("[{}]", joined(0..count, ","));
    vec![
        ("an array", gzip(array.as_bytes()), count),
        ("lines", gzip(lines.as_bytes()), count),
        ("`logs`", gzip(logs.as_bytes()), count),
        (
            "base64",
            gzip(base64(fewer(75_000).as_bytes()).as_bytes()),
            75_000,
        ),
        ("SNS", gzip(sns(&fewer(70_000)).as_bytes()), 70_000),
    ]
}

/// As many bytes as a body may have: they are as many wherever they are copied.
fn usual_ones() -> Vec<Full> {
    let of = |count, event: fn(usize) -> String| {
        let events: Vec<String> = (0..count).map(event).collect();
        format!("[{}]", events.join(","))
    };
    let usual = of(4_000, usual);
    let noisy = of(4_400, noisy);
    let twice = base64(&gzip(noisy.as_bytes()));
    vec![
        ("usual ones", gzip(usual.as_bytes()), 4_000),
        (
            "usual ones, not packed",
            of(3_400, self::usual).into_bytes(),
            3_400,
        ),
        ("hardly packed", gzip(noisy.as_bytes()), 4_400),
        ("packed twice", gzip(twice.as_bytes()), 4_400),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_log_events_as_a_body_may_have_take_at_most_four_times_its_limit() {
    check_on_lambda(small_ones()).await;
    check_on_azure(small_ones()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_body_of_usual_log_events_takes_at_most_four_times_its_limit() {
    check_on_lambda(usual_ones()).await;
    check_on_azure(usual_ones()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_ten_times_its_limit_is_measured_for_its_letter_and_not_held() {
    let azure = azure(AzureOptions::default()).await;
    assert_eq!(post(&azure, SMALL).await.0, 200);
    let baseline = Baseline::of(azure.ingest.usage());
    let body = "x".repeat(62_914_560);
    assert_eq!(post(&azure, body.as_bytes()).await.0, 413);
    baseline.check_within(4, "ten times", azure.ingest.usage());
    let blobs = azure.dead_letters.blobs();
    assert_eq!(blobs.len(), 1);
    let letter: Value = serde_json::from_str(blobs.values().next().unwrap()).unwrap();
    assert_eq!(letter["size"], body.len());
    assert_eq!(letter["sha256"], sha256_hex(body.as_bytes()));
    assert_eq!(letter["event"], "x".repeat(65_536));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_full_of_small_log_events_takes_at_most_four_times_the_limit_of_a_body() {
    let template = template("deliver.yaml");
    let of_target = with_allocator(("SINKS", "http"), &template);
    let cloud = cloud(CloudOptions {
        environment: settings(&of_target),
        timeout: LONG,
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
    baseline.check_within(4, "a batch", cloud.target.usage());
}
