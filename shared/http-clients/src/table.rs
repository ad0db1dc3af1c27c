//! Which log events the sinks have: a table in Table storage that every copy of a function shares, or this process's
//! memory.

mod entity;
mod ledger;
mod purge;

use relay::settings::Reader;
use relay::{Claim, Lease, Ledger, MemoryLedger, PortError, Settled};
use reqwest::Url;
use tenant_logs::Timestamp;
use tokio::time::Instant;

use crate::endpoint::{WANT, endpoint};
use crate::entra::EntraIdentity;

pub use ledger::TableLedger;
pub use purge::Purged;

/// Days after which an entry is forgotten, unless `LEDGER_DAYS` says otherwise: a paused stream replays up to 30.
const DAYS: u16 = 35;

/// Where it is kept which log events the sinks have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSettings {
    table: Option<Url>,
    days: u16,
}

impl LedgerSettings {
    /// Reads `LEDGER_TABLE_ENDPOINT` and `LEDGER_DAYS`; nothing where the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let days = reader.parsed("LEDGER_DAYS", "a whole number of days, 1 to 3650", days);
        if reader.optional("LEDGER_TABLE_ENDPOINT").is_none() {
            if reader.optional("LEDGER_DAYS").is_some() {
                reader.problem("LEDGER_DAYS", "needs LEDGER_TABLE_ENDPOINT");
            }
            return Some(Self {
                table: None,
                days: DAYS,
            });
        }
        let table = reader.parsed("LEDGER_TABLE_ENDPOINT", WANT, endpoint)?;
        Some(Self {
            table: Some(table),
            days: days.unwrap_or(DAYS),
        })
    }

    /// Whether no table is named, so that the process forgets with its end what it sent.
    pub fn is_in_memory(&self) -> bool {
        self.table.is_none()
    }
}

/// The ledger that the settings name.
#[derive(Debug)]
pub enum AzureLedger {
    /// In a table.
    Table(TableLedger),
    /// In this process.
    Memory(MemoryLedger),
}

impl AzureLedger {
    /// A ledger; nothing is sent before the first claim.
    pub fn new(identity: &EntraIdentity, settings: LedgerSettings) -> Self {
        match settings.table {
            Some(table) => Self::Table(TableLedger::new(identity, table, settings.days)),
            None => Self::Memory(MemoryLedger::default()),
        }
    }

    /// Deletes what has expired, as far as there is time; nothing has to be done in memory.
    ///
    /// # Errors
    /// Where the table does not answer, is not there, or may not be read.
    pub async fn purge(&self, now: Timestamp, until: Instant) -> Result<Purged, PortError> {
        match self {
            Self::Table(ledger) => ledger.purge(now, until).await,
            Self::Memory(_) => Ok(Purged::default()),
        }
    }
}

impl Ledger for AzureLedger {
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

fn days(text: &str) -> Option<u16> {
    text.parse().ok().filter(|days| (1..=3_650).contains(days))
}

#[cfg(test)]
mod tests;
