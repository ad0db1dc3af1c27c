//! The services of Azure.

pub mod blobs;
pub mod entra;
pub mod event_grid;
pub mod key_vault;
pub mod logs_ingestion;
pub mod tables;
