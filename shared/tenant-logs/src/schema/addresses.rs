//! The IP addresses that a member of a record holds.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::json::{array_elements, string_content};

/// The addresses that a member holds: as a text, as several in one with commas between, as an array, or as JSON in a text; each
/// with a port or without.
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

/// Returns the texts that one holds, each with its quotes. No address has a comma, a semicolon, a blank or a quote in it, so
/// those of JSON in a text stand between them too.
fn separate(json: &str) -> Vec<Cow<'_, str>> {
    let Some(text) = string_content(json) else {
        return Vec::new();
    };
    let separators = |c: char| matches!(c, ',' | ';' | '"' | '\'') || c.is_whitespace();
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
            // A list may leave its own bracket at either end.
            Err(_) => match of_version_6(text) {
                Some(address) => IpAddr::V6(address),
                None => text.trim_matches(['[', ']']).parse().ok()?,
            },
        };
        Some(Self {
            json: Cow::Owned(format!("\"{address}\"")),
            is_v4: address.is_ipv4(),
        })
    }
}

/// Reads an address of version 6 in brackets, with a port or without, or one with the zone that it is of (`fe80::1%eth0`), which
/// means something to the machine that wrote it only.
fn of_version_6(text: &str) -> Option<Ipv6Addr> {
    let in_brackets = text.strip_prefix('[').and_then(|rest| {
        let (inside, after) = rest.split_once(']')?;
        let port = after.strip_prefix(':');
        let is_port = port.is_some_and(|port| port.parse::<u16>().is_ok());
        let is_whole = after.is_empty() || is_port;
        is_whole.then_some(inside)
    });
    let address = in_brackets.unwrap_or(text);
    let (address, zone) = address.split_once('%').unwrap_or((address, "zone"));
    let is_in_zone = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let is_zone = !zone.is_empty() && zone.chars().all(is_in_zone);
    address.parse().ok().filter(|_| is_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[&str]) {
        let addresses = Addresses::of(Some(json));
        let found: Vec<&str> = addresses
            .first
            .iter()
            .chain(&addresses.others)
            .map(|address| address.json.trim_matches('"'))
            .collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn addresses_are_found_in_json_that_a_text_holds() {
        let both = ["192.0.2.7", "2001:db8::7"];
        check(r#""[\"192.0.2.7\",\"2001:db8::7\"]""#, &both);
        check(r#"" [ \"192.0.2.7\" , \"[2001:db8::7]:443\" ]\n""#, &both);
        check(r#""\"192.0.2.7\"""#, &both[..1]);
        check(r#"["[\"192.0.2.7\"]","2001:db8::7"]"#, &both);
        check(r#""192.0.2.7\u002c2001:db8::7""#, &both);
        check(r#""[192.0.2.7, 2001:db8::7]""#, &both);
        check(r#""[\"unknown\",7,null]""#, &[]);
    }

    #[test]
    fn the_zone_of_an_address_is_left_out() {
        for with_zone in [
            "fe80::1%eth0",
            "fe80::1%25eth0",
            "[fe80::1%eth0]",
            "[fe80::1%eth0]:443",
            "[fe80::1%2]:443",
        ] {
            check(&format!("\"{with_zone}\""), &["fe80::1"]);
        }
        for none in ["192.0.2.7%eth0", "fe80::1%", "%eth0", "[fe80::1%eth0]443"] {
            check(&format!("\"{none}\""), &[]);
        }
    }
}
