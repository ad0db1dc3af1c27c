//! What a queue's mapping, a rule or a stream invokes, and why an invocation has no answer.

use std::future::Future;
use std::process::ExitStatus;

use bytes::Bytes;

/// What a mapping or a rule invokes.
pub trait Invoke {
    /// Invokes once with a payload.
    fn invoke(
        &self,
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<Bytes, InvocationError>> + Send;
}

impl<F, A> Invoke for F
where
    F: Fn(Vec<u8>) -> A + Sync,
    A: Future<Output = Result<Bytes, InvocationError>> + Send,
{
    fn invoke(
        &self,
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<Bytes, InvocationError>> + Send {
        self(payload)
    }
}

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvocationError {
    /// The function reported an error; its process goes on.
    #[error("the function failed with {error_type}: {message}")]
    Function {
        /// The report's own JSON text.
        body: String,
        /// Its `errorType`.
        error_type: String,
        /// Its `errorMessage`.
        message: String,
    },
    /// No answer in time; the process was killed.
    #[error("the function did not answer in time")]
    Timeout,
    /// The process ended before it answered.
    #[error("the process ended before it answered: {}", exit_text(exit.as_ref()))]
    Crashed {
        /// How it ended, where the system tells.
        exit: Option<ExitStatus>,
    },
    /// The process did not come up.
    #[error("the process did not start: {error_type}: {message} ({})", exit_text(exit.as_ref()))]
    InitFailed {
        /// How it ended, where it ended by itself.
        exit: Option<ExitStatus>,
        /// What it reported, or Lambda's own word for it.
        error_type: String,
        /// The report's message.
        message: String,
    },
    /// All processes that the concurrency allows are busy.
    #[error("all processes of the function are busy")]
    Throttled,
}

fn exit_text(exit: Option<&ExitStatus>) -> String {
    exit.map_or_else(|| "no exit status".to_owned(), ToString::to_string)
}
