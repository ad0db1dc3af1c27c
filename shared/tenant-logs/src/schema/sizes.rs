//! How many bytes a row has, by schema and by what it keeps of its event: the tables of docs/row-bytes.md.

use std::fmt::Write;
use std::fs;

use super::golden::CODES;
use super::*;
use crate::generated::{check_part, repository_path};
use crate::parse;

/// Of its event's bytes, what a row of `sentinel` that keeps the rest may have.
const MAX_SHARE: f64 = 1.15;

/// Every body of `fixtures/log-events`.
fn single_events() -> Vec<String> {
    let folder = repository_path("shared/tenant-logs/fixtures/log-events");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let bodies = paths
        .iter()
        .map(|path| compact(&fs::read_to_string(path).unwrap()));
    bodies.collect()
}

/// A body as Auth0 sends it, without the white space that a file has for its readers.
fn compact(body: &str) -> String {
    let compact =
        |body| serde_json::from_str::<serde_json::Value>(body).map(|json| json.to_string());
    // A number that fits no float is not read.
    compact(body).unwrap_or_else(|_| body.to_owned())
}

/// An event of each type code with all of its members.
fn full_events() -> Vec<String> {
    let path = repository_path("shared/tenant-logs/fixtures/codes.ndjson");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn is_of(event: &str, code: &str) -> bool {
    let parsed = parse(event).unwrap();
    parsed.log_events[0].event_type() == Some(code)
}

fn bytes(bodies: &[String], schema: Schema, raw: Raw) -> usize {
    let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(raw);
    let rows = bodies.iter().map(|body| {
        let parsed = parse(body).unwrap();
        mapping.write(&parsed.log_events[0]).len()
    });
    rows.sum()
}

fn table(what: &str, bodies: &[String]) -> String {
    let count = bodies.len();
    let event = bytes(bodies, Schema::Raw, Raw::Whole) / count;
    let mut table = format!(
        "The mean of {count} {what}, of {event} bytes each:\n\n| schema | `whole` | `rest` | `none` |\n|---|---|---|---|\n",
    );
    for schema in [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel] {
        let cells = Raw::ALL.map(|raw| (bytes(bodies, schema, raw) / count).to_string());
        writeln!(table, "| `{}` | {} |", schema.name(), cells.join(" | ")).unwrap();
    }
    table
}

#[test]
fn the_page_has_the_bytes_of_a_row() {
    let short = table("events as the tests have them", &single_events());
    // Of every code the page would change with each new one.
    let is_shown = |event: &String| CODES.iter().any(|code| is_of(event, code));
    let shown: Vec<String> = full_events().into_iter().filter(is_shown).collect();
    assert_eq!(shown.len(), CODES.len());
    let long = table(
        "events with all of their members, of the type codes whose rows the tests show",
        &shown,
    );
    check_part("docs/row-bytes.md", &format!("{short}\n{long}"));
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "a figure that whoever runs it looks for"
)]
fn a_row_of_sentinel_that_keeps_the_rest_is_hardly_longer_than_its_event() {
    for bodies in [single_events(), full_events()] {
        let row = bytes(&bodies, Schema::Sentinel, Raw::Rest);
        let event = bytes(&bodies, Schema::Raw, Raw::Whole);
        let [row_bytes, event_bytes] = [row, event].map(|bytes| u32::try_from(bytes).unwrap());
        let share = f64::from(row_bytes) / f64::from(event_bytes);
        println!(
            "{} events of {event} bytes: rows of {row}, {share:.3} times as many",
            bodies.len()
        );
        assert!(share <= MAX_SHARE, "{row} bytes of {event}: {share:.2}");
    }
}
