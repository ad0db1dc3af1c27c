//! How a command fails. No text here quotes what Auth0 answered: it holds credentials in the clear.

use std::io;
use std::path::PathBuf;

use relay::PortError;
use relay::settings::SettingsError;

/// A command that could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment is wrong.
    #[error("{0}")]
    Settings(SettingsError),
    /// The file or standard input that should hold the webhook's token.
    #[error("cannot read the webhook's token from {}", path.display())]
    ReadToken {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A call of Auth0's Management API.
    #[error(transparent)]
    Call(PortError),
    /// An answer of Auth0's that is JSON of another kind.
    #[error(
        "cannot read what Auth0 says of its log streams (line {line}, column {column} of its answer)"
    )]
    Unreadable {
        /// Where it differs.
        line: usize,
        /// Where it differs.
        column: usize,
    },
    /// An identifier that Auth0 does not know.
    #[error("the tenant has no log stream {id}: `auth0-stream status` lists those that it has")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// Standard output is closed or full.
    #[error("cannot write the result")]
    Write(#[source] io::Error),
}

impl Error {
    /// 2 where options or settings are wrong, 4 where the answer is not known.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_)
            | Self::ReadToken { path: _, source: _ }
            | Self::Unknown { id: _ } => 2,
            Self::Call(_) | Self::Unreadable { line: _, column: _ } | Self::Write(_) => 4,
        }
    }
}
