//! From options and environment to a command's ending.

use std::io::{self, Read as _, Write};
use std::path::Path;
use std::time::Duration;

use http_clients::{ManagementApi, WebhookProbe};
use relay::settings::Reader;
use relay::webhook::{FixedTokens, TokenSettings};
use tokio::time::Instant;

use crate::check::check;
use crate::create::{NewStream, create};
use crate::error::Error;
use crate::options::{Command, NewDestination, Options};
use crate::status::status;
use crate::stream::LogStream;

/// Longer than the window of any of Auth0's rate limits, so that one is waited out.
const MAX_TIME: Duration = Duration::from_mins(2);
const TOKENS: &str = "WEBHOOK_TOKENS";

/// How a command ended that did what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// There is nothing more to say.
    Done,
    /// A check found something.
    Found,
    /// The log stream is there already, and none was made.
    ThereAlready,
}

impl Ending {
    /// The exit code of the program.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::ThereAlready => 3,
        }
    }
}

/// Runs a command with the settings that `lookup` gives, and writes for people what came of it.
pub async fn run(
    options: &Options,
    lookup: &dyn Fn(&str) -> Option<String>,
    output: &mut impl Write,
) -> Result<Ending, Error> {
    let until = Instant::now() + MAX_TIME;
    let in_file = token_file(&options.command).map(read_token).transpose()?;
    let lookup = |name: &str| match &in_file {
        Some(token) if name == TOKENS => Some(token.clone()),
        // What refers to a token counts as little as the variable itself.
        Some(_) if name.starts_with(TOKENS) => None,
        Some(_) | None => lookup(name),
    };
    let mut reader = Reader::new(&lookup);
    let api = ManagementApi::read(&mut reader);
    match &options.command {
        Command::Create {
            destination,
            traits,
        } => {
            let tokens = read_tokens(&mut reader, destination);
            let api = reader.finish(|| api).map_err(Error::Settings)?;
            let new = NewStream {
                destination,
                traits,
                tokens: tokens.as_ref(),
            };
            create(&api, &new, until, output).await
        }
        Command::Status { json } => {
            let api = reader.finish(|| api).map_err(Error::Settings)?;
            status(&LogStream::all(&api, until).await?, *json, output)
        }
        Command::Check { id, offline } => {
            let probe = WebhookProbe::read(&mut reader);
            let read = reader.finish(|| Some((api?, probe?)));
            let (api, probe) = read.map_err(Error::Settings)?;
            let mut streams = match id {
                Some(id) => vec![LogStream::find(&api, id, until).await?],
                None => LogStream::all(&api, until).await?,
            };
            streams.retain(|stream| id.is_some() || stream.is_of_ours());
            check(&streams, (!offline).then_some(&probe), output).await
        }
    }
}

fn token_file(command: &Command) -> Option<&Path> {
    match command {
        Command::Create {
            destination: NewDestination::Webhook { token_file, .. },
            ..
        } => token_file.as_deref(),
        Command::Create { .. } | Command::Status { .. } | Command::Check { .. } => None,
    }
}

fn read_token(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().read_to_string(&mut text).map(|_count| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|source| Error::ReadToken {
        path: path.to_owned(),
        source,
    })
}

/// The tokens that the webhook takes; `None` for another destination, or if the reader noted a problem.
fn read_tokens(reader: &mut Reader<'_>, destination: &NewDestination) -> Option<FixedTokens> {
    match destination {
        NewDestination::Webhook { .. } => match TokenSettings::read(reader)? {
            TokenSettings::Fixed(tokens) | TokenSettings::Stored { tokens, .. } => Some(tokens),
        },
        NewDestination::EventBridge { .. } | NewDestination::EventGrid { .. } => None,
    }
}
