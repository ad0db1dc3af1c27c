#![doc = include_str!("../README.md")]

mod error;
mod handler;
mod settings;

pub use error::IngestError;
pub use handler::Ingest;
pub use settings::Settings;
