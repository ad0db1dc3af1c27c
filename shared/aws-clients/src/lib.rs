#![doc = include_str!("../README.md")]

mod connection;
mod dead_letter_queue;
mod error;
mod event_bus;
mod firehose;
mod journal_table;
mod ledger;
mod roots;
mod secrets;
#[cfg(test)]
mod test_endpoint;

pub use connection::{AwsConnection, AwsSettings};
pub use dead_letter_queue::{DeadLetterQueue, DeadLetterQueueSettings};
pub use event_bus::{EventBus, EventBusSettings};
pub use firehose::{Firehose, FirehoseSettings};
pub use journal_table::JournalTable;
pub use ledger::{LedgerSettings, TableLedger, read_ledger};
pub use secrets::{SecretVersions, SecretsManager, read_secrets};
