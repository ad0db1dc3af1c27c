//! How many bytes a row has, by schema and by what it keeps of its event: the table of docs/cost.md.

use std::fmt::Write;
use std::fs;

use super::*;
use crate::generated::{check_part, repository_path};
use crate::parse;

/// Of its event's bytes, what a row of `sentinel` that keeps the rest may have.
const MAX_SHARE: f64 = 1.15;

#[test]
fn the_page_of_costs_has_the_bytes_of_a_row() {
    let folder = repository_path("shared/tenant-logs/fixtures/log-events");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let bodies: Vec<String> = paths
        .iter()
        .map(|path| compact(&fs::read_to_string(path).unwrap()))
        .collect();
    let bytes = |schema, raw| -> usize {
        let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(raw);
        let rows = bodies.iter().map(|body| {
            let parsed = parse(body).unwrap();
            mapping.write(&parsed.log_events[0]).len()
        });
        rows.sum()
    };
    let event = bytes(Schema::Raw, Raw::Whole);
    let count = bodies.len();
    let mut table = format!(
        "Bytes of a row, the mean of {count} events of {} bytes:\n\n| schema | `whole` | `rest` | `none` |\n|---|---|---|---|\n",
        event / count
    );
    for schema in [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel] {
        let cells = Raw::ALL.map(|raw| (bytes(schema, raw) / count).to_string());
        writeln!(table, "| `{}` | {} |", schema.name(), cells.join(" | ")).unwrap();
    }
    check_part("docs/cost.md", &table);
}

/// A body as Auth0 sends it, without the white space that a file has for its readers.
fn compact(body: &str) -> String {
    let compact =
        |body| serde_json::from_str::<serde_json::Value>(body).map(|json| json.to_string());
    // A number that fits no float is not read.
    compact(body).unwrap_or_else(|_| body.to_owned())
}

#[test]
fn a_row_of_sentinel_that_keeps_the_rest_is_hardly_longer_than_its_event() {
    let text =
        fs::read_to_string(repository_path("shared/tenant-logs/fixtures/codes.ndjson")).unwrap();
    let parsed = parse(&text).unwrap();
    let mapping = Mapping::to(Schema::Sentinel, None, Timestamp::UNIX_EPOCH).keeping(Raw::Rest);
    let (mut rows, mut events) = (0, 0);
    for log_event in &parsed.log_events {
        rows += mapping.write(log_event).len();
        events += log_event.detail().len();
    }
    let share = f64::from(u32::try_from(rows).unwrap()) / f64::from(u32::try_from(events).unwrap());
    assert!(share <= MAX_SHARE, "{rows} bytes of {events}: {share:.2}");
}
