#![doc = include_str!("../README.md")]

pub mod journal;
pub mod logging;
pub mod settings;

mod assembly;
mod call_error;
mod counters;
mod deadline;
mod error;
mod flow;
mod ledger_choice;
pub mod poll;
mod ports;
mod secrets;
mod sending;
mod sinks;
#[cfg(test)]
mod testing;
pub mod webhook;

pub use assembly::RelayParts;
pub use call_error::{CallError, ServiceCode};
pub use counters::{
    CounterFormat, InvocationCounters, METRIC_NAMES, METRIC_NAMESPACE, SinkCounters,
};
pub use deadline::Deadline;
pub use error::chain;
pub use flow::{Destination, IncomingBody, Marks, OnExhaustion, Outcome, Relay};
pub use ledger_choice::{LedgerSettings, NoLedger, TableOrMemory};
pub use ports::{
    Claim, DeadLetters, Delivery, Lease, PortError, Refusal, Remedy, Row, Settled, Sink, TokenCheck,
};
pub use secrets::{References, SecretStore, StoredSecrets, WantedSecret};
pub use sending::{
    BatchCall, CallLimits, Patience, Sending, TooLarge, back_off, send_in_calls, store_in_calls,
};
pub use sinks::{
    AnySink, FileSink, RegisteredSink, SinkKind, SinkRegistry, StdoutSink, local_sinks, ndjson,
};
