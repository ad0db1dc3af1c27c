//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use azure_eventgrid_subscriber::{Settings, Subscriber};
use http_clients::KeyVault;
use relay::settings::{check, environment, load};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let checked = check::<Settings, KeyVault>(&environment);
    let make = async || {
        load(&environment, KeyVault::read)
            .await
            .map(Subscriber::new)
    };
    custom_handler::run("azure_eventgrid_subscriber", checked, make).await
}
