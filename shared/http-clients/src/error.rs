//! How a client cannot be built, and how a call fails without an answer.

use relay::Remedy;

/// A step of this package that failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be built.
    #[error("cannot build an HTTP client")]
    Client(#[source] reqwest::Error),
    /// The time for a call was over.
    #[error("no answer from the collector in time")]
    TimedOut,
    /// The time was over before a call was made.
    #[error("no time was left for a call of the collector")]
    NotMade,
    /// The connection could not be made, or broke. The cause names no URL: it may hold a secret.
    #[error("no answer from the collector")]
    Unreachable(#[source] reqwest::Error),
}

impl HttpClientError {
    /// What to do about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Tls(_) | Self::Client(_) => Remedy::Stop,
            Self::TimedOut | Self::NotMade | Self::Unreachable(_) => Remedy::Retry,
        }
    }
}
