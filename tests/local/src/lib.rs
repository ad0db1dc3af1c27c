//! A cloud on one machine around the real binaries.

mod aws_json;
pub mod azure_cloud;
#[cfg(test)]
mod azurite;
pub mod binaries;
pub mod blob_storage;
pub mod client;
pub mod cloud;
pub mod collector;
pub mod dynamodb;
pub mod entra;
pub mod event_bus;
pub mod event_grid;
pub mod event_source;
pub mod faults;
pub mod firehose;
pub mod function;
pub mod function_url;
pub mod functions_host;
mod identifier;
pub mod input;
pub mod key_vault;
pub mod kinesis;
mod lock;
pub mod logs_ingestion;
pub mod pattern;
pub mod queue;
pub mod report;
pub mod run;
pub mod sample;
pub mod secrets_manager;
pub mod server;
pub mod table_storage;
