//! SHA-256 in lower-case hexadecimal, and the stable identifier of a record that has none.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// SHA-256 of some bytes, as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Hexadecimal digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// HMAC-SHA-256 of some bytes by what is keyed already, as hexadecimal digits.
pub(crate) fn hmac_hex(keyed: &Hmac<Sha256>, bytes: &[u8]) -> String {
    let mut mac = keyed.clone();
    mac.update(bytes);
    hex(&mac.finalize().into_bytes())
}

/// A hash of bytes that come piece by piece.
#[derive(Debug, Clone)]
pub(crate) enum Hashing {
    Plain(Sha256),
    Keyed(Hmac<Sha256>),
}

impl Hashing {
    pub(crate) fn add(&mut self, piece: &[u8]) {
        match self {
            Self::Plain(hasher) => hasher.update(piece),
            Self::Keyed(mac) => mac.update(piece),
        }
    }

    /// As hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Plain(hasher) => hex(&hasher.finalize()),
            Self::Keyed(mac) => hex(&mac.finalize().into_bytes()),
        }
    }
}

/// The identifier of a record without one: a hash of its JSON text without the white space between tokens.
///
/// A front end that reformats the record does not change it; Auth0's next try brings the same one.
pub(crate) fn derived_log_id(record: &str) -> String {
    let mut hasher = Sha256::new();
    for_each_token(record, |text| hasher.update(text));
    hex(&hasher.finalize())
}

/// The same by a key: without it, nobody can try which record has this identifier.
pub(crate) fn keyed_log_id(keyed: &Hmac<Sha256>, record: &str) -> String {
    let mut mac = keyed.clone();
    for_each_token(record, |text| mac.update(text.as_bytes()));
    hex(&mac.finalize().into_bytes())
}

/// Visits a JSON text without the white space between its tokens.
fn for_each_token(json: &str, mut visit: impl FnMut(&str)) {
    let mut rest = json;
    while let Some(quote) = rest.find('"') {
        let (between, from_quote) = rest.split_at(quote);
        between.split_ascii_whitespace().for_each(&mut visit);
        let (string, after) = from_quote.split_at(string_end(from_quote));
        visit(string);
        rest = after;
    }
    rest.split_ascii_whitespace().for_each(visit);
}

/// Where the string ends that begins at the first byte, its closing quote included.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (position, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return position + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::hmac_sha256;

    #[test]
    fn sha256_is_written_in_lower_case_hexadecimal() {
        // The digest of the empty message, FIPS 180-4.
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn white_space_between_tokens_does_not_change_a_derived_log_id() {
        let compact = r#"{"type":"s","user_name":"a \" b"}"#;
        let spaced = "{ \"type\" :\n\t\"s\", \"user_name\": \"a \\\" b\"\r\n}";
        assert_eq!(derived_log_id(compact), derived_log_id(spaced));
    }

    #[test]
    fn a_keyed_log_id_is_as_stable_and_another_one_for_another_key() {
        let (key, other) = (hmac_sha256(b"k3y"), hmac_sha256(b"other"));
        let id = keyed_log_id(&key, r#"{"type":"s"}"#);
        assert_eq!(id, keyed_log_id(&key, r#"{ "type": "s" }"#));
        assert_eq!(id, hmac_hex(&key, br#"{"type":"s"}"#));
        assert_ne!(id, keyed_log_id(&other, r#"{"type":"s"}"#));
        assert_ne!(id, derived_log_id(r#"{"type":"s"}"#));
    }

    #[test]
    fn white_space_inside_a_string_changes_a_derived_log_id() {
        assert_ne!(
            derived_log_id(r#"{"user_name":"a b"}"#),
            derived_log_id(r#"{"user_name":"ab"}"#)
        );
    }
}
