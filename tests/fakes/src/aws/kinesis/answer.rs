//! `ReportBatchItemFailures` for streams: the first record of a batch that a function says has failed.

use serde_json::Value;

/// An answer that Lambda takes for a failure of the whole batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WithoutSense;

/// The position of the first record that failed; `None` if all succeeded.
///
/// As in Lambda, no answer, `null`, an object without a list, `null` for the list and an empty list mean that all
/// succeeded. What cannot be read, an identifier that is empty, missing, no string or not of this batch means that the
/// whole batch failed.
pub(super) fn first_failure<'a>(
    answer: &[u8],
    sequence_numbers: impl Iterator<Item = &'a str>,
) -> Result<Option<usize>, WithoutSense> {
    if answer.is_empty() {
        return Ok(None);
    }
    let answer: Value = serde_json::from_slice(answer).map_err(|_no_json| WithoutSense)?;
    let list = match &answer {
        Value::Null => return Ok(None),
        Value::Object(object) => object.get("batchItemFailures"),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(WithoutSense);
        }
    };
    let items = match list {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => items,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(WithoutSense);
        }
    };
    let numbers: Vec<&str> = sequence_numbers.collect();
    let mut first = None;
    for item in items {
        let identifier = item.get("itemIdentifier").and_then(Value::as_str);
        let identifier = identifier.ok_or(WithoutSense)?;
        let position = numbers.iter().position(|number| *number == identifier);
        let position = position.ok_or(WithoutSense)?;
        first = Some(first.map_or(position, |earlier: usize| earlier.min(position)));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: &Result<Option<usize>, WithoutSense>) {
        let numbers = ["10", "11", "12"].into_iter();
        assert_eq!(&first_failure(answer.as_bytes(), numbers), expected);
    }

    #[test]
    fn an_answer_is_read_as_lambda_reads_it() {
        for all_well in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
        ] {
            check(all_well, &Ok(None));
        }
        check(
            r#"{"batchItemFailures":[{"itemIdentifier":"12"},{"itemIdentifier":"11"}]}"#,
            &Ok(Some(1)),
        );
        for without_sense in [
            "[]",
            "{",
            r#"{"batchItemFailures":{}}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"13"}]}"#,
        ] {
            check(without_sense, &Err(WithoutSense));
        }
    }
}
