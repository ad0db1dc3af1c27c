//! How a call to an Azure service fails, and what to do about it.
//!
//! Errors carry statuses and codes, never an answer's message: it may quote what was sent.

use std::fmt;
use std::time::Duration;

use relay::{PortError, Remedy};
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

    /// How long the service wants to be left alone; no time where it said nothing.
    pub(crate) fn retry_after(&self) -> Duration {
        match self {
            Self::Busy { retry_after, .. } => retry_after.unwrap_or_default(),
            Self::NoToken { source, .. } => source.retry_after(),
            Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::Content { .. }
            | Self::Closed { .. } => Duration::ZERO,
        }
    }

    /// The error of a port, with what was tried.
    pub(crate) fn at(self, step: String) -> PortError {
        PortError {
            step,
            source: Box::new(self),
        }
    }
}

/// A status with the code that stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) code: Option<String>,
}

impl Said {
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
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
