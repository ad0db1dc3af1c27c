//! Which rows a log event belongs to: those of its sink and of the ten seconds that its `log_id` names.
//!
//! A bucket never depends on now or on settings: two claims of one event always meet in one bucket.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use tenant_logs::{sha256, sha256_hex, time_in_log_id};

/// Characters of a `log_id` up to the tens of its seconds.
const TEN_SECONDS: usize = 16;
/// Bytes by which a row names a log event.
pub(super) const ID_BYTES: usize = 16;

/// The key of a bucket's rows: `<sink>@<ten seconds>`, or `<sink>@<SHA-256 of the log_id>` where it names no time.
pub(super) fn bucket_key(sink: &str, log_id: &str) -> String {
    let ten_seconds = time_in_log_id(log_id).and_then(|_| log_id.get(..TEN_SECONDS));
    match ten_seconds {
        Some(bucket) => format!("{sink}@{bucket}"),
        None => format!("{sink}@{}", sha256_hex(log_id.as_bytes())),
    }
}

/// A log event as a row names it: the first 128 bits of the SHA-256 of its `log_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IdHash([u8; ID_BYTES]);

/// A set of log events, and what is known of each.
///
/// A tenth of the target's time went into hashing what is a hash already (`perf`, 100 events a message).
pub(super) type IdSet = HashSet<IdHash, BuildHasherDefault<FirstBytes>>;
pub(super) type IdMap<T> = HashMap<IdHash, T, BuildHasherDefault<FirstBytes>>;

impl Hash for IdHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let first = self.0.first_chunk().copied().unwrap_or_default();
        state.write_u64(u64::from_ne_bytes(first));
    }
}

/// Takes the first bytes of a hash as the hash.
#[derive(Debug, Default)]
pub(super) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, first: u64) {
        self.0 = first;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

impl IdHash {
    /// The hash of a `log_id`.
    pub(super) fn of(log_id: &str) -> Self {
        let mut first = [0; ID_BYTES];
        for (byte, of_all) in first.iter_mut().zip(sha256(log_id.as_bytes())) {
            *byte = of_all;
        }
        Self(first)
    }

    /// The hash as it is stored.
    pub(super) fn from_stored(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_ids_of_the_same_ten_seconds_share_a_bucket_at_each_sink() {
        let first = "90020261121100001123456789000000000001";
        let second = "90020261121100009000000000000000000000";
        let third = "90020261121100010000000000000000000000";
        assert_eq!(bucket_key("http", first), "http@9002026112110000");
        assert_eq!(bucket_key("http", second), "http@9002026112110000");
        assert_eq!(bucket_key("http", third), "http@9002026112110001");
        assert_eq!(bucket_key("firehose", first), "firehose@9002026112110000");
    }

    #[test]
    fn a_log_id_without_a_time_has_a_bucket_of_its_own_whatever_its_length() {
        let long = "x".repeat(100_000);
        for log_id in ["", "a", "9002026112110000", "90020261121100060", &long] {
            let expected = format!("http@{}", sha256_hex(log_id.as_bytes()));
            assert_eq!(bucket_key("http", log_id), expected);
        }
    }

    #[test]
    fn a_row_names_an_event_by_the_first_half_of_its_hash() {
        let whole = sha256(b"a");
        assert_eq!(IdHash::of("a").bytes(), whole.first_chunk().unwrap());
    }
}
