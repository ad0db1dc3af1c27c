//! Values that must never be printed: webhook tokens, redaction keys, passwords of services.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret string. `Debug` prints `[secret]`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a value from being printed.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends or hashes it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a caller's value equals this one, in a time that depends on neither content nor common prefix.
    ///
    /// Both sides are hashed first, so that unequal lengths take the same path as unequal bytes.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        let candidate_tag = tag(candidate).finalize().into_bytes();
        tag(self.0.as_bytes()).verify_slice(&candidate_tag).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// HMAC-SHA-256 keyed with any number of bytes.
pub(crate) fn hmac_sha256(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "RFC 2104 takes a key of any length")]
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key")
}

fn tag(value: &[u8]) -> Hmac<Sha256> {
    let mut mac = hmac_sha256(b"compare");
    mac.update(value);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_itself_and_nothing_else() {
        let secret = Secret::new("s3cret");
        assert!(secret.matches(b"s3cret"));
        for other in ["", "s3cre", "s3cret ", "S3cret", "s3cret\0"] {
            assert!(!secret.matches(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn debug_never_shows_the_value() {
        assert_eq!(format!("{:?}", Secret::new("s3cret")), "[secret]");
    }
}
