#![doc = include_str!("../README.md")]

mod error;
mod handler;
mod settings;
mod sink;

pub use error::TargetError;
pub use handler::{Answer, Target, handle};
pub use settings::Settings;
