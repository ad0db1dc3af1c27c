//! How a handler cannot serve.

use std::io;

/// A step of the server that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The signal that asks for an orderly end cannot be received.
    #[error("cannot listen for SIGTERM")]
    Signal(#[source] io::Error),
    /// The thread that speaks to the host cannot be started.
    #[error("cannot start the thread that answers the host")]
    Thread(#[source] io::Error),
    /// The host's port cannot be bound, for another reason than that it is in use.
    #[error("cannot listen on port {port}")]
    Listen {
        /// The port that the host named.
        port: u16,
        /// What the system reported.
        #[source]
        source: io::Error,
    },
}
