#![doc = include_str!("../README.md")]

mod error;
mod handler;
mod settings;

pub use error::TargetError;
pub use handler::{Answer, Target};
pub use settings::Settings;
