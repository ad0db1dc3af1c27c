//! How a call to an Azure service fails, and what to do about it.
//!
//! Errors carry statuses and codes, never an answer's message: it may quote what was sent.

use std::fmt;
use std::time::Duration;

use relay::Remedy;
use reqwest::StatusCode;

/// A call that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("no answer from {target} in time")]
    TimedOut { target: String },
    /// The connection could not be made, or broke. The cause names no URL.
    #[error("no answer from {target}")]
    Unreachable {
        target: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{target} answered what cannot be read")]
    Unreadable { target: String },
    #[error("no token for {target}")]
    NoToken {
        target: String,
        #[source]
        source: Box<CallError>,
    },
    /// It cannot for now.
    #[error("{target} answered {said}")]
    Busy {
        target: String,
        said: Said,
        retry_after: Option<Duration>,
    },
    /// What was sent can never pass.
    #[error("{target} answered {said}")]
    Content { target: String, said: Said },
    /// Nothing can pass before a person acts.
    #[error("{target} answered {said}: {advice}")]
    Closed {
        target: String,
        said: Said,
        advice: &'static str,
    },
}

impl CallError {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::Busy { .. } => Remedy::Retry,
            Self::Content { .. } => Remedy::SetAside,
            Self::Closed { .. } => Remedy::Stop,
            Self::NoToken { source, .. } => source.remedy(),
        }
    }
}

/// A status with the code that stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) code: Option<String>,
}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status.as_u16())?;
        match &self.code {
            Some(code) => write!(formatter, " {code}"),
            None => Ok(()),
        }
    }
}
