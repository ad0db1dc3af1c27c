//! How a call fails as a whole; most failures are answered event by event instead.

use custom_handler::{BodyError, Reply};
use relay::PortError;

/// A call of which nothing may be acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum SubscriberError {
    /// The host's request is larger than any that Event Grid can cause, or breaks off.
    #[error("cannot read the call")]
    Read(#[source] BodyError),
    /// An event that is neither delivered nor set aside.
    #[error("a sink cannot take an event for now")]
    NotDelivered,
    /// The dead letters cannot be listed.
    #[error("cannot list the dead letters")]
    List(#[source] PortError),
    /// The ledger's table cannot be purged.
    #[error("cannot purge the ledger")]
    Purge(#[source] PortError),
}

impl From<SubscriberError> for Reply {
    fn from(error: SubscriberError) -> Self {
        let status = match error {
            SubscriberError::Read(BodyError::TooLarge { .. }) => 413,
            SubscriberError::Read(BodyError::Incomplete)
            | SubscriberError::NotDelivered
            | SubscriberError::List(_)
            | SubscriberError::Purge(_) => 503,
        };
        Self::failure(status, &error.to_string())
    }
}
