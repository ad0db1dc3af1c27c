//! How far a tenant's log is delivered: one row of a table, which only whoever has read it replaces.

use relay::PortError;
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
    /// Reads `CHECKPOINT_TABLE_ENDPOINT`; nothing where the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.required_parsed("CHECKPOINT_TABLE_ENDPOINT", WANT, endpoint)?;
        Some(Self { table })
    }
}

/// A table of checkpoints.
#[derive(Debug)]
pub struct TableCheckpoint {
    rows: Rows,
}

/// A checkpoint as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCheckpoint {
    /// What was saved.
    pub value: String,
    /// What it is replaced by: nobody else's.
    tag: String,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Value")]
    value: String,
}

impl TableCheckpoint {
    /// A table; nothing is sent yet.
    pub fn new(identity: &EntraIdentity, settings: CheckpointSettings) -> Self {
        Self {
            rows: Rows::new(identity, settings.table, ("checkpoint table", ADVICE)),
        }
    }

    /// Reads a tenant's checkpoint; nothing where none was ever saved.
    ///
    /// # Errors
    /// Where the table cannot be read, or the checkpoint has no readable value: that is never taken for none.
    pub async fn load(
        &self,
        tenant: &TenantName,
        until: Instant,
    ) -> Result<Option<SavedCheckpoint>, PortError> {
        let step = || format!("read the checkpoint of tenant `{tenant}`");
        let key = Key::of_checkpoint(tenant.as_str());
        let found = self.rows.find(&key, until).await;
        let Some((answer, tag)) = found.map_err(|error| error.at(step()))? else {
            return Ok(None);
        };
        let body = answer.whole_body();
        let row: Option<Row> = body.and_then(|body| serde_json::from_slice(body).ok());
        let row = row.filter(|row| !row.value.is_empty());
        let row = row.ok_or_else(|| PortError {
            step: step(),
            source: "its row has no readable value".into(),
        })?;
        let value = row.value;
        Ok(Some(SavedCheckpoint { value, tag }))
    }

    /// Saves a tenant's checkpoint in the place of the one that was found, or of none.
    ///
    /// # Errors
    /// Where the table cannot be written, or somebody else has saved another one meanwhile: that one stays.
    pub async fn save(
        &self,
        tenant: &TenantName,
        value: &str,
        found: Option<&SavedCheckpoint>,
        until: Instant,
    ) -> Result<SavedCheckpoint, PortError> {
        let step = || format!("save the checkpoint of tenant `{tenant}`");
        let key = Key::of_checkpoint(tenant.as_str());
        let entity = json!({
            "PartitionKey": CHECKPOINT,
            "RowKey": key.row,
            "Value": value,
        });
        let tag = found.map(|found| found.tag.as_str());
        let written = self.rows.write(&key, &entity, tag, until).await;
        written.map_err(|error| error.at(step()))?;
        // A write whose answer was lost is refused the second time; what is there tells.
        match self.load(tenant, until).await? {
            Some(saved) if saved.value == value => Ok(saved),
            Some(_) | None => Err(PortError {
                step: step(),
                source: "somebody else has changed it meanwhile".into(),
            }),
        }
    }
}
