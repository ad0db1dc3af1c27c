//! Log events as CloudEvents 1.0: one with its record's own text as `data`, or many with their details.

use serde_json::Value;
use tenant_logs::{LogEvent, sha256_hex};

const TYPE: &str = "com.auth0.Log";
const TYPE_OF_MANY: &str = "com.auth0.Logs";

/// Adds many log events as one event, in which each is a detail: what became of it stands beside its record.
pub(super) fn push_many(out: &mut String, details: &[(&str, &str)], source: &str) {
    let log_ids: Vec<&str> = details.iter().map(|(log_id, _)| *log_id).collect();
    // Sent again, the same log events are the same event.
    let id = sha256_hex(log_ids.join("\n").as_bytes());
    let source = Value::from(source);
    let head = format!(
        r#"{{"specversion":"1.0","type":"{TYPE_OF_MANY}","id":"{id}","source":{source},"datacontenttype":"application/json","data":["#
    );
    out.push_str(&head);
    for (index, (_, json)) in details.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(json);
    }
    out.push_str("]}");
}

/// One event. Where the record itself does not tell its `log_id`, `data` is the record with its wrapper, which does.
pub(super) fn write_one(log_event: &LogEvent<'_>, source: &str) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let id = text(log_event.log_id());
    let mut json = format!(
        r#"{{"specversion":"1.0","type":"{TYPE}","id":{id},"source":{}"#,
        text(source)
    );
    let mut member = |name: &str, value: &str| {
        json.push_str(",\"");
        json.push_str(name);
        json.push_str("\":");
        json.push_str(value);
    };
    if let Some(code) = log_event.shown_event_type() {
        member("subject", &text(code));
    }
    if let Some(date) = log_event.shown_date() {
        member("time", &text(&date.to_string()));
    }
    if !log_event.redacted().is_empty() {
        member("redacted", &text(&log_event.redacted().join(",")));
    }
    member("datacontenttype", "\"application/json\"");
    if has_own_log_id(log_event) {
        member("data", log_event.record());
    } else {
        member("data", &log_event.detail());
    }
    json.push('}');
    json
}

/// Whether the record alone gives the event the identifier that it has.
fn has_own_log_id(log_event: &LogEvent<'_>) -> bool {
    let parsed = tenant_logs::parse(log_event.record());
    let own = parsed.ok().and_then(|mut parsed| parsed.log_events.pop());
    own.is_some_and(|own| own.log_id() == log_event.log_id())
}
