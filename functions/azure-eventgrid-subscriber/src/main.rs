//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use azure_eventgrid_subscriber::{Settings, Subscriber};
use relay::settings::environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let start = Settings::check(&environment);
    let make = async || Settings::load(&environment).await.map(Subscriber::new);
    custom_handler::run("azure_eventgrid_subscriber", start, make).await
}
