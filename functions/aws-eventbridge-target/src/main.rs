//! Starts the function: settings, logging, clients, run.

use std::process::ExitCode;

use aws_eventbridge_target::{Settings, Target, handle};
use lambda_payload::RawPayload;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use relay::settings::{environment, refuse};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let settings = match Settings::load(&environment).await {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    relay::logging::start("aws_eventbridge_target", settings.log_level());
    let target = Target::new(settings);
    let payload = RawPayload::default();
    let service = service_fn(async |event: LambdaEvent<()>| {
        handle(&target, &payload.take(), &event.context).await
    });
    let runtime = Runtime::new(service).layer(payload.layer());
    match runtime.layer(TracingLayer::new()).run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = relay::chain(error.as_ref()).to_string();
            tracing::error!(error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}
