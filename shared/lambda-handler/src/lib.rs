#![doc = include_str!("../README.md")]

mod payload;
mod start;

/// What [`Handler::answer`] gets.
pub use bytes::Bytes;
pub use start::{Handler, run};
