//! A function from its first setting to its exit code.

use std::fmt::Display;
use std::process::ExitCode;

use relay::chain;
use relay::settings::{SettingsError, refuse};
use tracing::level_filters::LevelFilter;

use crate::{Handler, HandlerSettings, serve_when_made};

/// What is needed before anything is fetched: how to listen and how to log.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// How much the function says.
    pub log_level: LevelFilter,
    /// Where it listens.
    pub handler: HandlerSettings,
}

/// Runs a function, known in its lines by the name of its crate: wrong settings end it at once, because no time mends
/// them; what else its handler needs is tried until it is there.
pub async fn run<H: Handler, E: Display>(
    name: &'static str,
    start: Result<Start, SettingsError>,
    make: impl AsyncFn() -> Result<H, E>,
) -> ExitCode {
    let start = match start {
        Ok(start) => start,
        Err(error) => return refuse(&error),
    };
    relay::logging::start(name, start.log_level);
    match serve_when_made(make, start.handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = chain(&error).to_string();
            tracing::error!(error, "cannot serve");
            ExitCode::FAILURE
        }
    }
}
