//! What one alternative of a leaf says about a scalar of the event.

use std::net::IpAddr;

use serde_json::Value;

/// One alternative of a leaf array.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// Whether there is a value at all.
    Exists(bool),
    /// A test of a value.
    Value(Test),
}

/// A test of one scalar.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// The same JSON scalar. Numbers are compared as written, so 300 is not 300.0.
    Exactly(Value),
    /// A test of a string.
    Text(TextTest),
    /// A number within bounds.
    Numeric(Vec<(Comparison, f64)>),
    /// An IP address in a network.
    Network(IpAddr, u32),
    /// Anything else than one of these scalars.
    NotExactly(Vec<Value>),
    /// Anything that none of these tests takes.
    NotText(Vec<TextTest>),
}

/// A test of a string.
#[derive(Debug, Clone)]
pub(super) enum TextTest {
    /// How it begins.
    Prefix(String),
    /// How it begins, in lower case.
    PrefixIgnoreCase(String),
    /// How it ends.
    Suffix(String),
    /// How it ends, in lower case.
    SuffixIgnoreCase(String),
    /// What it is, in lower case.
    EqualsIgnoreCase(String),
    /// Its literal parts; between two of them anything may stand.
    Wildcard(Vec<String>),
}

/// A comparison of `numeric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Test {
    pub(super) fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Exactly(expected) => expected == value,
            Self::Text(test) => value.as_str().is_some_and(|text| test.matches(text)),
            Self::Numeric(bounds) => value
                .is_number()
                .then(|| value.as_f64())
                .flatten()
                .is_some_and(|number| bounds.iter().all(|bound| holds(number, *bound))),
            Self::Network(network, bits) => value
                .as_str()
                .and_then(|text| text.parse().ok())
                .is_some_and(|address| is_in_network(address, *network, *bits)),
            Self::NotExactly(values) => !values.contains(value),
            Self::NotText(tests) => !value
                .as_str()
                .is_some_and(|text| tests.iter().any(|test| test.matches(text))),
        }
    }
}

impl TextTest {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::PrefixIgnoreCase(prefix) => text.to_lowercase().starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::SuffixIgnoreCase(suffix) => text.to_lowercase().ends_with(suffix),
            Self::EqualsIgnoreCase(expected) => text.to_lowercase() == *expected,
            Self::Wildcard(parts) => matches_wildcard(parts, text),
        }
    }
}

fn holds(number: f64, (comparison, bound): (Comparison, f64)) -> bool {
    match comparison {
        Comparison::Less => number < bound,
        Comparison::LessOrEqual => number <= bound,
        Comparison::Equal => number.total_cmp(&bound).is_eq(),
        Comparison::GreaterOrEqual => number >= bound,
        Comparison::Greater => number > bound,
    }
}

fn is_in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn matches_wildcard(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else {
        return parts.first().is_some_and(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in middle {
        match rest.split_once(part.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}
