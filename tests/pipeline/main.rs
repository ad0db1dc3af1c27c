//! Whole paths through the real binaries: one module a path, and the rules of the tree.
#![cfg(test)]

mod architecture;
mod arrivals;
mod azure;
mod clocks;
mod cost;
mod crashes;
mod direct_rule;
mod event_queue;
mod failure_table;
mod fault_matrix;
mod firehose;
mod host_json;
mod kinesis;
mod kit;
mod ledger_faults;
mod local_command;
mod log_analytics;
mod on_moto;
mod permissions;
mod privacy;
mod put_events_faults;
mod replay;
mod returns;
mod secrets;
mod sending;
mod settings_lists;
mod shared_ledger;
mod sinks;
mod slow_services;
mod start;
mod target_batches;
mod target_memory;
mod traces;
mod two_targets;
mod webhook_table;
