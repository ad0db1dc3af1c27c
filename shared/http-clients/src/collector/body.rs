//! How rows become a body: a line each, or the elements of an array.

use relay::{Row, ndjson};
use tenant_logs::BatchLimits;

const MAX_ROWS: usize = 1_000;
const MAX_BYTES: usize = 1_000_000;

/// The shape of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyFormat {
    /// A JSON object a line.
    #[default]
    Ndjson,
    /// A JSON array.
    Array,
}

impl BodyFormat {
    /// Reads `ndjson` or `array`.
    pub fn parse(text: &str) -> Option<Self> {
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
            // Two brackets, and one comma less than rows.
            Self::Array => MAX_BYTES - 1,
        };
        BatchLimits {
            events: MAX_ROWS,
            bytes,
        }
    }

    pub(crate) fn write<'a>(self, rows: impl Iterator<Item = &'a Row<'a>> + Clone) -> Vec<u8> {
        match self {
            Self::Ndjson => ndjson(rows),
            Self::Array => array(rows),
        }
    }
}

/// A row with its line break or comma.
pub(crate) fn row_bytes(row: &Row<'_>) -> usize {
    row.json.len() + 1
}

fn array<'a>(rows: impl Iterator<Item = &'a Row<'a>> + Clone) -> Vec<u8> {
    let mut body = Vec::with_capacity(rows.clone().map(row_bytes).sum::<usize>() + 1);
    body.push(b'[');
    for (index, row) in rows.enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(row.json.as_bytes());
    }
    body.push(b']');
    body
}
