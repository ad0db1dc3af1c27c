//! A function from its first setting to its exit code.

use std::process::ExitCode;

use relay::chain;
use relay::settings::{FunctionSettings, SettingsError, report_usage_error};

use crate::late::serve_when_made;
use crate::{Handler, HandlerSettings};

/// The settings of a function that the Functions host starts.
pub trait HostedSettings: FunctionSettings {
    /// Where it listens, and how long a call may take.
    fn handler(&self) -> HandlerSettings;
}

/// Runs a function, known in its log lines by the name of its crate: wrong settings, as they are `checked` before any
/// secret is fetched, end it at once, because no time mends them; `load` is tried until the secrets are there, and `make`
/// builds the handler.
pub async fn run<S: HostedSettings, H: Handler>(
    name: &'static str,
    checked: Result<S, SettingsError>,
    load: impl AsyncFn() -> Result<S, SettingsError>,
    make: impl Fn(S) -> H,
) -> ExitCode {
    let settings = match checked {
        Ok(settings) => settings,
        Err(error) => return report_usage_error(&error),
    };
    relay::logging::start(name, settings.log_level());
    let make = async || load().await.map(&make);
    match serve_when_made(make, settings.handler()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = chain(&error).to_string();
            tracing::error!(error, "cannot serve");
            ExitCode::FAILURE
        }
    }
}
