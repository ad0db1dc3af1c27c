//! The rows of the journal as a table: the partition is a bucket's key, the row its number in ten digits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use relay::journal::{Added, Row, SeenRow, Store, StoreError, StoredRow, Wanted};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::key::Key;
use super::pages::Query;
use super::rows::Rows;
use crate::entra::EntraIdentity;
use crate::exchange::Number;

const ADVICE: &str = "check LEDGER_TABLE_ENDPOINT, that the table is there, and that the identity has the role Storage Table \
    Data Contributor on it";
const INT64: &str = "Edm.Int64";

/// A table of rows, which every copy of a function shares.
#[derive(Debug)]
pub struct JournalTable {
    pub(super) rows: Rows,
}

impl JournalTable {
    /// A table; nothing is sent yet.
    pub fn new(identity: &EntraIdentity, table: Url) -> Self {
        Self {
            rows: Rows::new(identity, table, ("ledger table", ADVICE)),
        }
    }
}

impl Store for JournalTable {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        let Key { partition, row } = Key::of_row(bucket, from);
        let query = Query {
            // A key is encoded, so no quote stands in it.
            filter: format!("PartitionKey eq '{partition}' and RowKey ge '{row}'"),
            select: None,
        };
        let entities: Vec<Entity> = self.rows.all(&query, until).await?;
        let seen = entities.iter().map(|entity| entity.seen(wanted));
        let seen: Option<Vec<SeenRow>> = seen.collect();
        Ok(seen.ok_or_else(|| self.rows.service.unreadable())?)
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        let key = Key::of_row(bucket, row.number);
        let entity = entity(&key, row);
        if self.rows.write(&key, &entity, None, until).await? {
            return Ok(Added::Done);
        }
        // The answer does not bring what is there.
        Ok(Added::Refused(None))
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        let key = Key::of_row(bucket, row.number);
        Ok(self.rows.put(&key, &entity(&key, row), until).await?)
    }
}

/// A row as it is written. What is handed back whole has no `ids`, and what is claimed no `outcome`.
fn entity(key: &Key, row: &Row) -> Value {
    let mut entity = json!({
        "PartitionKey": key.partition,
        "RowKey": key.row,
        // A 64-bit number without a sign is none of the types that a table has.
        "owner": row.owner.to_string(),
        "lease_ends@odata.type": INT64,
        "lease_ends": row.lease_ends.to_string(),
        "expires_at@odata.type": INT64,
        "expires_at": row.expires_at.to_string(),
    });
    let ids = row.id_bytes();
    if let Some(members) = entity.as_object_mut() {
        if !ids.is_empty() {
            members.insert("ids@odata.type".to_owned(), "Edm.Binary".into());
            members.insert("ids".to_owned(), BASE64.encode(ids).into());
        }
        if let Some(outcome) = row.outcome() {
            members.insert("outcome".to_owned(), outcome.into());
        }
    }
    entity
}

/// A row as it is read.
#[derive(Debug, Deserialize)]
struct Entity {
    #[serde(rename = "RowKey")]
    row: String,
    owner: Option<String>,
    lease_ends: Option<Number>,
    expires_at: Option<Number>,
    ids: Option<String>,
    outcome: Option<String>,
}

impl Entity {
    /// What is seen of it by whoever looks for some log events; `None` where nobody here wrote it.
    fn seen(&self, wanted: &Wanted) -> Option<SeenRow> {
        let ids = BASE64
            .decode(self.ids.as_deref().unwrap_or_default())
            .ok()?;
        let stored = StoredRow {
            number: self.row.parse().ok()?,
            owner: self.owner.as_deref()?.parse().ok()?,
            lease_ends: self.lease_ends.as_ref()?.value()?,
            expires_at: self.expires_at.as_ref()?.value()?,
            ids: &ids,
            outcome: self.outcome.as_deref(),
        };
        stored.seen(wanted)
    }
}
