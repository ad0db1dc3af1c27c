//! SHA-256 in lower-case hexadecimal, and the stable identifier of a record that has none.

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

/// The identifier of a record without one: a hash of its JSON text without the white space between tokens.
///
/// A front end that reformats the record does not change it; Auth0's next try brings the same one.
pub(crate) fn derived_log_id(record: &str) -> String {
    let mut hasher = Sha256::new();
    let mut rest = record;
    while let Some(quote) = rest.find('"') {
        let (between, from_quote) = rest.split_at(quote);
        update_without_white_space(&mut hasher, between);
        let (string, after) = from_quote.split_at(string_end(from_quote));
        hasher.update(string);
        rest = after;
    }
    update_without_white_space(&mut hasher, rest);
    hex(&hasher.finalize())
}

fn update_without_white_space(hasher: &mut Sha256, text: &str) {
    for token in text.split_ascii_whitespace() {
        hasher.update(token);
    }
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
    fn white_space_inside_a_string_changes_a_derived_log_id() {
        assert_ne!(
            derived_log_id(r#"{"user_name":"a b"}"#),
            derived_log_id(r#"{"user_name":"ab"}"#)
        );
    }
}
