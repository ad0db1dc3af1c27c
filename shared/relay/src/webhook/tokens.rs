//! Which tokens open the webhook: fixed ones, or the live versions of a secret that rotates under us.

use std::time::Duration;

use tenant_logs::{Secret, Timestamp};
use tokio::sync::Mutex;

use crate::error::chain;
use crate::ports::{PortError, TokenCheck};
use crate::secrets::SecretStore;
use crate::settings::{Reader, SecretSetting};

pub(super) const SETTING: &str = "WEBHOOK_TOKENS";
/// How long versions are trusted before they are read again, and so how long a revoked one may stay live.
const READ_EVERY: Duration = Duration::from_mins(5);
/// Readings for unknown tokens, one after the other: a person may try a wrong token, rotate and try the right one.
const READINGS_AT_ONCE: u32 = 3;
/// Then, and after a reading that failed, least time before the next, whatever unknown tokens come.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(10);

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
    },
}

impl TokenSettings {
    /// Reads them; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let settings = match reader.required_secret_setting(SETTING)? {
            SecretSetting::Value(list) => FixedTokens::parse(&list).map(Self::Fixed),
            SecretSetting::Stored {
                reference,
                versions,
            } => {
                FixedTokens::of_versions(&versions).map(|tokens| Self::Stored { reference, tokens })
            }
        };
        if settings.is_none() {
            reader.problem(SETTING, "names no token (want one or more)");
        }
        settings
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

impl<S: SecretStore> WebhookTokens<S> {
    /// Tokens as the settings give them; the store is opened only if it is needed.
    pub fn new(settings: TokenSettings, store: impl FnOnce() -> S) -> Self {
        match settings {
            TokenSettings::Fixed(tokens) => Self::Fixed(tokens),
            TokenSettings::Stored { reference, tokens } => {
                Self::Stored(StoredTokens::new(store(), reference, tokens))
            }
        }
    }
}

impl<S: SecretStore> TokenCheck for WebhookTokens<S> {
    async fn is_live(&self, authorization: &[u8]) -> Result<bool, PortError> {
        match self {
            Self::Fixed(tokens) => tokens.is_live(authorization).await,
            Self::Stored(tokens) => tokens.is_live(authorization).await,
        }
    }
}

/// Tokens that never change while the process lives: those of the environment.
#[derive(Debug, Clone)]
pub struct FixedTokens(Vec<Secret>);

impl FixedTokens {
    /// Reads a comma-separated list; `None` if it names no token.
    pub fn parse(list: &Secret) -> Option<Self> {
        let tokens = list
            .expose()
            .split(',')
            .map(|token| without_bearer(token.as_bytes()));
        Self::of(tokens)
    }

    /// Takes each version of a secret as one token; `None` if none is left.
    fn of_versions(versions: &[Secret]) -> Option<Self> {
        let tokens = versions
            .iter()
            .map(|version| without_bearer(version.expose().as_bytes()));
        Self::of(tokens)
    }

    fn of<'t>(tokens: impl Iterator<Item = &'t [u8]>) -> Option<Self> {
        // An empty token would let everybody in.
        let tokens: Vec<Secret> = tokens
            .filter(|token| !token.is_empty())
            .map(|token| Secret::new(String::from_utf8_lossy(token)))
            .collect();
        (!tokens.is_empty()).then_some(Self(tokens))
    }

    fn has(&self, authorization: &[u8]) -> bool {
        let candidate = without_bearer(authorization);
        // Every token is compared, so that the time does not show which one came close.
        let matches = self.0.iter().filter(|token| token.matches(candidate));
        matches.count() > 0
    }
}

impl TokenCheck for FixedTokens {
    async fn is_live(&self, authorization: &[u8]) -> Result<bool, PortError> {
        Ok(self.has(authorization))
    }
}

/// Tokens that are the live versions of a secret. What was read before stays live while the store is out of reach.
#[derive(Debug)]
pub struct StoredTokens<S> {
    store: S,
    reference: String,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    tokens: FixedTokens,
    /// By the wall clock, because no other counts the time that a function spends frozen.
    read_at: Timestamp,
    /// When the store was asked last, with or without an answer.
    asked_at: Timestamp,
    /// How often it may be asked again before a pause.
    readings_left: u32,
}

impl<S: SecretStore> StoredTokens<S> {
    /// The live versions of a secret, of which these tokens have just been read.
    pub fn new(store: S, reference: String, tokens: FixedTokens) -> Self {
        let now = Timestamp::now();
        let known = Known {
            tokens,
            read_at: now,
            asked_at: now,
            readings_left: READINGS_AT_ONCE,
        };
        Self {
            store,
            reference,
            known: Mutex::new(known),
        }
    }

    /// Reads the versions again, unless that was done too often or failed a moment ago.
    async fn refresh(&self, known: &mut Known) {
        if age(known.asked_at) >= READ_AGAIN_AFTER {
            known.readings_left = READINGS_AT_ONCE;
        }
        let Some(readings_left) = known.readings_left.checked_sub(1) else {
            return;
        };
        known.readings_left = 0;
        let asked_at = Timestamp::now();
        let versions = self.store.live_versions(&self.reference).await;
        match versions.map(|versions| FixedTokens::of_versions(&versions)) {
            Ok(Some(tokens)) => {
                known.tokens = tokens;
                known.read_at = asked_at;
                known.readings_left = readings_left;
            }
            Ok(None) => tracing::warn!("the secret holds no token, those known before stay live"),
            Err(error) => {
                let error = chain(&error).to_string();
                tracing::warn!(
                    error,
                    "tokens could not be read, those known before stay live"
                );
            }
        }
        // A store that answers late is not asked again at once.
        known.asked_at = Timestamp::now();
    }
}

impl<S: SecretStore> TokenCheck for StoredTokens<S> {
    async fn is_live(&self, authorization: &[u8]) -> Result<bool, PortError> {
        let mut known = self.known.lock().await;
        let is_old = age(known.read_at) >= READ_EVERY;
        // An unknown one may be newer than what we know.
        if is_old || !known.tokens.has(authorization) {
            self.refresh(&mut known).await;
        }
        Ok(known.tokens.has(authorization))
    }
}

/// How long ago something was; what lies ahead, because the clock was set back, counts as long ago.
fn age(at: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now().duration_since(at)).unwrap_or(Duration::MAX)
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
