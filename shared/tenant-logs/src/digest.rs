//! SHA-256 in lower-case hexadecimal, and the stable identifier of a record that has none.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::json::scan::Scan;

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

/// A hash of bytes that come piece by piece; without the key of a keyed one nobody can try which bytes it is of.
#[derive(Debug, Clone)]
pub(crate) enum Hashing {
    Plain(Sha256),
    Keyed(Hmac<Sha256>),
}

impl Hashing {
    pub(crate) fn plain() -> Self {
        Self::Plain(Sha256::new())
    }

    pub(crate) fn add(&mut self, piece: &[u8]) {
        match self {
            Self::Plain(hasher) => hasher.update(piece),
            Self::Keyed(mac) => mac.update(piece),
        }
    }

    /// Returns the hash of bytes that are all there, as hexadecimal digits.
    pub(crate) fn of(mut self, bytes: &[u8]) -> String {
        self.add(bytes);
        self.finish()
    }

    fn add_tokens(&mut self, json: &str) {
        let tokens = json.split_ascii_whitespace();
        tokens.for_each(|token| self.add(token.as_bytes()));
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
pub(crate) fn derived_log_id(record: &str, mut hashing: Hashing) -> String {
    let mut rest = record;
    while let Some(quote) = rest.find('"') {
        let (between, from_quote) = rest.split_at(quote);
        hashing.add_tokens(between);
        let end = Scan::of(from_quote).value_end(0);
        let (string, after) = from_quote.split_at(end.unwrap_or(from_quote.len()));
        hashing.add(string.as_bytes());
        rest = after;
    }
    hashing.add_tokens(rest);
    hashing.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::hmac_sha256;

    fn plain_log_id(record: &str) -> String {
        derived_log_id(record, Hashing::plain())
    }

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
        assert_eq!(plain_log_id(compact), plain_log_id(spaced));
    }

    #[test]
    fn a_keyed_log_id_is_as_stable_and_another_one_for_another_key() {
        let keyed = |key: &[u8]| Hashing::Keyed(hmac_sha256(key));
        let id = derived_log_id(r#"{"type":"s"}"#, keyed(b"k3y"));
        assert_eq!(id, derived_log_id(r#"{ "type": "s" }"#, keyed(b"k3y")));
        assert_eq!(id, keyed(b"k3y").of(br#"{"type":"s"}"#));
        assert_ne!(id, derived_log_id(r#"{"type":"s"}"#, keyed(b"other")));
        assert_ne!(id, plain_log_id(r#"{"type":"s"}"#));
    }

    #[test]
    fn white_space_inside_a_string_changes_a_derived_log_id() {
        assert_ne!(
            plain_log_id(r#"{"user_name":"a b"}"#),
            plain_log_id(r#"{"user_name":"ab"}"#)
        );
    }
}
