//! What a poller needs of the outside: a tenant's log, and a place for the checkpoint.

use std::fmt::Debug;

use tenant_logs::Timestamp;
use tokio::time::Instant;

use crate::ports::PortError;

/// A tenant's log.
pub trait LogSource: Send + Sync {
    /// Pulls one page, in the order of the `log_id`s.
    fn pull(
        &self,
        cursor: &Cursor,
        until: Instant,
    ) -> impl Future<Output = Result<Page, PullError>> + Send;

    /// Finds one log event by its `log_id`; `None` if the log does not have it, or no longer.
    fn find(
        &self,
        log_id: &str,
        until: Instant,
    ) -> impl Future<Output = Result<Option<String>, PullError>> + Send;

    /// Finds the first log events from a time on, by their dates: a JSON array of as many as a page holds.
    fn search(
        &self,
        since: Timestamp,
        until: Instant,
    ) -> impl Future<Output = Result<String, PullError>> + Send;
}

/// Which page is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cursor {
    /// The one that begins after this `log_id`.
    After(String),
    /// The one that the page before named.
    Next(String),
}

/// A page of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// A JSON array.
    pub text: String,
    /// What names the page after it; `None` if the source names none, or this page itself.
    pub next: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The source does not know the position.
    #[error("the log does not know this position")]
    UnknownPosition(#[source] PortError),
    /// The source wants to be left alone for longer than there is time.
    #[error("the time is over")]
    OutOfTime(#[source] PortError),
    /// Anything else.
    #[error("cannot pull")]
    Failed(#[source] PortError),
}

/// Where a tenant's checkpoint is kept.
pub trait CheckpointStore: Send + Sync {
    /// What tells the stored value from any other.
    type Tag: Debug + Clone + PartialEq + Send + Sync;

    /// Reads the checkpoint; `None` if none was ever saved.
    fn load(
        &self,
        until: Instant,
    ) -> impl Future<Output = Result<Option<StoredCheckpoint<Self::Tag>>, PortError>> + Send;

    /// Saves a value in the place of the one with this tag, or of none; `None` if that one is no longer there.
    fn save(
        &self,
        value: &str,
        found: Option<&Self::Tag>,
        until: Instant,
    ) -> impl Future<Output = Result<Option<Self::Tag>, PortError>> + Send;
}

/// A checkpoint as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint<T> {
    /// Its text; `None` if what is stored holds none.
    pub value: Option<String>,
    /// What tells it from any other.
    pub tag: T,
}
