//! Lambda's record of an invocation that failed for good, as it lands among the dead letters: the event is inside.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The members that mark such a record (Lambda developer guide, "Capturing records of asynchronous invocations").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailureRecord<'a> {
    #[serde(rename = "requestContext")]
    _request_context: IgnoredAny,
    #[serde(borrow)]
    request_payload: &'a RawValue,
}

/// The event that the function failed on; `None` if the text is no such record, or one without its event.
pub(super) fn payload_of(text: &str) -> Option<&str> {
    // Most texts are log events, which need not be read twice. Of an array a struct is read, too: its elements as the members.
    if !text.contains("\"requestPayload\"") || !text.trim_start().starts_with('{') {
        return None;
    }
    let record: FailureRecord<'_> = serde_json::from_str(text).ok()?;
    let payload = record.request_payload.get();
    (payload != "null").then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(payload_of(text), expected, "{text}");
    }

    #[test]
    fn the_event_is_taken_out_of_a_failure_record_and_of_nothing_else() {
        check(
            r#"{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"requestPayload":{ "detail":{}},"responsePayload":{}}"#,
            Some(r#"{ "detail":{}}"#),
        );
        check(r#"{"requestContext":{},"requestPayload":null}"#, None);
        check(r#"{"requestContext":{},"KinesisBatchInfo":{}}"#, None);
        check(r#"{"requestPayload":{"log_id":"1"}}"#, None);
        check(
            r#"{"log_id":"1","data":{"description":"\"requestPayload\""}}"#,
            None,
        );
        check("\"requestPayload\"", None);
        // Of two elements the first would be lost.
        check(
            r#"[{"requestPayload":{"log_id":"1"}},{"log_id":"2"}]"#,
            None,
        );
    }
}
