#![doc = include_str!("../README.md")]

mod payload;
mod start;

pub use start::{Handler, run};
