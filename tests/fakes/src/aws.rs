//! The services of AWS.

pub mod dynamodb;
pub mod event_bus;
pub mod firehose;
mod json;
pub mod kinesis;
pub mod queue;
pub mod secrets_manager;

/// The account that owns everything here.
pub const ACCOUNT: &str = "123456789012";

/// The region in which everything here is.
pub const REGION: &str = "us-east-1";
