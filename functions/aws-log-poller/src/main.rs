//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use aws_clients::SecretsManager;
use aws_log_poller::LogPoller;
use relay::settings::{environment, load};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let settings = load(&environment, SecretsManager::read).await;
    lambda_handler::run("aws_log_poller", settings, LogPoller::new).await
}
