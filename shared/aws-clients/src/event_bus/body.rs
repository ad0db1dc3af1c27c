//! The body of a PutEvents call.

use tenant_logs::{Timestamp, push_text};

use crate::written_body::WrittenBody;

/// Bytes of an entry beside its texts: names, quotes, the time.
const ENTRY_BYTES: usize = 160;

/// An entry of PutEvents (API reference, `PutEventsRequestEntry`).
pub(super) struct Entry<'a> {
    pub(super) bus: &'a str,
    pub(super) source: &'a str,
    pub(super) detail_type: &'a str,
    /// The event as JSON.
    pub(super) detail: &'a str,
    pub(super) time: Option<Timestamp>,
    pub(super) trace: Option<&'a str>,
}

/// Writes the entries as the protocol `awsJson1_1` has them: a time is in seconds since 1970.
pub(super) fn put_events_body<'a>(entries: impl Iterator<Item = Entry<'a>> + Clone) -> WrittenBody {
    let bytes = entries.clone().map(|entry| {
        // Every quote of an event is escaped, and about every tenth byte is one.
        ENTRY_BYTES + entry.detail.len() + entry.detail.len() / 4
    });
    let mut body = Vec::with_capacity(bytes.sum());
    body.extend_from_slice(br#"{"Entries":["#);
    for (index, entry) in entries.enumerate() {
        body.extend_from_slice(if index > 0 { b",{" } else { b"{" });
        push_entry(&mut body, &entry);
        body.push(b'}');
    }
    body.extend_from_slice(b"]}");
    body.into()
}

fn push_entry(body: &mut Vec<u8>, entry: &Entry<'_>) {
    let members = [
        (r#""EventBusName":"#, Some(entry.bus)),
        (r#","Source":"#, Some(entry.source)),
        (r#","DetailType":"#, Some(entry.detail_type)),
        (r#","TraceHeader":"#, entry.trace),
        (r#","Detail":"#, Some(entry.detail)),
    ];
    for (name, text) in members {
        if let Some(text) = text {
            body.extend_from_slice(name.as_bytes());
            push_text(body, text);
        }
    }
    if let Some(time) = entry.time {
        let milliseconds = time.as_millisecond();
        let sign = if milliseconds < 0 { "-" } else { "" };
        let milliseconds = milliseconds.unsigned_abs();
        let (seconds, rest) = (milliseconds / 1_000, milliseconds % 1_000);
        body.extend_from_slice(format!(r#","Time":{sign}{seconds}.{rest:03}"#).as_bytes());
    }
}
