//! A process with the Runtime API that it speaks to: what Lambda calls an execution environment.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep, timeout};

use crate::lambda::FunctionOptions;
use crate::lambda::environment;
use crate::lambda::output::Output;
use crate::lambda::process::Process;
use crate::lambda::report::Report;
use crate::lambda::runtime_api::RuntimeApi;
use fakes::invocation::InvocationError;

/// How long Lambda waits for a process to ask for its first invocation.
const START_LIMIT: Duration = Duration::from_secs(10);

/// One process and its Runtime API. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Worker {
    api: RuntimeApi,
    process: Arc<Process>,
}

impl Worker {
    /// Starts the process; it is not known yet whether it comes up.
    pub(crate) async fn start(
        options: &FunctionOptions,
        output: &Output,
    ) -> Result<Self, InvocationError> {
        let api = RuntimeApi::start(environment::function_arn(&options.name))
            .await
            .map_err(|error| init_failed(Report::new("Runtime.NoPort", &error.to_string())))?;
        let variables = environment::variables(&options.name, &options.binary, api.address());
        let ours = options.environment.iter();
        let environment = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .chain(ours.map(|(name, value)| (name.into(), value.into())));
        let environment: Vec<(std::ffi::OsString, std::ffi::OsString)> = environment.collect();
        let process = Process::start(&options.binary, environment, output).map_err(|error| {
            init_failed(Report::new("Runtime.InvalidEntrypoint", &error.to_string()))
        })?;
        Ok(Self { api, process })
    }

    /// The process, which outlives this as a record.
    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits until the process asks for its first invocation.
    pub(crate) async fn started(&self) -> Result<(), InvocationError> {
        let started = tokio::select! {
            biased;
            started = timeout(START_LIMIT, self.api.started()) => started,
            exit = self.process.ended() => {
                let message = "the process ended before it asked for an invocation";
                return Err(InvocationError::InitFailed {
                    exit,
                    error_type: "Runtime.ExitError".to_owned(),
                    message: message.to_owned(),
                });
            }
        };
        match started {
            Ok(started) => started.map_err(init_failed),
            Err(_elapsed) => {
                let message = format!("the process did not come up in {START_LIMIT:?}");
                Err(init_failed(Report::new("Sandbox.Timedout", &message)))
            }
        }
    }

    /// Gives the process an invocation and waits for its answer, its end or the time limit.
    pub(crate) async fn invoke(
        &self,
        payload: Bytes,
        options: &FunctionOptions,
    ) -> Result<Bytes, InvocationError> {
        let limit = options.timeout;
        let ahead = SignedDuration::from_secs(options.clock_ahead_secs);
        let deadline = after(limit).checked_add(ahead).unwrap_or(Timestamp::MAX);
        let answered = self.api.hand_in(payload, deadline);
        let answered = tokio::select! {
            biased;
            answered = answered => answered,
            exit = self.process.ended() => return Err(InvocationError::Crashed { exit }),
            () = sleep(limit) => {
                self.process.kill();
                self.process.ended().await;
                return Err(InvocationError::Timeout);
            }
        };
        self.process.usage();
        match answered {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(report)) => Err(InvocationError::Function {
                body: report.body,
                error_type: report.error_type,
                message: report.message,
            }),
            // The Runtime API holds the other end for as long as this worker lives.
            Err(_closed) => Err(InvocationError::Crashed { exit: None }),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.process.kill();
    }
}

fn after(limit: Duration) -> Timestamp {
    SignedDuration::try_from(limit)
        .ok()
        .and_then(|limit| Timestamp::now().checked_add(limit).ok())
        .unwrap_or(Timestamp::MAX)
}

fn init_failed(report: Report) -> InvocationError {
    InvocationError::InitFailed {
        exit: None,
        error_type: report.error_type,
        message: report.message,
    }
}
