//! A cloud on one machine around the real binaries.

pub mod client;
pub mod server;
