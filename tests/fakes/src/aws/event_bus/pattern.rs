//! EventBridge event patterns: which events a rule sends to its targets.
//!
//! A pattern is an object whose leaves are arrays of alternatives; a field matches when one of the
//! alternatives does, a pattern when all its fields do. What the service refuses is refused here.
//! As in event-ruler, paths are names joined by dots, and every way through the `$or`s is a branch.

mod event;
mod json;
mod matcher;
mod number;
mod operator;
mod parse;

use std::collections::{BTreeMap, BTreeSet};

use event::{Leaf, Leaves, Places};
use json::Json;
use matcher::Matcher;

/// A parsed event pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    branches: Vec<Branch>,
}

/// What has to hold together: the alternatives for each path.
type Branch = BTreeMap<String, Vec<Matcher>>;

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
        parse::pattern(text).map(|branches| Self { branches })
    }

    /// Says whether an event, as its JSON text, passes; its numbers are taken as they are written.
    pub fn matches(&self, event: &str) -> bool {
        Json::read_part(event, &|path| self.looks_at(path)).is_some_and(|event| {
            let leaves = Leaves::of(&event);
            self.branches.iter().any(|branch| holds(branch, &leaves))
        })
    }

    /// Says whether a path leads to a field of the pattern.
    fn looks_at(&self, path: &str) -> bool {
        let mut fields = self.branches.iter().flat_map(BTreeMap::keys);
        fields.any(|field| {
            let rest = field.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// Goes from path to path with the places in arrays that the values found so far have together.
fn holds(branch: &Branch, event: &Leaves<'_>) -> bool {
    let mut found = BTreeSet::from([Places::default()]);
    for (path, matchers) in branch {
        let leaves = event.at(path);
        found = found
            .iter()
            .flat_map(|places| go_on(places, matchers, leaves))
            .collect();
    }
    !found.is_empty()
}

/// One element of an array has to satisfy all paths, not each path another one. A path is absent
/// where no value of it fits what has been found on the paths before it.
fn go_on(places: &Places, matchers: &[Matcher], leaves: &[Leaf<'_>]) -> Vec<Places> {
    let passes = |value| matchers.iter().any(|matcher| matcher.takes(value));
    let fitting = leaves.iter().filter_map(|leaf| {
        let joined = places.join(&leaf.places)?;
        Some((leaf.value, joined))
    });
    let fitting: Vec<(&Json, Places)> = fitting.collect();
    if fitting.is_empty() && passes(None) {
        return vec![places.clone()];
    }
    let passing = fitting
        .into_iter()
        .filter(|(value, _)| passes(Some(*value)));
    passing.map(|(_, joined)| joined).collect()
}

#[cfg(test)]
mod tests;
