//! `ReportBatchItemFailures`: which messages of a batch a function says have failed.

use std::collections::HashSet;

use serde_json::Value;

use fakes::aws::queue::ReceivedMessage;

/// The identifiers of the messages that failed.
///
/// As in Lambda, no answer, `null`, an object without a list, `null` for the list and an empty list
/// mean that all succeeded. What cannot be read, an identifier that is empty, missing, no string or
/// not of this batch means that the whole batch failed.
pub(super) fn failed<'a>(answer: &[u8], messages: &'a [ReceivedMessage]) -> HashSet<&'a str> {
    let all = || messages.iter().map(|message| message.message_id.as_str());
    named(answer, messages).unwrap_or_else(|| all().collect())
}

/// `None` if the answer does not make sense.
fn named<'a>(answer: &[u8], messages: &'a [ReceivedMessage]) -> Option<HashSet<&'a str>> {
    if answer.is_empty() {
        return Some(HashSet::new());
    }
    let items = match serde_json::from_slice(answer).ok()? {
        Value::Null => return Some(HashSet::new()),
        Value::Object(mut object) => match object.remove("batchItemFailures") {
            None | Some(Value::Null) => return Some(HashSet::new()),
            Some(Value::Array(items)) => items,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                return None;
            }
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return None,
    };
    let ids: HashSet<&str> = messages
        .iter()
        .map(|message| message.message_id.as_str())
        .collect();
    let mut failed = HashSet::with_capacity(items.len());
    for item in &items {
        let identifier = item.get("itemIdentifier")?.as_str()?;
        failed.insert(*ids.get(identifier)?);
    }
    Some(failed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: &[&str]) {
        let messages = ["a", "b", "c"].map(|id| ReceivedMessage {
            message_id: id.to_owned(),
            receipt_handle: String::new(),
            body: "x".into(),
            receive_count: 1,
            sent_at: Timestamp::UNIX_EPOCH,
            first_received_at: Timestamp::UNIX_EPOCH,
            extras: Arc::default(),
        });
        let expected: HashSet<&str> = expected.iter().copied().collect();
        assert_eq!(failed(answer.as_bytes(), &messages), expected, "{answer}");
    }

    #[test]
    fn an_answer_is_read_as_lambda_reads_it() {
        check("", &[]);
        check("null", &[]);
        check("{}", &[]);
        check(r#"{"batchItemFailures":null}"#, &[]);
        check(r#"{"batchItemFailures":[]}"#, &[]);
        check(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, &["b"]);
        check(
            r#"{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a"}]}"#,
            &["c", "a"],
        );
    }

    #[test]
    fn an_answer_without_sense_fails_the_whole_batch() {
        let all = &["a", "b", "c"];
        check("ok", all);
        check("[]", all);
        check(r#""ok""#, all);
        check(r#"{"batchItemFailures":"a"}"#, all);
        check(r#"{"batchItemFailures":["a"]}"#, all);
        check(r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, all);
        check(r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, all);
        check(r#"{"batchItemFailures":[{"id":"a"}]}"#, all);
        check(
            r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"x"}]}"#,
            all,
        );
    }
}
