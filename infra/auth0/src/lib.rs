#![doc = include_str!("../README.md")]

mod check;
mod command;
mod create;
mod error;
mod options;
mod status;
mod stream;

pub use command::{Ending, run};
pub use error::Error;
pub use options::Options;
