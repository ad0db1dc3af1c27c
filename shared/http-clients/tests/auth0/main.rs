//! A poller against a tenant: the Management API's client, the run, a sink and a ledger in memory.
#![cfg(test)]

mod faults;
mod rig;
mod runs;
