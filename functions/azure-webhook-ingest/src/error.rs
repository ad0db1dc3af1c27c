//! How a request cannot be read; whatever can be is answered by the webhook's own contract.

use custom_handler::{BodyError, Reply};

/// A request whose body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// More than the Functions host lets pass.
    #[error("the body is over {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// It broke off, or did not come in time.
    #[error("the body did not come whole, send it again")]
    Incomplete,
    /// The host did not pass it on, and it was compressed or sent in chunks.
    #[error("the body was lost on its way through the host, send it again")]
    LostByTheHost,
    /// The host did not pass it on, and what it made of it cannot be read.
    #[error("the request cannot be read as the host hands it over, send it again")]
    NotAnEnvelope,
}

impl From<BodyError> for IngestError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge { limit },
            BodyError::Incomplete => Self::Incomplete,
        }
    }
}

impl From<IngestError> for Reply {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::TooLarge { .. } => Self::failure(413, &error.to_string()),
            IngestError::Incomplete | IngestError::LostByTheHost | IngestError::NotAnEnvelope => {
                Self {
                    header: Some(("retry-after", "30")),
                    ..Self::failure(503, &error.to_string())
                }
            }
        }
    }
}
