//! The operation `PutEvents`: what is refused as a whole, what entry by entry.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Bus;
use super::entry::{Entry, Event};
use crate::aws::json::{Refusal, malformed};
use crate::lock::lock;

/// Most entries of one call.
const ENTRY_LIMIT: usize = 10;

/// The size of all entries of one call together.
const SIZE_LIMIT_BYTES: usize = 1_000_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<PutEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEntry {
    #[serde(default)]
    source: String,
    #[serde(default)]
    detail_type: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    event_bus_name: Option<String>,
    #[serde(default)]
    time: Option<f64>,
    #[serde(default)]
    resources: Vec<String>,
}

/// `refuses` draws whether an entry is refused on purpose, and with which code.
pub(super) fn perform(
    input: Value,
    bus: &Bus,
    refuses: impl Fn() -> Option<String>,
) -> Result<Value, Refusal> {
    let input: PutEvents = serde_json::from_value(input).map_err(|_wrong_type| malformed())?;
    // Without a name it is the bus `default`.
    let names = input.entries.iter().map(|entry| &entry.event_bus_name);
    let are_here = names.map(|name| bus.is_named(name.as_deref().unwrap_or("default")));
    let are_here: Vec<bool> = are_here.collect();
    let entries = input.entries.into_iter().map(PutEntry::into_entry);
    let entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
    check_whole(&entries)?;
    let results: Vec<Value> = entries
        .iter()
        .zip(are_here)
        .map(|(entry, is_here)| match refuses() {
            Some(code) => error(&code, "refused on purpose"),
            None => put(entry, bus, is_here),
        })
        .collect();
    let failed = results
        .iter()
        .filter(|result| result.get("ErrorCode").is_some())
        .count();
    lock(&bus.state).counts.refused += u64::try_from(failed).unwrap_or(u64::MAX);
    Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
}

/// As the service does, an entry for a bus that does not exist is taken, and nothing remains of it.
fn put(entry: &Entry, bus: &Bus, is_here: bool) -> Value {
    if entry.source.starts_with("aws.") {
        let message = format!("Not authorized for the source {}", entry.source);
        return error("NotAuthorizedForSourceException", &message);
    }
    match Event::read(entry) {
        Ok(event) if !is_here => {
            lock(&bus.state).counts.lost += 1;
            json!({ "EventId": event.id() })
        }
        Ok(event) => json!({ "EventId": bus.take(&event) }),
        Err(refused) => error(refused.code(), &refused.to_string()),
    }
}

fn error(code: &str, message: &str) -> Value {
    json!({ "ErrorCode": code, "ErrorMessage": message })
}

impl PutEntry {
    /// The SDK writes a time as seconds since 1970 with a fraction.
    fn into_entry(self) -> Result<Entry, Refusal> {
        let read_time = |seconds: f64| {
            let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
            Timestamp::from_duration(since).ok()
        };
        let time = self
            .time
            .map(|seconds| read_time(seconds).ok_or_else(malformed));
        Ok(Entry {
            source: self.source,
            detail_type: self.detail_type,
            detail: self.detail,
            time: time.transpose()?,
            resources: self.resources,
        })
    }
}

fn check_whole(entries: &[Entry]) -> Result<(), Refusal> {
    if !(1..=ENTRY_LIMIT).contains(&entries.len()) {
        let message = format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have a length between 1 and {ENTRY_LIMIT}"
        );
        return Err(Refusal::new("ValidationException", message));
    }
    let lacks_all = |entry: &Entry| {
        entry.source.is_empty() || entry.detail_type.is_empty() || entry.detail.is_empty()
    };
    if entries.iter().all(lacks_all) {
        let message = "No entry has a Source, a DetailType and a Detail.";
        return Err(Refusal::new("ValidationException", message));
    }
    let size: usize = entries.iter().map(Entry::size_bytes).sum();
    if size > SIZE_LIMIT_BYTES {
        let message = "Total size of the entries in the request is over the limit.";
        return Err(Refusal::new("ValidationException", message));
    }
    Ok(())
}
