#![doc = include_str!("../README.md")]

mod error;
mod handler;
mod settings;

pub use error::RunError;
pub use handler::LogPoller;
pub use settings::Settings;
