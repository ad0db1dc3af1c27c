//! The services that the functions call, as servers on loopback: each keeps what it was given, to the limits of the real
//! one, and has faults that a test injects.
//!
//! Any package may use it as a dev-dependency. It knows no package of ours.

pub mod auth0;
pub mod aws;
pub mod azure;
pub mod client;
pub mod collector;
pub mod faults;
pub mod identifier;
pub mod invocation;
pub mod lock;
pub mod proxy;
pub mod server;
pub mod test_server;
#[cfg(feature = "tls")]
mod tls;
