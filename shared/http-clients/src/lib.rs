#![doc = include_str!("../README.md")]

mod access_token;
mod auth0;
mod azure_function;
mod azure_service;
mod blob;
mod collector;
mod endpoint;
mod entra;
mod error;
mod event_grid;
mod exchange;
mod key_vault;
mod log_analytics;
mod roots;
mod sinks;
mod table;
#[cfg(test)]
mod test_settings;
mod tls;
#[cfg(test)]
mod tries;
mod webhook_probe;

pub use auth0::ManagementApi;
pub use azure_function::AzureFunction;
pub use blob::{
    DeadLetterContainer, DeadLetterContainerSettings, DeadLetterPage, StoredDeadLetter,
};
pub use entra::EntraIdentity;
pub use event_grid::{EventTopic, EventTopicSettings};
pub use key_vault::KeyVault;
pub use log_analytics::{LogAnalytics, LogAnalyticsSettings};
pub use sinks::{Platform, event_topic, http_sinks};
pub use table::{
    CheckpointSettings, JournalTable, LedgerSettings, Purged, TableCheckpoint, read_ledger,
};
pub use webhook_probe::{WebhookProbe, WebhookReply};
