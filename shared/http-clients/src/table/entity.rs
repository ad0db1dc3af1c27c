//! What an entry of the table looks like, and what it says to whoever wants to claim it.
//!
//! A claim has `State`, `Owner`, `LeaseEnds` (milliseconds since 1970) and `ExpiresAt` (seconds); what is settled has
//! neither owner nor lease, so nobody owns it.

use relay::{Claim, Lease, Settled};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use tenant_logs::{Timestamp, sha256_hex};

use crate::endpoint::percent_encode;

/// Bytes of an encoded key: storage takes 512 characters.
const MAX_KEY_BYTES: usize = 512;
/// Characters of a `log_id` that stand in the partition key: the day that Auth0 begins it with.
const PARTITION_CHARACTERS: usize = 11;

/// The partition of the pollers' checkpoints, which never expire.
pub(super) const CHECKPOINT: &str = "checkpoint";

const INT64: &str = "Edm.Int64";
const CLAIMED: &str = "claimed";
const DELIVERED: &str = "delivered";
const SET_ASIDE: &str = "set_aside";

/// The keys of a log event at a sink.
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

    pub(super) fn new(sink: &str, log_id: &str) -> Self {
        let begin: String = log_id.chars().take(PARTITION_CHARACTERS).collect();
        Self {
            partition: encoded(&format!("{sink}-{begin}")),
            row: encoded(log_id),
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

/// An entity as it is written: claimed.
pub(super) fn claimed(key: &Key, lease: &Lease, keep_seconds: i64) -> Value {
    json!({
        "PartitionKey": key.partition,
        "RowKey": key.row,
        "State": CLAIMED,
        // A 64-bit number without a sign is none of the types that a table has.
        "Owner": lease.owner.to_string(),
        "LeaseEnds@odata.type": INT64,
        "LeaseEnds": lease.ends.as_millisecond().to_string(),
        "ExpiresAt@odata.type": INT64,
        "ExpiresAt": expiry(lease.begins, keep_seconds).to_string(),
    })
}

/// An entity as it is written: settled.
pub(super) fn settled(key: &Key, settled: Settled, (now, keep_seconds): (Timestamp, i64)) -> Value {
    let state = match settled {
        Settled::Delivered => DELIVERED,
        Settled::SetAside => SET_ASIDE,
    };
    json!({
        "PartitionKey": key.partition,
        "RowKey": key.row,
        "State": state,
        "ExpiresAt@odata.type": INT64,
        "ExpiresAt": expiry(now, keep_seconds).to_string(),
    })
}

fn expiry(now: Timestamp, keep_seconds: i64) -> i64 {
    now.as_second().saturating_add(keep_seconds)
}

/// An entity as it is read. One that nobody here wrote lacks members, and is left alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Found {
    state: Option<String>,
    owner: Option<String>,
    lease_ends: Option<Number>,
    expires_at: Option<Number>,
}

/// A 64-bit number, which is text in JSON.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(i64),
}

impl Found {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// What it says to a claim; nothing where the entry may be taken over.
    pub(super) fn claim(&self, lease: &Lease) -> Option<Claim> {
        if self.has_expired(lease.begins) {
            return None;
        }
        match self.state.as_deref() {
            Some(DELIVERED) => Some(Claim::Known(Settled::Delivered)),
            Some(SET_ASIDE) if lease.may_reclaim_dead_lettered => None,
            Some(SET_ASIDE) => Some(Claim::Known(Settled::SetAside)),
            // Its answer was lost, or it is claimed a second time.
            Some(CLAIMED) if self.is_claim_of(lease) => Some(Claim::Claimed),
            Some(CLAIMED) if self.has_lapsed(lease.begins) => None,
            Some(_) | None => Some(Claim::Busy),
        }
    }

    pub(super) fn is_delivered(&self, now: Timestamp) -> bool {
        self.state.as_deref() == Some(DELIVERED) && !self.has_expired(now)
    }

    pub(super) fn is_claim_of(&self, lease: &Lease) -> bool {
        self.state.as_deref() == Some(CLAIMED)
            && self.owner.as_deref() == Some(&lease.owner.to_string())
    }

    fn has_lapsed(&self, now: Timestamp) -> bool {
        let ends = self.lease_ends.as_ref().and_then(Number::value);
        ends.is_some_and(|ends| ends <= now.as_millisecond())
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        let at = self.expires_at.as_ref().and_then(Number::value);
        at.is_some_and(|at| at <= now.as_second())
    }
}

impl Number {
    fn value(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }
}
