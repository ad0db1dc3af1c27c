#![doc = include_str!("../README.md")]

mod error;
mod events;
mod handler;
mod replay;
mod settings;

pub use error::SubscriberError;
pub use handler::Subscriber;
pub use settings::Settings;
