//! How far a tenant's log is delivered: one row of a table, which only whoever has read it replaces.

use relay::PortError;
use relay::poll::{CheckpointStore, StoredCheckpoint};
use relay::settings::Reader;
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;
use tenant_logs::TenantName;
use tokio::time::Instant;

use super::key::{CHECKPOINT, Key};
use super::rows::Rows;
use crate::endpoint::{WANT, endpoint};
use crate::entra::EntraIdentity;

const ADVICE: &str = "check CHECKPOINT_TABLE_ENDPOINT, that the table is there, and that the identity has the role Storage \
    Table Data Contributor on it";

/// Which table; it may be the ledger's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointSettings {
    table: Url,
}

impl CheckpointSettings {
    /// Reads `CHECKPOINT_TABLE_ENDPOINT`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.required_parsed("CHECKPOINT_TABLE_ENDPOINT", WANT, endpoint)?;
        Some(Self { table })
    }
}

/// A tenant's checkpoint in a table.
#[derive(Debug)]
pub struct TableCheckpoint {
    rows: Rows,
    tenant: TenantName,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Value")]
    value: String,
}

impl TableCheckpoint {
    /// A table; nothing is sent yet.
    pub fn new(identity: &EntraIdentity, settings: CheckpointSettings, tenant: TenantName) -> Self {
        Self {
            rows: Rows::new(identity, settings.table, ("checkpoint table", ADVICE)),
            tenant,
        }
    }

    fn step(&self, verb: &str) -> String {
        format!("{verb} the checkpoint of tenant `{}`", self.tenant)
    }
}

impl CheckpointStore for TableCheckpoint {
    /// The row's `ETag`.
    type Tag = String;

    async fn load(&self, until: Instant) -> Result<Option<StoredCheckpoint<String>>, PortError> {
        let key = Key::of_checkpoint(self.tenant.as_str());
        let found = self.rows.find(&key, until).await;
        let found = found.map_err(|error| error.at(self.step("read")))?;
        Ok(found.map(|(answer, tag)| {
            let body = answer.whole_body();
            let row: Option<Row> = body.and_then(|body| serde_json::from_slice(body).ok());
            let value = row.map(|row| row.value).filter(|value| !value.is_empty());
            StoredCheckpoint { value, tag }
        }))
    }

    async fn save(
        &self,
        value: &str,
        found: Option<&String>,
        until: Instant,
    ) -> Result<Option<String>, PortError> {
        let key = Key::of_checkpoint(self.tenant.as_str());
        let entity = json!({
            "PartitionKey": CHECKPOINT,
            "RowKey": key.row,
            "Value": value,
        });
        let tag = found.map(String::as_str);
        let written = self.rows.write(&key, &entity, tag, until).await;
        written.map_err(|error| error.at(self.step("save")))?;
        // A write whose answer was lost is refused the second time; what is there tells.
        let stored = self.load(until).await?;
        let ours = stored.filter(|stored| stored.value.as_deref() == Some(value));
        Ok(ours.map(|stored| stored.tag))
    }
}
