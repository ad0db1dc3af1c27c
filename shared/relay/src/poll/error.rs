//! How a run of a poller fails.

use tenant_logs::{Timestamp, Unreadable};

use super::ports::PullError;
use crate::ports::PortError;

/// A run that failed. What is behind the checkpoint is delivered or set aside all the same.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The checkpoint cannot be read.
    #[error("cannot load the checkpoint")]
    Load(#[source] PortError),
    /// What is stored is no checkpoint.
    #[error(
        "the stored checkpoint has no readable value, so the hole begins at an unknown log event: restore it, or set RESUME_FROM"
    )]
    UnreadableCheckpoint,
    /// Auth0 no longer has what follows the checkpoint.
    #[error(
        "the checkpoint has expired: Auth0 no longer has log event `{after}`, after which the hole begins ({}); \
        set RESUME_FROM to go on",
        reached(*end_reached)
    )]
    ExpiredCheckpoint {
        /// The last log event that is delivered.
        after: String,
        /// When a run last reached the end of the log.
        end_reached: Option<Timestamp>,
    },
    /// Auth0 does not have the log event at which to begin.
    #[error("{setting} names the log event `{log_id}`, which Auth0 does not have")]
    UnknownStart {
        /// The setting.
        setting: &'static str,
        /// What it says.
        log_id: String,
    },
    /// The log cannot be pulled.
    #[error("cannot pull the log")]
    Pull(#[source] PullError),
    /// A page is no JSON array of log events.
    #[error("a page of the log cannot be read")]
    UnreadablePage(#[source] Unreadable),
    /// A page does not lead on.
    #[error(
        "the page after {after} leads nowhere: it names neither a new log_id nor a page that was not asked for already"
    )]
    NoWayOn {
        /// What was asked for.
        after: String,
    },
    /// A page leads back.
    #[error("the page after {after} leads back to {passed}")]
    Circle {
        /// What was asked for.
        after: String,
        /// A log event that was passed.
        passed: String,
    },
    /// It cannot be told what arrived by other ways.
    #[error("cannot look up in the ledger what has arrived at sink `{sink}`")]
    Look {
        /// The sink.
        sink: String,
        /// Why.
        #[source]
        source: PortError,
    },
    /// A sink or the dead letters did not take something.
    #[error("{count} pages after log event `{after}` were not delivered: the checkpoint stays")]
    NotDelivered {
        /// Pages of which something is lacking.
        count: usize,
        /// The checkpoint.
        after: String,
        /// Whether a person must act first.
        must_stop: bool,
    },
    /// The checkpoint cannot be saved.
    #[error("cannot save the checkpoint")]
    Save(#[source] PortError),
}

impl PollError {
    /// Whether nothing is polled any more before a person sets the checkpoint right.
    pub fn stops_checkpoint(&self) -> bool {
        match self {
            Self::UnreadableCheckpoint
            | Self::ExpiredCheckpoint { .. }
            | Self::UnknownStart { .. } => true,
            Self::Load(_)
            | Self::Pull(_)
            | Self::UnreadablePage(_)
            | Self::NoWayOn { .. }
            | Self::Circle { .. }
            | Self::Look { .. }
            | Self::NotDelivered { .. }
            | Self::Save(_) => false,
        }
    }
}

fn reached(end: Option<Timestamp>) -> String {
    match end {
        Some(at) => format!("a run last reached the end of the log at {at}"),
        None => "no run has reached the end of the log yet".to_owned(),
    }
}
