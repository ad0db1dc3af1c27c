//! Which log events the sinks have: a table in Table storage that every copy of a function shares. The same table, or
//! another one, keeps how far a poller has come.

mod checkpoint;
mod journal;
mod key;
mod pages;
mod purge;
mod rows;

use relay::settings::Reader;
use reqwest::Url;

use crate::endpoint::{WANT, endpoint};

pub use checkpoint::{CheckpointSettings, TableCheckpoint};
pub use journal::JournalTable;
pub use purge::Purged;

/// Where the ledger is: a table by its endpoint, or this process.
pub type LedgerSettings = relay::LedgerSettings<Url>;

/// Reads `LEDGER_TABLE_ENDPOINT` and `LEDGER_DAYS`; `None` if the reader noted a problem.
pub fn read_ledger(reader: &mut Reader<'_>) -> Option<LedgerSettings> {
    LedgerSettings::read(reader, "LEDGER_TABLE_ENDPOINT", WANT, endpoint)
}

#[cfg(test)]
mod tests;
