//! How a call of Auth0 fails, in our own words: an answer's message may quote what is nobody's business.

use std::sync::Arc;
use std::time::Duration;

use relay::poll::PullError;
use relay::{CallError, PortError, Remedy};
use reqwest::StatusCode;

use crate::exchange::MAX_ANSWER_BYTES;

/// A call that did not bring what was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Auth0Error {
    #[error("check AUTH0_DOMAIN, and that it can be reached from here")]
    NoAnswer(#[source] CallError),
    #[error("no token for the Management API")]
    NoToken(#[source] Arc<Auth0Error>),
    /// The time was over before the call for a token was answered; it goes on.
    #[error(
        "the call for a token takes too long: check AUTH0_DOMAIN, and that it can be reached from here"
    )]
    TokenOutOfTime,
    #[error(
        "Auth0's rate limit leaves no call for at least {} seconds, which is longer than there is time",
        wait.as_secs()
    )]
    RateLimited { wait: Duration },
    #[error("Auth0 answered {answered}: {}", reason(answered.status))]
    Busy { answered: Answered },
    #[error("Auth0 answered {answered}: {advice}")]
    Refused { answered: Answered, advice: String },
    /// A web page, or a refusal that is none of Auth0's.
    #[error(
        "what answered {} is not Auth0: check AUTH0_DOMAIN, and for a proxy, a firewall or a sign-in page on the way to \
         Auth0",
        status.as_u16()
    )]
    NotAuth0 { status: StatusCode },
    #[error("Auth0 answered what is no {want}")]
    Unreadable { want: &'static str },
    #[error("Auth0's answer broke off")]
    BrokenOff,
    #[error("Auth0's answer is longer than the {} MiB that are read", MAX_ANSWER_BYTES >> 20)]
    TooLong,
    /// The run's own time was over during a call.
    #[error("the time was over before Auth0 had answered")]
    OutOfTime(#[source] Box<Auth0Error>),
    #[error(
        "the Link header of a page leads to another origin, `{origin}`: check that AUTH0_DOMAIN is the tenant's own \
         domain, not a custom one"
    )]
    OtherOrigin { origin: String },
    #[error("the Link header of a page cannot be read")]
    UnreadableLink,
}

/// A status with the code beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) code: Option<String>,
}

impl std::fmt::Display for Answered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.status.as_u16())?;
        match &self.code {
            Some(code) => write!(formatter, " {code}"),
            None => Ok(()),
        }
    }
}

/// What passes by itself.
fn reason(status: StatusCode) -> &'static str {
    if status == StatusCode::TOO_MANY_REQUESTS {
        "its rate limit is used up"
    } else {
        "it is out of order for now"
    }
}

impl Auth0Error {
    /// What to do about it.
    pub(super) fn remedy(&self) -> Remedy {
        match self {
            Self::NoAnswer(_)
            | Self::Busy { answered: _ }
            | Self::NotAuth0 { status: _ }
            | Self::Unreadable { want: _ }
            | Self::BrokenOff => Remedy::Retry,
            Self::NoToken(source) => source.remedy(),
            Self::TokenOutOfTime | Self::RateLimited { wait: _ } | Self::OutOfTime(_) => {
                Remedy::HandBack
            }
            Self::Refused {
                answered: _,
                advice: _,
            }
            | Self::TooLong
            | Self::OtherOrigin { origin: _ }
            | Self::UnreadableLink => Remedy::Stop,
        }
    }

    /// Whether Auth0 does not know what a request names.
    pub(super) fn is_unknown(&self) -> bool {
        let statuses = [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND];
        matches!(self, Self::Refused { answered, advice: _ } if statuses.contains(&answered.status))
    }

    /// Whether the rate limit refused a call, or leaves none for a token now.
    pub(super) fn is_by_rate_limit(&self) -> bool {
        let status = StatusCode::TOO_MANY_REQUESTS;
        self.is(|error| {
            matches!(error, Self::RateLimited { wait: _ })
                || matches!(error, Self::Busy { answered } if answered.status == status)
        })
    }

    /// Whether Auth0 may have done what it was asked to.
    pub(super) fn leaves_open(&self) -> bool {
        let is_refused = matches!(
            self,
            Self::NoToken(_)
                | Self::TokenOutOfTime
                | Self::Refused {
                    answered: _,
                    advice: _
                }
        );
        !is_refused && !self.is_by_rate_limit()
    }

    /// Whether there was too little time.
    fn is_out_of_time(&self) -> bool {
        self.is(|error| {
            matches!(
                error,
                Self::RateLimited { wait: _ } | Self::TokenOutOfTime | Self::OutOfTime(_)
            )
        })
    }

    /// Whether this is said of the error, or of why there is no token.
    fn is(&self, said: impl Fn(&Self) -> bool) -> bool {
        if let Self::NoToken(source) = self {
            said(source)
        } else {
            said(self)
        }
    }

    /// The error with what was tried.
    pub(super) fn in_step(self, step: &str) -> PortError {
        PortError {
            step: step.to_owned(),
            source: Box::new(self),
        }
    }

    /// The error of the port, with what was tried.
    pub(super) fn at(self, step: &str) -> PullError {
        let is_unknown = self.is_unknown();
        let is_out_of_time = self.is_out_of_time();
        let error = self.in_step(step);
        match (is_unknown, is_out_of_time) {
            (true, _) => PullError::UnknownPosition(error),
            (false, true) => PullError::OutOfTime(error),
            (false, false) => PullError::Failed(error),
        }
    }
}
