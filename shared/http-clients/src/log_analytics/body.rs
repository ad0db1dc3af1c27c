//! Rows as the body of a call: a JSON array, packed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use relay::{ARRAY_BYTES, json_array};
use tenant_logs::BatchLimits;

/// What a call may carry, packed and unpacked.
pub(super) const MAX_BYTES: usize = 1_000_000;
/// Limits for rows counted by [`row_bytes`].
pub(super) const LIMITS: BatchLimits = BatchLimits {
    events: usize::MAX,
    bytes: MAX_BYTES - ARRAY_BYTES,
};

/// A row with its comma.
pub(super) fn row_bytes(json: &str) -> usize {
    json.len() + 1
}

/// An array of rows, with how it is encoded: by gzip, unless that makes it larger.
pub(super) fn packed<'a>(
    rows: impl Iterator<Item = &'a str> + Clone,
) -> (Vec<u8>, Option<&'static str>) {
    let plain = json_array(rows).into_bytes();
    // The fastest level: what is saved beyond it costs more time than it saves on the way.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&plain).and_then(|()| encoder.finish()) {
        Ok(packed) if packed.len() < plain.len() => (packed, Some("gzip")),
        Ok(_) | Err(_) => (plain, None),
    }
}
