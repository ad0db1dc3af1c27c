#![doc = include_str!("../README.md")]

pub mod journal;
pub mod logging;
pub mod settings;

mod assembly;
mod beside;
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
pub use beside::{CallBeside, age};
pub use call_error::{CallError, ServiceCode};
pub use counters::{CounterFormat, Counters, METRIC_NAMES};
pub use deadline::Deadline;
pub use error::chain;
pub use flow::{
    ComesAgain, Destination, IncomingBody, Marks, OnExhaustion, Outcome, Relay, Rest, Stays,
};
pub use ledger_choice::{LedgerSettings, NoLedger, TableOrMemory};
pub use ports::{
    Claim, DeadLetters, Delivery, Lease, PortError, Refusal, Remedy, Row, Settled, Sink,
};
pub use secrets::{References, SecretStore, StoredSecrets, WantedSecret};
pub use sending::{
    BatchCall, CallLimits, Learned, PartLimit, Patience, Sending, TooLarge, Tries, back_off,
    call_with_retry, send_in_calls, store_in_calls,
};
pub use sinks::{
    ARRAY_BYTES, AnySink, RegisteredSink, SinkKind, SinkRegistry, StdoutSink, json_array,
    local_sinks, ndjson,
};
