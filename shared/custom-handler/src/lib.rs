#![doc = include_str!("../README.md")]

mod call;
mod error;
mod reply;
mod server;
mod settings;

pub use call::{BodyError, Call};
pub use error::ServeError;
pub use reply::Reply;
pub use server::{Handler, serve};
pub use settings::HandlerSettings;
