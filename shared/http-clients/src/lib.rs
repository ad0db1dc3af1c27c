#![doc = include_str!("../README.md")]

mod collector;
mod error;
mod roots;
#[cfg(test)]
mod test_server;
mod tls;

pub use collector::{BodyFormat, HttpCollector, HttpCollectorSettings};
pub use error::HttpClientError;
