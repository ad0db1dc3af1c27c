//! The IP addresses that a member of a record holds.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use crate::json::array_elements;

/// The addresses that a member holds: as a text, as several in one with commas between, or as an array; each with a port or without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Addresses<'a> {
    pub(super) first: Option<Address<'a>>,
    pub(super) others: Vec<Address<'a>>,
}

impl<'a> Addresses<'a> {
    /// Whether a member is one address and nothing else.
    pub(super) fn is_all_of(&self, json: &str) -> bool {
        self.first.as_ref().is_some_and(|first| first.json == json)
    }

    pub(super) fn of(json: Option<&'a str>) -> Self {
        let Some(json) = json else {
            return Self::default();
        };
        let first = Address::of(Cow::Borrowed(json));
        if first.is_some() {
            return Self {
                first,
                others: Vec::new(),
            };
        }
        let texts: Vec<Cow<'a, str>> = match json.as_bytes().first() {
            Some(b'[') => {
                let elements = array_elements(json).unwrap_or_default();
                elements.into_iter().flat_map(separate).collect()
            }
            Some(b'"') => separate(json),
            _ => Vec::new(),
        };
        let mut addresses = texts.into_iter().filter_map(Address::of);
        Self {
            first: addresses.next(),
            others: addresses.collect(),
        }
    }
}

/// Returns the texts that one holds, each with its quotes. No address has a comma, a semicolon or a blank in it.
fn separate(json: &str) -> Vec<Cow<'_, str>> {
    let Some(text) = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return Vec::new();
    };
    let separators = |c: char| matches!(c, ',' | ';') || c.is_whitespace();
    let texts = text.split(separators).filter(|text| !text.is_empty());
    texts
        .map(|text| Cow::Owned(format!("\"{text}\"")))
        .collect()
}

/// An IP address as the event writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// With its quotes.
    pub(super) json: Cow<'a, str>,
    /// Whether it is one of version 4.
    pub(super) is_v4: bool,
}

impl<'a> Address<'a> {
    fn of(json: Cow<'a, str>) -> Option<Self> {
        let text = json.strip_prefix('"')?.strip_suffix('"')?;
        if let Ok(address) = text.parse::<IpAddr>() {
            let is_v4 = address.is_ipv4();
            return Some(Self { json, is_v4 });
        }
        // Some proxies add the port, and brackets to an address of version 6 even without one.
        let address = match text.parse::<SocketAddr>() {
            Ok(address) => address.ip(),
            Err(_) => IpAddr::V6(text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?),
        };
        Some(Self {
            json: Cow::Owned(format!("\"{address}\"")),
            is_v4: address.is_ipv4(),
        })
    }
}
