#![doc = include_str!("../README.md")]

pub mod logging;
pub mod settings;

mod counters;
mod deadline;
mod error;
mod flow;
mod ledger_choice;
mod memory_ledger;
pub mod poll;
mod ports;
mod retry;
mod secrets;
mod sinks;
#[cfg(test)]
mod testing;
pub mod webhook;

pub use counters::{
    CounterFormat, InvocationCounters, METRIC_NAMES, METRIC_NAMESPACE, SinkCounters,
};
pub use deadline::Deadline;
pub use error::chain;
pub use flow::{Destination, IncomingBody, OnExhaustion, Outcome, Relay};
pub use ledger_choice::{LedgerSettings, TableOrMemory};
pub use memory_ledger::{MemoryLedger, NoLedger};
pub use ports::{
    Claim, DeadLetters, Delivery, Lease, Ledger, PortError, Refusal, Remedy, Row, Settled, Sink,
    TokenCheck,
};
pub use retry::{Tries, back_off, call_end, deliver_with_retry};
pub use secrets::{SecretStore, StoredSecrets};
pub use sinks::{FileSink, SinkChoice, SinkKind, StdoutSink, ndjson, read_sinks};
