//! Access tokens: kept until shortly before their end, fetched by one call at a time.
//!
//! Nobody waits for a renewal while the token still holds, and nobody waits longer than there is time for it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use serde::Deserialize;
use tenant_logs::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// How long before its end a token is renewed; a shorter one, halfway.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long a token is trusted whose end cannot be read.
const UNKNOWN_LIFE: Duration = Duration::from_mins(5);
/// No token lives longer.
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// How long nobody asks again after a renewal failed while the token still holds, and how long such a renewal may take.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
const MAX_EARLY_TIME: Duration = Duration::from_secs(2);

/// A token, where there is one.
#[derive(Debug)]
pub(crate) struct HeldToken {
    /// Never held while anybody waits for an answer.
    held: Mutex<Option<AccessToken>>,
    /// Who may ask for a token: one at a time.
    asking: Semaphore,
}

/// A token as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    authorization: HeaderValue,
    renew_at: Instant,
    ends_at: Instant,
}

/// Why there is no token.
#[derive(Debug)]
pub(crate) enum NoToken<E> {
    /// The time was over before somebody else's call for one.
    OutOfTime,
    /// The call for it failed.
    Failed(E),
}

/// What endpoints answer: App Service when the token ends, Entra ID and Auth0 how long it lives.
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

impl HeldToken {
    pub(crate) fn new() -> Self {
        Self {
            held: Mutex::new(None),
            asking: Semaphore::new(1),
        }
    }

    /// Returns a token that holds, and is another than the refused one, as the value of `Authorization`; `fetch` gets the
    /// moment by which it must answer.
    pub(crate) async fn get<E>(
        &self,
        refused: Option<&HeaderValue>,
        until: Instant,
        fetch: impl AsyncFnOnce(Instant) -> Result<AccessToken, E>,
    ) -> Result<HeaderValue, NoToken<E>> {
        self.forget(refused);
        let early = match self.held() {
            Some(token) if Instant::now() < token.renew_at => return Ok(token.authorization),
            Some(token) if Instant::now() < token.ends_at => Some(token),
            Some(_) | None => None,
        };
        let permit = match &early {
            Some(token) => match self.asking.try_acquire() {
                Ok(permit) => permit,
                Err(_) => return Ok(token.authorization.clone()),
            },
            None => match timeout_at(until, self.asking.acquire()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) | Err(_) => return Err(NoToken::OutOfTime),
            },
        };
        // Whoever has waited here finds the token that the one before has fetched.
        if let Some(token) = self.held()
            && Instant::now() < token.renew_at
        {
            return Ok(token.authorization);
        }
        let now = Instant::now();
        let fetch_until = match &early {
            Some(_) => until.min(now + MAX_EARLY_TIME),
            None => until,
        };
        let fetched = fetch(fetch_until).await;
        let token = match (fetched, early) {
            (Ok(token), _) => token,
            (Err(_), Some(early)) => AccessToken {
                renew_at: Instant::now() + ASK_AGAIN_AFTER,
                ..early
            },
            (Err(error), None) => return Err(NoToken::Failed(error)),
        };
        let authorization = token.authorization.clone();
        self.hold(Some(token));
        drop(permit);
        Ok(authorization)
    }

    fn forget(&self, refused: Option<&HeaderValue>) {
        let held = self.held().map(|token| token.authorization);
        if refused.is_some() && held.as_ref() == refused {
            self.hold(None);
        }
    }

    fn held(&self) -> Option<AccessToken> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    fn hold(&self, token: Option<AccessToken>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl AccessToken {
    /// Reads an endpoint's answer; `None` if it holds no token that can be sent.
    pub(crate) fn read(body: &[u8], asked_at: Instant) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{join, join_all};
    use tokio::time::{advance, sleep, sleep_until};

    use super::*;

    /// An endpoint of tokens that live an hour, each after some time.
    struct Endpoint {
        count: AtomicUsize,
        takes: Duration,
    }

    impl Endpoint {
        fn new(takes: Duration) -> Self {
            let count = AtomicUsize::new(0);
            Self { count, takes }
        }

        async fn fetch(&self, until: Instant) -> Result<AccessToken, &'static str> {
            let asked_at = Instant::now();
            let number = self.count.fetch_add(1, Ordering::SeqCst);
            let answered = asked_at + self.takes;
            sleep_until(answered.min(until)).await;
            if answered > until {
                return Err("too late");
            }
            let body = format!(r#"{{"access_token":"t{number}","expires_in":3600}}"#);
            Ok(AccessToken::read(body.as_bytes(), asked_at).unwrap())
        }

        async fn get(&self, cache: &HeldToken, seconds: u64) -> Result<String, &'static str> {
            let until = Instant::now() + Duration::from_secs(seconds);
            let token = cache.get(None, until, async |until| self.fetch(until).await);
            match token.await {
                Ok(token) => Ok(token.to_str().unwrap().to_owned()),
                Err(NoToken::OutOfTime) => Err("out of time"),
                Err(NoToken::Failed(error)) => Err(error),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_need_a_token_at_once_ask_for_one() {
        let (endpoint, cache) = (Endpoint::new(Duration::from_secs(1)), HeldToken::new());
        let got = join_all((0..20).map(|_| endpoint.get(&cache, 10))).await;
        assert!(got.iter().all(|token| *token == Ok("Bearer t0".to_owned())));
        assert_eq!(endpoint.count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_behind_a_call_that_hangs_longer_than_he_has_time() {
        let (endpoint, cache) = (Endpoint::new(Duration::from_mins(1)), HeldToken::new());
        let begun = Instant::now();
        let second = async {
            sleep(Duration::from_secs(1)).await;
            (endpoint.get(&cache, 2).await, begun.elapsed())
        };
        let (first, (second, waited)) = join(endpoint.get(&cache, 30), second).await;
        assert_eq!((first, second), (Err("too late"), Err("out of time")));
        assert_eq!(waited, Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_before_its_end_and_used_until_then_where_that_hangs() {
        let (mut endpoint, cache) = (Endpoint::new(Duration::ZERO), HeldToken::new());
        endpoint.get(&cache, 10).await.unwrap();
        advance(Duration::from_mins(56)).await;
        endpoint.takes = Duration::from_mins(1);
        let begun = Instant::now();
        let both = join(endpoint.get(&cache, 30), endpoint.get(&cache, 30)).await;
        let held = || Ok("Bearer t0".to_owned());
        assert_eq!(both, (held(), held()));
        assert_eq!(begun.elapsed(), MAX_EARLY_TIME);
        assert_eq!(endpoint.count.load(Ordering::SeqCst), 2);

        endpoint.takes = Duration::ZERO;
        advance(ASK_AGAIN_AFTER).await;
        let renewed = endpoint.get(&cache, 30).await;
        assert_eq!(renewed, Ok("Bearer t2".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_replaced_once() {
        let (endpoint, cache) = (Endpoint::new(Duration::from_secs(1)), HeldToken::new());
        endpoint.get(&cache, 10).await.unwrap();
        let refused = HeaderValue::from_static("Bearer t0");
        let until = Instant::now() + Duration::from_secs(10);
        let renewed = || {
            cache.get(Some(&refused), until, async |until| {
                endpoint.fetch(until).await
            })
        };
        let (one, other) = join(renewed(), renewed()).await;
        assert_eq!(one.unwrap(), "Bearer t1");
        assert_eq!(other.unwrap(), "Bearer t1");
        assert_eq!(endpoint.count.load(Ordering::SeqCst), 2);
    }
}
