//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use azure_eventgrid_subscriber::{Settings, Subscriber};
use custom_handler::serve_when_made;
use relay::settings::{environment, refuse};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let start = match Settings::check(&environment) {
        Ok(start) => start,
        Err(error) => return refuse(&error),
    };
    relay::logging::start("azure_eventgrid_subscriber", start.log_level);
    let make = async || Settings::load(&environment).await.map(Subscriber::new);
    match serve_when_made(make, start.handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = relay::chain(&error).to_string();
            tracing::error!(error, "cannot serve");
            ExitCode::FAILURE
        }
    }
}
