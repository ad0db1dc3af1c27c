//! A function from its first setting to its exit code.

use std::fmt::Debug;
use std::process::ExitCode;

use bytes::Bytes;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use relay::settings::{FunctionSettings, SettingsError, report_usage_error};
use serde::Serialize;

use crate::payload::RawPayload;

/// What answers the invocations of a function.
pub trait Handler {
    /// What Lambda gets back, as JSON.
    type Answer: Serialize;
    /// Why an invocation fails as a whole.
    type Error: Into<Diagnostic> + Debug;

    /// Does what can be done before the first invocation, while Lambda gives a start its whole core.
    fn prepare(&self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// Answers one invocation: its payload as it came, and what Lambda reports about it. The payload may be as large as all
    /// that is read from it, so it is to be let go as soon as that is done.
    ///
    /// # Errors
    /// If the invocation fails as a whole.
    fn answer(
        &self,
        payload: Bytes,
        context: &Context,
    ) -> impl Future<Output = Result<Self::Answer, Self::Error>>;
}

/// Runs a function, known in its log lines by the name of its crate: wrong settings end it at once, and `make` builds the
/// handler from right ones.
pub async fn run<S: FunctionSettings, H: Handler>(
    name: &'static str,
    settings: Result<S, SettingsError>,
    make: impl FnOnce(S) -> H,
) -> ExitCode {
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return report_usage_error(&error),
    };
    relay::logging::start(name, settings.log_level());
    let handler = make(settings);
    handler.prepare().await;
    let payload = RawPayload::default();
    let service = service_fn(async |event: LambdaEvent<()>| {
        handler.answer(payload.take(), &event.context).await
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
