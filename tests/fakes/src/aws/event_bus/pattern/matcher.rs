//! What one alternative of a leaf says about a scalar of the event.

use std::net::IpAddr;
use std::ops::{Bound, RangeBounds};

use super::json::Json;
use super::number::millionths;

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
    /// The same JSON scalar. Numbers are compared as written: 300, 300.0 and 3.0e2 differ
    /// ("Event pattern syntax", although event-ruler itself takes them for equal).
    Exactly(Json),
    /// A test of a string.
    Text(TextTest),
    /// A number within bounds, in millionths.
    Numeric(Bound<i64>, Bound<i64>),
    /// An IP address in a network.
    Network(IpAddr, u32),
    /// Anything else than one of these strings.
    NotTexts(Vec<String>),
    /// Anything else than one of these numbers, in millionths, however they are written.
    NotNumbers(Vec<i64>),
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

impl Matcher {
    /// Says whether a value passes; one that is absent passes `exists: false` only.
    pub(super) fn takes(&self, value: Option<&Json>) -> bool {
        match (self, value) {
            (Self::Exists(expected), value) => *expected == value.is_some(),
            (Self::Value(test), Some(value)) => test.matches(value),
            (Self::Value(_), None) => false,
        }
    }
}

impl Test {
    fn matches(&self, value: &Json) -> bool {
        let number = || match value {
            Json::Number(text) => millionths(text),
            Json::Null | Json::Bool(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => None,
        };
        match self {
            Self::Exactly(expected) => expected == value,
            Self::Text(test) => value.as_text().is_some_and(|text| test.matches(text)),
            Self::Numeric(from, to) => {
                number().is_some_and(|number| (*from, *to).contains(&number))
            }
            Self::Network(network, bits) => value
                .as_text()
                .and_then(|text| text.parse().ok())
                .is_some_and(|address| is_in_network(address, *network, *bits)),
            Self::NotTexts(texts) => !value
                .as_text()
                .is_some_and(|text| texts.iter().any(|other| other == text)),
            Self::NotNumbers(numbers) => !number().is_some_and(|number| numbers.contains(&number)),
            Self::NotText(tests) => !value
                .as_text()
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
