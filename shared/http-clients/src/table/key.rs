//! Where an entity of the table is: a row of the journal, or a checkpoint.

use reqwest::Url;
use tenant_logs::sha256_hex;

use crate::endpoint::percent_encode;

/// Bytes of an encoded key: storage takes 512 characters.
const MAX_KEY_BYTES: usize = 512;

/// The partition of the pollers' checkpoints, which never expire.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// The keys of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) row: String,
}

impl Key {
    /// The key of a tenant's checkpoint.
    pub(super) fn of_checkpoint(tenant: &str) -> Self {
        Self {
            partition: CHECKPOINT.to_owned(),
            row: encoded(tenant),
        }
    }

    /// The key of a row of the journal.
    pub(super) fn of_row(bucket: &str, number: u32) -> Self {
        Self {
            partition: encoded(bucket),
            row: format!("{number:010}"),
        }
    }

    /// Where the entity is.
    pub(super) fn url(&self, table: &Url) -> Url {
        let mut url = table.clone();
        // A key is encoded as it is stored, and so a second time on the way.
        let path = format!(
            "{}(PartitionKey='{}',RowKey='{}')",
            table.path().trim_end_matches('/'),
            percent_encode(&self.partition),
            percent_encode(&self.row)
        );
        url.set_path(&path);
        url
    }
}

/// A key without the characters that storage does not take in one.
fn encoded(plain: &str) -> String {
    let encoded = percent_encode(plain);
    if encoded.len() <= MAX_KEY_BYTES {
        return encoded;
    }
    sha256_hex(plain.as_bytes())
}
