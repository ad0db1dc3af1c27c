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

/// Where a process stands that has done something small, and how far a large body may take it from there. Debug builds are
/// measured, which need more than their release builds at first, and no more for a body: those begin with 11 MB.
struct Baseline(u64);

impl Baseline {
    fn of(function: &Function) -> Self {
        Self(function.usage().unwrap().peak_memory_bytes)
    }

    fn check(&self, name: &str, function: &Function) {
        let peak_bytes = function.usage().unwrap().peak_memory_bytes;
        let growth = peak_bytes - self.0;
        say(&format!(
            "{name}: {} kB more than {} kB",
            growth / 1_024,
            self.0 / 1_024
        ));
        assert!(growth <= 2 * MAX_BODY_BYTES, "{name}: {growth}");
    }
}
