//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use azure_webhook_ingest::{Ingest, Settings};
use relay::settings::environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let start = Settings::check(&environment);
    let make = async || Settings::load(&environment).await.map(Ingest::new);
    custom_handler::run("azure_webhook_ingest", start, make).await
}
