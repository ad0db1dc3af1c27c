#![doc = include_str!("../README.md")]

mod boxed_call;
mod checkpoint;
mod connection;
mod dead_letter_queue;
mod error;
mod event_bus;
mod event_queue;
mod firehose;
mod function;
mod http;
mod ledger;
mod message;
mod queue_sender;
mod secrets;
mod sinks;
mod sqs_client;
#[cfg(test)]
mod test_endpoint;
mod tls;
mod written_body;

pub use checkpoint::{CheckpointSettings, TableCheckpoint};
pub use connection::AwsConnection;
pub use dead_letter_queue::{DeadLetterQueue, DeadLetterQueueSettings};
pub use event_queue::{EventQueue, EventQueueSettings};
pub use function::AwsFunction;
pub use ledger::{JournalTable, LedgerSettings, read_ledger};
pub use message::{ARRAY_LIMITS, PRODUCER, QueueMessage, allowed};
pub use queue_sender::QueueSender;
pub use secrets::SecretsManager;
pub use sinks::{aws_sinks, event_bus, event_queue};
