//! How rows become a body: a line each, or the elements of an array.

use relay::{ARRAY_BYTES, Row, json_array, ndjson};
use tenant_logs::BatchLimits;

const MAX_ROWS: usize = 1_000;
const MAX_BYTES: usize = 1_000_000;

/// The shape of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BodyFormat {
    /// A JSON object a line.
    #[default]
    Ndjson,
    /// A JSON array.
    Array,
}

impl BodyFormat {
    /// Reads `ndjson` or `array`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "ndjson" => Some(Self::Ndjson),
            "array" => Some(Self::Array),
            _ => None,
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Array => "application/json",
        }
    }

    /// Limits for rows counted by [`row_bytes`].
    pub(crate) fn limits(self) -> BatchLimits {
        let bytes = match self {
            Self::Ndjson => MAX_BYTES,
            Self::Array => MAX_BYTES - ARRAY_BYTES,
        };
        BatchLimits {
            events: MAX_ROWS,
            bytes,
        }
    }

    pub(crate) fn write<'a>(self, rows: impl Iterator<Item = &'a Row<'a>> + Clone) -> Vec<u8> {
        match self {
            Self::Ndjson => ndjson(rows),
            Self::Array => json_array(rows.map(|row| row.json.as_ref())).into_bytes(),
        }
    }
}

/// A row with its line break or comma.
pub(crate) fn row_bytes(row: &Row<'_>) -> usize {
    row.json.len() + 1
}
