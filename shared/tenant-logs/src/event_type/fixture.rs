//! `fixtures/codes.ndjson`: an event of each code with all members that such events have, in the catalogue's order.
//!
//! A code without an event gets one that has what most events have; give it the `details` of its own by hand.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{Known, known_event_types};
use crate::generated::{check_file, repository_path};

const FILE: &str = "shared/tenant-logs/fixtures/codes.ndjson";

#[test]
fn every_code_has_an_event_among_the_fixtures() {
    let text = fs::read_to_string(repository_path(FILE)).unwrap_or_default();
    let events: BTreeMap<String, &str> = text
        .lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            (event["data"]["type"].as_str().unwrap().to_owned(), line)
        })
        .collect();
    let mut number = events.len();
    let lines = known_event_types().map(|known| {
        if let Some(line) = events.get(known.code) {
            return format!("{line}\n");
        }
        let event = as_of_code(known, events["s"], number);
        number += 1;
        event + "\n"
    });
    check_file(FILE, &lines.collect::<String>());
}

/// Returns a logon's event with another code, name and identifier.
fn as_of_code(known: &Known, logon: &str, number: usize) -> String {
    let event: Value = serde_json::from_str(logon).unwrap();
    let text = |name: &str| event["data"][name].as_str().unwrap();
    let log_id = format!("900202611201500000004170000000000000000000000441{number:08}");
    logon
        .replace(text("log_id"), &log_id)
        .replace(text("date"), "2026-11-20T15:00:00.000Z")
        .replace(text("description"), known.name)
        .replace(r#""type":"s""#, &format!(r#""type":"{}""#, known.code))
}
