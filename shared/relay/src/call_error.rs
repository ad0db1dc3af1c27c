//! How a call to a sink or a store fails, and what to do about it.
//!
//! Errors carry statuses and codes, never an answer's message: it may quote what was sent.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ports::{PortError, Remedy};

/// A call that did not do what was asked. `target` says whom we called: ``event bus `auth0` ``.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The time for the call was over before its answer came; it may have done its work.
    #[error("no answer from {target} in time")]
    TimedOut {
        /// Whom we called.
        target: String,
    },
    /// No call was begun that could not have ended in time.
    #[error("no time was left for a call of {target}")]
    NotMade {
        /// Whom we would have called.
        target: String,
    },
    /// The connection could not be made, or broke. The cause names no URL, which may hold a secret.
    #[error("no answer from {target}")]
    Unreachable {
        /// Whom we called.
        target: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The call could not be put together.
    #[error("a call of {target} cannot be made")]
    Unmade {
        /// Whom we would have called.
        target: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer could not be understood.
    #[error("{target} answered what cannot be read")]
    Unreadable {
        /// Whom we called.
        target: String,
    },
    /// There was no token to call with.
    #[error("no token for {target}")]
    NoToken {
        /// Whom we would have called.
        target: String,
        /// Why; many may have waited for it.
        #[source]
        source: Arc<CallError>,
    },
    /// The service cannot for now.
    #[error("{target} answered {code}")]
    Busy {
        /// Whom we called.
        target: String,
        /// What it answered.
        code: ServiceCode,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// Something of what was sent can never pass.
    #[error("{target} answered {code}")]
    Content {
        /// Whom we called.
        target: String,
        /// What it answered.
        code: ServiceCode,
    },
    /// Nothing passes for now, whatever its content, and the service may mend by itself or by a person.
    #[error("{target} answered {code}{}", advised(advice))]
    Declined {
        /// Whom we called.
        target: String,
        /// What it answered.
        code: ServiceCode,
        /// What to check; empty where there is nothing to say.
        advice: &'static str,
    },
    /// Nothing can pass before a person acts.
    #[error("{target} answered {code}{}", advised(advice))]
    Closed {
        /// Whom we called.
        target: String,
        /// What it answered.
        code: ServiceCode,
        /// What to check; empty where there is nothing to say.
        advice: &'static str,
    },
}

impl CallError {
    /// Returns what to do about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::TimedOut { .. }
            | Self::NotMade { .. }
            | Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::Busy { .. } => Remedy::Retry,
            Self::Content { .. } => Remedy::SetAside,
            Self::Declined { .. } => Remedy::HandBack,
            Self::Closed { .. } | Self::Unmade { .. } => Remedy::Stop,
            Self::NoToken { source, .. } => source.remedy(),
        }
    }

    /// Returns how long the service asks to be left alone; `None` if it does not say.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            Self::NoToken { source, .. } => source.retry_after(),
            Self::TimedOut { .. }
            | Self::NotMade { .. }
            | Self::Unreachable { .. }
            | Self::Unmade { .. }
            | Self::Unreadable { .. }
            | Self::Content { .. }
            | Self::Declined { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// Whether the service itself answered the call, so that its time tells how long the next one may take.
    pub(crate) fn is_answer(&self) -> bool {
        match self {
            Self::Unreadable { .. }
            | Self::Busy { .. }
            | Self::Content { .. }
            | Self::Declined { .. }
            | Self::Closed { .. } => true,
            Self::TimedOut { .. }
            | Self::NotMade { .. }
            | Self::Unreachable { .. }
            | Self::Unmade { .. }
            | Self::NoToken { .. } => false,
        }
    }

    /// Returns the error of a port, with the step that was tried.
    pub fn at(self, step: String) -> PortError {
        PortError {
            step,
            source: Box::new(self),
        }
    }
}

fn advised(advice: &str) -> String {
    if advice.is_empty() {
        String::new()
    } else {
        format!(": {advice}")
    }
}

/// What a service answered: a status, a code, or a status with the code that stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCode {
    status: Option<u16>,
    code: Option<String>,
}

impl ServiceCode {
    const MAX_BYTES: usize = 64;

    /// Reads a status and, where the text beside it looks like a code, that code.
    pub fn of_status(status: u16, code: Option<&str>) -> Self {
        Self {
            status: Some(status),
            code: code.filter(|code| is_code(code)).map(str::to_owned),
        }
    }

    /// Reads a code that says all; `None` if the text does not look like a code.
    pub fn of_code(code: &str) -> Option<Self> {
        is_code(code).then(|| Self {
            status: None,
            code: Some(code.to_owned()),
        })
    }

    /// Returns the status; `None` if the code says all.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Returns the code; `None` if there is only a status.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether it has this code.
    pub fn is(&self, code: &str) -> bool {
        self.code() == Some(code)
    }
}

impl fmt::Display for ServiceCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, self.code()) {
            (Some(status), Some(code)) => write!(formatter, "{status} {code}"),
            (Some(status), None) => write!(formatter, "{status}"),
            (None, code) => formatter.write_str(code.unwrap_or("a code")),
        }
    }
}

/// A code is one word: anything else may be a message, and quote what was sent.
fn is_code(text: &str) -> bool {
    (1..=ServiceCode::MAX_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_a_text_is_not_repeated() {
        let text = "user alice@example.com is unknown";
        assert_eq!(ServiceCode::of_code(text), None);
        assert_eq!(ServiceCode::of_code(&"a".repeat(65)), None);
        let shown = |status, code| ServiceCode::of_status(status, code).to_string();
        assert_eq!(shown(400, Some(text)), "400");
        assert_eq!(shown(400, Some("InvalidRow")), "400 InvalidRow");
        let code = ServiceCode::of_code("MalformedDetail").unwrap();
        assert_eq!(code.to_string(), "MalformedDetail");
    }

    #[test]
    fn a_missing_token_is_remedied_as_its_cause() {
        let code = ServiceCode::of_status(503, None);
        let wait = Some(Duration::from_secs(7));
        let error = CallError::NoToken {
            target: "the topic".to_owned(),
            source: Arc::new(CallError::Busy {
                target: "Entra ID".to_owned(),
                code,
                retry_after: wait,
            }),
        };
        assert_eq!((error.remedy(), error.retry_after()), (Remedy::Retry, wait));
    }
}
