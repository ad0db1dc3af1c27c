//! Access tokens: one a resource, kept until shortly before it ends, fetched by one call at a time.

use std::time::Duration;

use relay::CallError;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tenant_logs::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::EntraIdentity;

/// How long before its end a token is renewed; a shorter one, halfway.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long a token is trusted whose end cannot be read.
const UNKNOWN_LIFE: Duration = Duration::from_mins(5);
/// No token lives longer (a managed identity's lives 24 hours).
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// How long nobody asks again after a renewal failed while the token still holds, and how long such a renewal may take.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
const MAX_EARLY_TIME: Duration = Duration::from_secs(2);

/// The token for one resource.
#[derive(Debug)]
pub(crate) struct TokenCache {
    resource: &'static str,
    held: Mutex<Option<Token>>,
}

/// A token as it is sent.
#[derive(Debug)]
pub(super) struct Token {
    authorization: HeaderValue,
    renew_at: Instant,
    ends_at: Instant,
}

/// What both kinds of endpoint answer: App Service when the token ends, Entra ID how long it lives.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_on: Option<Seconds>,
    expires_in: Option<Seconds>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(i64),
    Text(String),
}

impl TokenCache {
    pub(crate) fn new(resource: &'static str) -> Self {
        Self {
            resource,
            held: Mutex::new(None),
        }
    }

    /// A token that holds, as the value of `Authorization`.
    pub(crate) async fn token(
        &self,
        identity: &EntraIdentity,
        until: Instant,
    ) -> Result<HeaderValue, CallError> {
        self.get(identity, None, until).await
    }

    /// Another token than the refused one, unless somebody else has fetched it meanwhile.
    pub(crate) async fn renewed(
        &self,
        identity: &EntraIdentity,
        refused: &HeaderValue,
        until: Instant,
    ) -> Result<HeaderValue, CallError> {
        self.get(identity, Some(refused), until).await
    }

    async fn get(
        &self,
        identity: &EntraIdentity,
        refused: Option<&HeaderValue>,
        until: Instant,
    ) -> Result<HeaderValue, CallError> {
        // Whoever waits here finds the token that the one before has fetched.
        let Ok(mut held) = timeout_at(until, self.held.lock()).await else {
            return Err(CallError::TimedOut {
                target: identity.credential.target().to_owned(),
            });
        };
        if refused.is_some() && held.as_ref().map(|token| &token.authorization) == refused {
            *held = None;
        }
        let now = Instant::now();
        let fetch_until = match held.as_ref() {
            Some(token) if now < token.renew_at => return Ok(token.authorization.clone()),
            Some(token) if now < token.ends_at => until.min(now + MAX_EARLY_TIME),
            Some(_) | None => until,
        };
        match identity.fetch(self.resource, fetch_until).await {
            Ok(token) => {
                let authorization = token.authorization.clone();
                *held = Some(token);
                Ok(authorization)
            }
            Err(error) => match held.as_mut() {
                Some(token) if Instant::now() < token.ends_at => {
                    token.renew_at = Instant::now() + ASK_AGAIN_AFTER;
                    Ok(token.authorization.clone())
                }
                Some(_) | None => Err(error),
            },
        }
    }
}

impl Token {
    /// Reads an endpoint's answer; nothing where it holds no token that can be sent.
    pub(super) fn read(body: &[u8], asked_at: Instant) -> Option<Self> {
        let answer: TokenAnswer = serde_json::from_slice(body).ok()?;
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", answer.access_token)).ok()?;
        authorization.set_sensitive(true);
        let from_now = |moment: i64| moment.saturating_sub(Timestamp::now().as_second());
        let life = match (&answer.expires_in, &answer.expires_on) {
            (Some(seconds), _) => seconds.value(),
            (None, Some(moment)) => moment.value().map(from_now),
            (None, None) => None,
        };
        let life = life.map_or(UNKNOWN_LIFE, |seconds| {
            Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(LONGEST_LIFE)
        });
        Some(Self {
            authorization,
            renew_at: asked_at + life.saturating_sub(RENEW_BEFORE).max(life / 2),
            ends_at: asked_at + life,
        })
    }
}

impl Seconds {
    fn value(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}
