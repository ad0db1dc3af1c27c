#![doc = include_str!("../README.md")]

mod call_error;
mod collector;
mod endpoint;
mod entra;
mod error;
mod exchange;
mod log_analytics;
mod roots;
mod service;
#[cfg(test)]
mod test_server;
mod tls;

pub use collector::{BodyFormat, HttpCollector, HttpCollectorSettings};
pub use entra::{EntraIdentity, EntraSettings};
pub use error::HttpClientError;
pub use log_analytics::{LogAnalytics, LogAnalyticsSettings};
