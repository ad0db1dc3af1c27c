//! JSON as the content of a JSON string, without the white space between its tokens.
//!
//! Every quote needs a backslash, and there is one every nine bytes. So the loop goes from special byte to special byte,
//! and takes the two quotes around most colons and commas at once.

use crate::json::specials::{blocks, place};

/// Escapes a text that was read as JSON before.
pub(super) fn escaped(json: &str) -> String {
    let bytes = json.as_bytes();
    let mut escaping = Escaping {
        bytes,
        // Each byte becomes two at most, and room that is not used costs nothing.
        out: Vec::with_capacity(2 * bytes.len()),
        at: 0,
        is_in_string: false,
    };
    for (begin, mut mask) in blocks(bytes) {
        while mask != 0 {
            let special = begin + place(mask);
            mask &= mask - 1;
            // The one before may have taken this one with it.
            if special >= escaping.at {
                escaping.take(special);
            }
        }
    }
    escaping.between_tokens(bytes.len());
    // Whole characters are copied, so this is text.
    String::from_utf8(escaping.out).unwrap_or_default()
}

struct Escaping<'a> {
    bytes: &'a [u8],
    out: Vec<u8>,
    /// What is copied already.
    at: usize,
    is_in_string: bool,
}

impl Escaping<'_> {
    /// Copies up to a special byte, and that.
    #[inline]
    fn take(&mut self, special: usize) {
        if !self.is_in_string {
            self.between_tokens(special);
            self.at = special + 1;
            // Other special bytes between tokens are line breaks and tabs.
            if self.bytes.get(special) == Some(&b'"') {
                self.out.extend_from_slice(br#"\""#);
                self.is_in_string = true;
            }
            return;
        }
        let plain = self.bytes.get(self.at..special).unwrap_or_default();
        self.out.extend_from_slice(plain);
        let (escaped, length): (&[u8], usize) = match self.bytes.get(special..) {
            Some([b'"', b':', b'"', ..]) => (br#"\":\""#, 3),
            Some([b'"', b',', b'"', ..]) => (br#"\",\""#, 3),
            Some([b'\\', b'"', ..]) => (br#"\\\""#, 2),
            Some([b'\\', b'\\', ..]) => (br"\\\\", 2),
            Some([b'\\', ..]) => (br"\\", 1),
            _ => {
                self.is_in_string = false;
                (br#"\""#, 1)
            }
        };
        self.out.extend_from_slice(escaped);
        self.at = special + length;
    }

    /// Copies what stands between two strings: a few bytes, without the blanks.
    #[inline]
    fn between_tokens(&mut self, end: usize) {
        for byte in self.bytes.get(self.at..end).unwrap_or_default() {
            if *byte != b' ' {
                self.out.push(*byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(json: &str, expected: &str) {
        let escaped = escaped(json);
        let decoded: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
        assert_eq!(decoded, expected, "{json}");
    }

    #[test]
    fn the_content_of_the_string_is_the_json_without_white_space() {
        check("{}", "{}");
        check(
            "{ \"a b\" :\t[ 1 ,\r\n\"\\\" \\\\\" , null ] }",
            r#"{"a b":[1,"\" \\",null]}"#,
        );
        check(r#""\\""#, r#""\\""#);
        check(r#"{"a":"\u00e9\n é 😀"}"#, r#"{"a":"\u00e9\n é 😀"}"#);
    }

    proptest! {
        #[test]
        fn any_string_and_any_length_is_copied(texts in prop::collection::vec("\\PC{0,40}", 0..8)) {
            let json = serde_json::to_string(&texts).unwrap();
            check(&json, &json);
        }
    }
}
