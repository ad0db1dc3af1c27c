//! Which log events the sinks have: a DynamoDB table that every copy of a function shares, or this process's memory.

mod entry;
mod table;

#[cfg(test)]
mod fake_table;
#[cfg(test)]
mod tests;

use relay::settings::Reader;
use relay::{Claim, Lease, Ledger, MemoryLedger, PortError, Settled};

use crate::connection::AwsConnection;

pub use table::TableLedger;

/// Days after which an entry is forgotten, unless `LEDGER_DAYS` says otherwise: a paused stream replays up to 30.
const DAYS: u16 = 35;

/// Where it is kept which log events the sinks have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerSettings {
    /// In a DynamoDB table.
    Table {
        /// Its name or ARN.
        name: String,
        /// Days after which an entry is forgotten.
        days: u16,
    },
    /// In this process, which forgets it.
    Memory,
}

impl LedgerSettings {
    /// Reads `LEDGER_TABLE` and `LEDGER_DAYS`; nothing where the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let days = reader.parsed("LEDGER_DAYS", "a whole number of days, 1 to 3650", days);
        if reader.optional("LEDGER_TABLE").is_none() {
            if reader.optional("LEDGER_DAYS").is_some() {
                reader.problem("LEDGER_DAYS", "needs LEDGER_TABLE");
            }
            return Some(Self::Memory);
        }
        let want = "the name or ARN of a DynamoDB table";
        let name = reader.parsed("LEDGER_TABLE", want, table_name)?;
        Some(Self::Table {
            name,
            days: days.unwrap_or(DAYS),
        })
    }
}

/// The ledger that the settings name.
#[derive(Debug)]
pub enum AwsLedger {
    /// In a DynamoDB table.
    Table(TableLedger),
    /// In this process.
    Memory(MemoryLedger),
}

impl AwsLedger {
    /// A ledger; a table is reached through this connection, and not before the first claim.
    pub fn new(connection: &AwsConnection, settings: LedgerSettings) -> Self {
        match settings {
            LedgerSettings::Table { name, days } => {
                Self::Table(TableLedger::new(connection, name, days))
            }
            LedgerSettings::Memory => Self::Memory(MemoryLedger::default()),
        }
    }
}

impl Ledger for AwsLedger {
    async fn claim(
        &self,
        sink: &str,
        log_ids: &[&str],
        lease: &Lease,
    ) -> Result<Vec<Claim>, PortError> {
        match self {
            Self::Table(ledger) => ledger.claim(sink, log_ids, lease).await,
            Self::Memory(ledger) => ledger.claim(sink, log_ids, lease).await,
        }
    }

    async fn commit(
        &self,
        sink: &str,
        log_ids: &[&str],
        settled: Settled,
    ) -> Result<(), PortError> {
        match self {
            Self::Table(ledger) => ledger.commit(sink, log_ids, settled).await,
            Self::Memory(ledger) => ledger.commit(sink, log_ids, settled).await,
        }
    }

    async fn release(&self, sink: &str, log_ids: &[&str], lease: &Lease) -> Result<(), PortError> {
        match self {
            Self::Table(ledger) => ledger.release(sink, log_ids, lease).await,
            Self::Memory(ledger) => ledger.release(sink, log_ids, lease).await,
        }
    }
}

/// A name or an ARN (`PutItem`, `TableName`); anything else would fail every claim.
fn table_name(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_name = (3..=255).contains(&text.len()) && text.bytes().all(is_allowed);
    let is_arn = text.starts_with("arn:")
        && text.len() <= 1_024
        && text.contains(":dynamodb:")
        && text
            .bytes()
            .all(|byte| is_allowed(byte) || b":/".contains(&byte));
    (is_name || is_arn).then(|| text.to_owned())
}

fn days(text: &str) -> Option<u16> {
    text.parse().ok().filter(|days| (1..=3_650).contains(days))
}
