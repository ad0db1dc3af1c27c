//! The ports on Azure: each against our own server and, where a real one or an emulator can be had, against that as well.
#![cfg(test)]

mod app;
mod checkpoint;
mod dead_letters;
mod key_vault;
mod ledger;
mod log_analytics;
