//! Which tokens open the webhook: fixed ones, or the live versions of a secret that rotates under us.

mod stored;

use tenant_logs::{Secret, object_members};
use tokio::time::Instant;

use crate::ports::{PortError, TokenCheck};
use crate::secrets::SecretStore;
use crate::settings::{Reader, SecretSetting};

pub use stored::StoredTokens;

pub(super) const SETTING: &str = "WEBHOOK_TOKENS";
/// Fewer are a settings error: whoever guesses a token writes into the log.
const MIN_CHARACTERS: usize = 16;

/// `WEBHOOK_TOKENS`, or what refers to them.
#[derive(Debug)]
pub enum TokenSettings {
    /// Tokens by their values.
    Fixed(FixedTokens),
    /// Versions of a secret, each one token.
    Stored {
        /// The secret's name in its store.
        reference: String,
        /// The tokens as they were read at the start.
        tokens: FixedTokens,
        /// Older versions that are too short to be live.
        left_out: LeftOut,
    },
}

/// Versions of a secret that are too short to be live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    count: usize,
    /// Whether one of them is a JSON object.
    has_json: bool,
}

impl TokenSettings {
    /// Reads them; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        match reader.required_secret_setting(SETTING)? {
            SecretSetting::Value(list) => {
                let tokens = FixedTokens::parse(&list);
                let short = tokens.as_ref().and_then(FixedTokens::short);
                let problem = short.map(|token| problem_of_short(token.expose()));
                checked(reader, tokens, problem).map(Self::Fixed)
            }
            SecretSetting::Stored {
                reference,
                versions,
            } => {
                let is_empty = versions.iter().all(|version| token(version).is_empty());
                let current = versions.first().filter(|_| !is_empty);
                let short = current.filter(|current| is_short(token(current)));
                let problem = short.map(|current| problem_of_short(current.expose()));
                let read = FixedTokens::of_versions(&versions);
                let tokens = checked(reader, read.tokens, problem)?;
                Some(Self::Stored {
                    reference,
                    tokens,
                    left_out: read.left_out,
                })
            }
        }
    }
}

/// Returns tokens that may be used, or notes why there is none.
fn checked(
    reader: &mut Reader<'_>,
    tokens: Option<FixedTokens>,
    problem: Option<String>,
) -> Option<FixedTokens> {
    if let Some(problem) = problem {
        reader.problem(SETTING, problem);
        return None;
    }
    if tokens.is_none() {
        reader.problem(SETTING, "names no token (want one or more)");
    }
    tokens
}

/// What is wrong with a token that is too short: keys and values of a console are named as such, whatever their length.
fn problem_of_short(text: &str) -> String {
    if is_json_object(text) {
        "is a JSON object, as a console writes keys and values (want the token alone, as plain text)"
            .to_owned()
    } else {
        format!("holds a token of fewer than {MIN_CHARACTERS} characters")
    }
}

/// Which tokens are live, wherever they are kept.
#[derive(Debug)]
pub enum WebhookTokens<S> {
    /// They never change.
    Fixed(FixedTokens),
    /// They rotate.
    Stored(StoredTokens<S>),
}

impl<S: SecretStore + 'static> WebhookTokens<S> {
    /// Tokens as the settings give them; the store is opened only if it is needed.
    pub fn new(settings: TokenSettings, store: impl FnOnce() -> S) -> Self {
        match settings {
            TokenSettings::Fixed(tokens) => {
                warn_of_json(tokens.has_json());
                Self::Fixed(tokens)
            }
            TokenSettings::Stored {
                reference,
                tokens,
                left_out,
            } => {
                left_out.warn_with(&tokens);
                Self::Stored(StoredTokens::new(store(), &reference, tokens))
            }
        }
    }
}

impl<S: SecretStore + 'static> TokenCheck for WebhookTokens<S> {
    async fn is_live(&self, authorization: &[u8], until: Instant) -> Result<bool, PortError> {
        match self {
            Self::Fixed(tokens) => tokens.is_live(authorization, until).await,
            Self::Stored(tokens) => tokens.is_live(authorization, until).await,
        }
    }
}

/// Tokens that never change while the process lives: those of the environment.
#[derive(Debug, Clone)]
pub struct FixedTokens(Vec<Secret>);

impl FixedTokens {
    /// Reads a comma-separated list; `None` if it names no token.
    ///
    /// A JSON object is one token whole, as of a version of a secret: its commas separate members.
    pub fn parse(list: &Secret) -> Option<Self> {
        if is_json_object(list.expose()) {
            return Self::of(std::iter::once(token(list)));
        }
        let tokens = list
            .expose()
            .split(',')
            .map(|token| without_bearer(token.as_bytes()));
        Self::of(tokens)
    }

    /// The token that stands first, without the word `Bearer`.
    pub fn first(&self) -> Option<&Secret> {
        self.0.first()
    }

    /// Takes each version of a secret as one token, but those that are too short.
    fn of_versions(versions: &[Secret]) -> ReadTokens {
        let (short, tokens): (Vec<&Secret>, Vec<&Secret>) = versions
            .iter()
            .partition(|version| is_short(token(version)));
        let short = short
            .into_iter()
            .filter(|version| !token(version).is_empty());
        let short: Vec<&str> = short.map(Secret::expose).collect();
        ReadTokens {
            tokens: Self::of(tokens.into_iter().map(token)),
            left_out: LeftOut {
                count: short.len(),
                has_json: short.into_iter().any(is_json_object),
            },
        }
    }

    fn of<'t>(tokens: impl Iterator<Item = &'t [u8]>) -> Option<Self> {
        // An empty token would let everybody in.
        let tokens: Vec<Secret> = tokens
            .filter(|token| !token.is_empty())
            .map(|token| Secret::new(String::from_utf8_lossy(token)))
            .collect();
        (!tokens.is_empty()).then_some(Self(tokens))
    }

    /// One that is guessed too easily.
    fn short(&self) -> Option<&Secret> {
        let mut tokens = self.0.iter();
        tokens.find(|token| is_short(token.expose().as_bytes()))
    }

    fn has_json(&self) -> bool {
        self.0.iter().map(Secret::expose).any(is_json_object)
    }

    fn has(&self, authorization: &[u8]) -> bool {
        let candidate = without_bearer(authorization);
        // Every token is compared, so that the time does not show which one came close.
        let matches = self.0.iter().filter(|token| token.matches(candidate));
        matches.count() > 0
    }
}

/// What the versions of a secret hold.
struct ReadTokens {
    /// `None` if there is none that may be used.
    tokens: Option<FixedTokens>,
    left_out: LeftOut,
}

/// The token that a version of a secret holds.
fn token(version: &Secret) -> &[u8] {
    without_bearer(version.expose().as_bytes())
}

/// Whether a token is guessed too easily.
fn is_short(token: &[u8]) -> bool {
    String::from_utf8_lossy(token).chars().count() < MIN_CHARACTERS
}

fn is_json_object(text: &str) -> bool {
    object_members(text).is_some()
}

/// Names a token that nobody sends: whoever pastes the value of such an object into Auth0 is answered 401.
fn warn_of_json(has_json: bool) {
    if has_json {
        tracing::error!(
            "{SETTING} is a JSON object, as a console writes keys and values: the whole text counts as the token, so \
            keep the token alone in the secret, as plain text"
        );
    }
}

impl LeftOut {
    /// Says what is wrong with them, and with those that are live.
    fn warn_with(self, live: &FixedTokens) {
        warn_of_json(self.has_json || live.has_json());
        self.warn_of_short();
    }

    fn warn_of_short(self) {
        if self.count > 0 {
            tracing::warn!(
                left_out = self.count,
                "versions of the secret of {SETTING} with fewer than {MIN_CHARACTERS} characters are not live"
            );
        }
    }
}

impl TokenCheck for FixedTokens {
    async fn is_live(&self, authorization: &[u8], _until: Instant) -> Result<bool, PortError> {
        Ok(self.has(authorization))
    }
}

const BEARER: &[u8] = b"Bearer";

/// Users paste the token with or without the word, here and at Auth0.
fn without_bearer(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value.split_at_checked(BEARER.len()) {
        Some((word, token))
            if word.eq_ignore_ascii_case(BEARER)
                && token.first().is_none_or(u8::is_ascii_whitespace) =>
        {
            token.trim_ascii()
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests;
