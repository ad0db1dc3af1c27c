//! A log event as a CloudEvent 1.0, its record's own text as `data`.

use serde_json::Value;
use tenant_logs::LogEvent;

const TYPE: &str = "com.auth0.Log";

/// One event. Where the record itself does not tell its `log_id`, `data` is the record with its wrapper, which does.
pub(super) fn write(log_event: &LogEvent<'_>, source: &str) -> String {
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
    if let Some(code) = log_event.event_type() {
        member("subject", &text(code));
    }
    if let Some(date) = log_event.date() {
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
