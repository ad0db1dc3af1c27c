//! How a run fails: what is behind the checkpoint is delivered all the same, and the next run goes on.

use custom_handler::Reply;
use relay::poll::PollError;

/// A run that failed.
#[derive(Debug, thiserror::Error)]
#[error("the run failed")]
pub struct RunError(#[source] pub(crate) PollError);

impl From<RunError> for Reply {
    fn from(error: RunError) -> Self {
        Self::failure(503, &error.to_string())
    }
}
