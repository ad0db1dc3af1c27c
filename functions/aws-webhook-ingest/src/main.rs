//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use aws_clients::SecretsManager;
use aws_webhook_ingest::Ingest;
use relay::settings::{environment, load};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let settings = load(&environment, SecretsManager::read).await;
    lambda_handler::run("aws_webhook_ingest", settings, Ingest::new).await
}
