//! How a run fails: what is behind the checkpoint is delivered all the same, and the next run goes on.

use lambda_runtime::Diagnostic;
use relay::chain;
use relay::poll::PollError;

/// A run that failed.
#[derive(Debug, thiserror::Error)]
#[error("the run failed")]
pub struct RunError(#[source] pub(crate) PollError);

impl From<RunError> for Diagnostic {
    fn from(error: RunError) -> Self {
        let error_type = match &error.0 {
            PollError::UnreadableCheckpoint | PollError::ExpiredCheckpoint { .. } => {
                "CheckpointStopped"
            }
            PollError::UnknownStart { .. } => "UnknownStart",
            PollError::Load(_) | PollError::Save(_) => "CheckpointStore",
            PollError::Pull(_)
            | PollError::UnreadablePage(_)
            | PollError::NoWayOn { .. }
            | PollError::Circle { .. } => "Log",
            PollError::Look { .. } => "Ledger",
            PollError::NotDelivered { .. } => "NotDelivered",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: chain(&error.0).to_string(),
        }
    }
}
