//! Event patterns, as far as the rules of `infra/aws/rules.yaml` go: the source and the detail type, each equal to one of
//! several texts or beginning with one. Everything else is refused, so that no rule here passes more than the real one.
//!
//! The detections look into the event; `.ci/templates_test.py` holds them against moto's matcher.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A parsed event pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    fields: BTreeMap<Field, Vec<Alternative>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Field {
    Source,
    DetailType,
}

#[derive(Debug, Clone)]
enum Alternative {
    Equal(String),
    Prefix(String),
}

/// Why a pattern is refused.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// It is no JSON object, or names a field that no rule of ours looks at.
    #[error("the pattern is no JSON object of `source` and `detail-type` with their alternatives")]
    Read(#[source] serde_json::Error),
    /// A pattern or a field that nothing could match.
    #[error("the pattern has no field, or a field without an alternative")]
    Empty,
    /// An alternative that is neither a text nor `{"prefix": text}`.
    #[error("`{0}` is no alternative that is known here")]
    Alternative(Value),
}

/// What a pattern looks at.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    detail_type: Cow<'a, str>,
}

impl Pattern {
    /// Parses a pattern from its JSON text.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let read: BTreeMap<Field, Vec<Value>> =
            serde_json::from_str(text).map_err(PatternError::Read)?;
        if read.is_empty() || read.values().any(Vec::is_empty) {
            return Err(PatternError::Empty);
        }
        let mut fields = BTreeMap::new();
        for (field, values) in read {
            let alternatives = values.into_iter().map(alternative);
            fields.insert(field, alternatives.collect::<Result<_, _>>()?);
        }
        Ok(Self { fields })
    }

    /// Returns whether an event, as its JSON text, passes.
    pub fn matches(&self, event: &str) -> bool {
        let Ok(head) = serde_json::from_str::<Head<'_>>(event) else {
            return false;
        };
        self.fields.iter().all(|(field, alternatives)| {
            let text = match field {
                Field::Source => &head.source,
                Field::DetailType => &head.detail_type,
            };
            alternatives.iter().any(|alternative| match alternative {
                Alternative::Equal(wanted) => text == wanted,
                Alternative::Prefix(begin) => text.starts_with(begin),
            })
        })
    }
}

fn alternative(value: Value) -> Result<Alternative, PatternError> {
    let prefix = value.as_object().filter(|operator| operator.len() == 1);
    let prefix = prefix.and_then(|operator| operator.get("prefix")?.as_str());
    match (&value, prefix) {
        (Value::String(text), _) => Ok(Alternative::Equal(text.clone())),
        (_, Some(begin)) => Ok(Alternative::Prefix(begin.to_owned())),
        (_, None) => Err(PatternError::Alternative(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_here_is_refused() {
        for pattern in [
            "[]",
            "{}",
            r#"{"source":[]}"#,
            r#"{"source":"auth0.com"}"#,
            r#"{"source":[1]}"#,
            r#"{"source":[{"suffix":"a"}]}"#,
            r#"{"source":[{"prefix":"a","suffix":"b"}]}"#,
            r#"{"source":[{"prefix":{"equals-ignore-case":"a"}}]}"#,
            r#"{"detail-type":[{"exists":true}]}"#,
            r#"{"detail":{"data":{"type":["s"]}}}"#,
            r#"{"source":["a"],"account":["1"]}"#,
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
