//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use azure_log_poller::LogPoller;
use http_clients::KeyVault;
use relay::settings::{check, environment, load};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let checked = check::<_, KeyVault>(&environment);
    let load = async || load(&environment, KeyVault::read).await;
    custom_handler::run("azure_log_poller", checked, load, LogPoller::new).await
}
