#![doc = include_str!("../README.md")]

mod body;
mod call;
mod error;
mod late;
mod reply;
mod server;
mod settings;
mod start;

pub use body::{BodyError, MAX_HOST_BYTES, Pieces};
pub use call::Call;
pub use reply::Reply;
pub use server::Handler;
pub use settings::HandlerSettings;
pub use start::{HostedSettings, run};
