//! The Azure paths through the real binaries in a Functions host: topics, webhook, Log Analytics, dead letters.

mod bicep;
mod deliveries;
mod faults;
mod host;
mod poller;
mod refusals;
mod replay;
mod secrets;
mod unproxied;
mod webhook;
