//! How a client cannot be built.

/// A step of this package that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpClientError {
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be built.
    #[error("cannot build an HTTP client")]
    Client(#[source] reqwest::Error),
}
