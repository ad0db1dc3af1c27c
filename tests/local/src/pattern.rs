//! EventBridge event patterns: which events a rule sends to its targets.
//!
//! A pattern is an object whose leaves are arrays of alternatives; a field matches when one of the
//! alternatives does, a pattern when all its fields do. What the service refuses is refused here.

mod matcher;
mod parse;

use serde_json::Value;

use matcher::Matcher;

/// A parsed event pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    root: Fields,
}

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no JSON.
    #[error("the pattern is no JSON object")]
    NotAnObject,
    /// It is longer than the service takes.
    #[error("the pattern has {bytes} bytes, more than {}", parse::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// An object or array without content.
    #[error("`{at}` is empty")]
    Empty {
        /// The path to it.
        at: String,
    },
    /// A scalar where an object or an array belongs.
    #[error("`{at}` is neither an object nor an array")]
    NotAnArray {
        /// The path to it.
        at: String,
    },
    /// An alternative in a leaf array that cannot be one.
    #[error("`{at}` has an alternative that cannot be read: {reason}")]
    BadMatcher {
        /// The path to it.
        at: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An operator that the service does not know.
    #[error("`{at}` uses the unknown operator `{operator}`")]
    UnknownOperator {
        /// The path to it.
        at: String,
        /// The operator.
        operator: String,
    },
}

impl Pattern {
    /// Parses a pattern from its JSON text.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        parse::pattern(text).map(|root| Self { root })
    }

    /// Says whether an event passes.
    pub fn matches(&self, event: &Value) -> bool {
        self.root.matches(Some(event))
    }
}

/// The fields of one object of a pattern, and the alternatives of its `$or`s.
#[derive(Debug, Clone, Default)]
struct Fields {
    fields: Vec<(String, Field)>,
    alternatives: Vec<Vec<Fields>>,
}

#[derive(Debug, Clone)]
enum Field {
    Object(Fields),
    Leaf(Vec<Matcher>),
}

impl Fields {
    /// An absent value is matched too: `exists: false` may wait further down.
    fn matches(&self, value: Option<&Value>) -> bool {
        // One element of an array has to satisfy the whole object, not each field another one.
        if let Some(Value::Array(elements)) = value
            && !elements.is_empty()
        {
            return elements.iter().any(|element| self.matches(Some(element)));
        }
        let fields = self.fields.iter().all(|(name, field)| {
            let value = value.and_then(|value| value.get(name));
            match field {
                Field::Object(fields) => fields.matches(value),
                Field::Leaf(matchers) => any_matches(matchers, value),
            }
        });
        fields
            && self
                .alternatives
                .iter()
                .all(|or| or.iter().any(|fields| fields.matches(value)))
    }
}

fn any_matches(matchers: &[Matcher], value: Option<&Value>) -> bool {
    let mut leaves = Vec::new();
    if let Some(value) = value {
        collect_leaves(value, &mut leaves);
    }
    matchers.iter().any(|matcher| match matcher {
        Matcher::Exists(expected) => leaves.is_empty() != *expected,
        Matcher::Value(test) => leaves.iter().any(|leaf| test.matches(leaf)),
    })
}

/// An object is no leaf: `exists` and the rest see only scalars, those in arrays included.
fn collect_leaves<'a>(value: &'a Value, leaves: &mut Vec<&'a Value>) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                collect_leaves(element, leaves);
            }
        }
        Value::Object(_) => {}
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => leaves.push(value),
    }
}

#[cfg(test)]
mod tests;
