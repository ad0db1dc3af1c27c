//! Access tokens: kept until shortly before their end, fetched by one call at a time.
//!
//! A call for a token goes on beside whoever needs it: nobody waits while the token still holds, nobody waits longer than
//! there is time for it, and a call that outlasts its request serves the next one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay::CallBeside;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tenant_logs::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::exchange::Number;

/// How long before its end a token is renewed; a shorter one, halfway.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long a token is trusted whose end cannot be read.
const UNKNOWN_LIFE: Duration = Duration::from_mins(5);
/// No token lives longer.
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// How long nobody asks again after a renewal failed while the token still holds.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long a call for a token may take, whoever waits for it.
const MAX_FETCH_TIME: Duration = Duration::from_secs(10);

/// A token, where there is one.
#[derive(Debug)]
pub(crate) struct HeldToken<E> {
    /// Never held while anybody waits for an answer.
    held: Arc<Mutex<Held<E>>>,
}

#[derive(Debug)]
struct Held<E> {
    token: Option<AccessToken>,
    /// The last call for a token, and why it brought none.
    fetching: Option<CallBeside>,
    failure: Option<Arc<E>>,
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
    /// The time was over before the call for one was answered.
    OutOfTime,
    /// The call for it failed.
    Failed(Arc<E>),
}

/// What endpoints answer: App Service when the token ends, Entra ID and Auth0 how long it lives.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_on: Option<Number>,
    expires_in: Option<Number>,
}

impl<E: Send + Sync + 'static> HeldToken<E> {
    pub(crate) fn new() -> Self {
        let held = Held {
            token: None,
            fetching: None,
            failure: None,
        };
        Self {
            held: Arc::new(Mutex::new(held)),
        }
    }

    /// Returns a token that holds, and is another than the refused one, as the value of `Authorization`. Where none is at
    /// hand and nobody has asked for one yet, `fetch` gets the moment by which it must answer, and makes the call.
    pub(crate) async fn get<F>(
        &self,
        refused: Option<&HeaderValue>,
        until: Instant,
        fetch: impl FnOnce(Instant) -> F,
    ) -> Result<HeaderValue, NoToken<E>>
    where
        F: Future<Output = Result<AccessToken, E>> + Send + 'static,
    {
        let ended = {
            let mut held = lock(&self.held);
            held.forget(refused);
            let token = held.token.clone();
            let is_fresh = token
                .as_ref()
                .is_some_and(|token| Instant::now() < token.renew_at);
            let fetching = held.fetching.as_ref();
            let under_way = fetching.filter(|fetching| fetching.is_under_way());
            let mut ended = under_way.map(CallBeside::end);
            if !is_fresh && ended.is_none() {
                let call = self.begin(fetch);
                ended = Some(call.end());
                held.fetching = Some(call);
            }
            match (token, ended) {
                (Some(token), _) => return Ok(token.authorization),
                (None, Some(ended)) => ended,
                (None, None) => return Err(NoToken::OutOfTime),
            }
        };
        let is_over = timeout_at(until, ended).await.is_err();
        let held = lock(&self.held);
        match (&held.token, &held.failure) {
            (Some(token), _) => Ok(token.authorization.clone()),
            (None, Some(failure)) if !is_over => Err(NoToken::Failed(Arc::clone(failure))),
            (None, _) => Err(NoToken::OutOfTime),
        }
    }

    fn begin<F>(&self, fetch: impl FnOnce(Instant) -> F) -> CallBeside
    where
        F: Future<Output = Result<AccessToken, E>> + Send + 'static,
    {
        let noted = Arc::clone(&self.held);
        let fetching = fetch(Instant::now() + MAX_FETCH_TIME);
        CallBeside::begin(MAX_FETCH_TIME, fetching, move |fetched| {
            lock(&noted).note(fetched);
        })
    }
}

impl<E> Held<E> {
    /// Forgets a token that has ended or was refused.
    fn forget(&mut self, refused: Option<&HeaderValue>) {
        let now = Instant::now();
        self.token
            .take_if(|token| token.ends_at <= now || refused == Some(&token.authorization));
    }

    /// Takes what a call brought; `None` if it took too long.
    fn note(&mut self, fetched: Option<Result<AccessToken, E>>) {
        match fetched {
            Some(Ok(token)) => self.token = Some(token),
            Some(Err(failure)) => self.failure = Some(Arc::new(failure)),
            None => self.failure = None,
        }
        // After a failure a token that still holds is used on, and a new one asked for a while later.
        let not_before = Instant::now() + ASK_AGAIN_AFTER;
        if let Some(token) = &mut self.token
            && token.renew_at < not_before
        {
            token.renew_at = not_before;
        }
    }
}

fn lock<E>(held: &Mutex<Held<E>>) -> MutexGuard<'_, Held<E>> {
    // Nothing can panic while it is held.
    held.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{join, join_all};
    use tokio::time::{advance, sleep, sleep_until, timeout};

    use super::*;

    type Cache = HeldToken<&'static str>;

    /// An endpoint of tokens that live an hour, each after some time.
    #[derive(Clone)]
    struct Endpoint {
        count: Arc<AtomicUsize>,
        takes: Duration,
    }

    impl Endpoint {
        fn new(takes: Duration) -> Self {
            let count = Arc::default();
            Self { count, takes }
        }

        async fn fetch(self, until: Instant) -> Result<AccessToken, &'static str> {
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

        async fn get(&self, cache: &Cache, seconds: u64) -> Result<String, &'static str> {
            let until = Instant::now() + Duration::from_secs(seconds);
            let token = cache.get(None, until, |until| self.clone().fetch(until));
            match token.await {
                Ok(token) => Ok(token.to_str().unwrap().to_owned()),
                Err(NoToken::OutOfTime) => Err("out of time"),
                Err(NoToken::Failed(error)) => Err(*error),
            }
        }

        fn calls(&self) -> usize {
            self.count.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_need_a_token_at_once_ask_for_one() {
        let (endpoint, cache) = (Endpoint::new(Duration::from_secs(1)), HeldToken::new());
        let got = join_all((0..20).map(|_| endpoint.get(&cache, 10))).await;
        assert!(got.iter().all(|token| *token == Ok("Bearer t0".to_owned())));
        assert_eq!(endpoint.calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_call_that_hangs_longer_than_he_has_time() {
        let (endpoint, cache) = (Endpoint::new(Duration::from_mins(1)), HeldToken::new());
        let begun = Instant::now();
        let second = async {
            sleep(Duration::from_secs(1)).await;
            (endpoint.get(&cache, 2).await, begun.elapsed())
        };
        let (first, (second, waited)) = join(endpoint.get(&cache, 30), second).await;
        assert_eq!((first, second), (Err("too late"), Err("out of time")));
        assert_eq!(waited, Duration::from_secs(3));
        assert_eq!(begun.elapsed(), MAX_FETCH_TIME);
        assert_eq!(endpoint.calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_outlasts_who_began_it_serves_the_next_one() {
        let (endpoint, cache) = (Endpoint::new(Duration::from_secs(3)), HeldToken::new());
        // A request that is cut off at its deadline.
        let cut_off = timeout(Duration::from_secs(2), endpoint.get(&cache, 30)).await;
        assert!(cut_off.is_err());
        assert_eq!(endpoint.get(&cache, 2).await, Ok("Bearer t0".to_owned()));
        assert_eq!(endpoint.calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_before_its_end_and_used_until_then_without_waiting() {
        let (mut endpoint, cache) = (Endpoint::new(Duration::ZERO), HeldToken::new());
        endpoint.get(&cache, 10).await.unwrap();
        advance(Duration::from_mins(56)).await;
        endpoint.takes = Duration::from_mins(1);
        let begun = Instant::now();
        let both = join(endpoint.get(&cache, 30), endpoint.get(&cache, 30)).await;
        let held = || Ok("Bearer t0".to_owned());
        assert_eq!(both, (held(), held()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(endpoint.calls(), 2);

        endpoint.takes = Duration::ZERO;
        sleep(MAX_FETCH_TIME).await;
        assert_eq!(endpoint.get(&cache, 30).await, held(), "it has just failed");
        assert_eq!(endpoint.calls(), 2);
        advance(ASK_AGAIN_AFTER).await;
        assert_eq!(endpoint.get(&cache, 30).await, held());
        sleep(Duration::from_secs(1)).await;
        let renewed = endpoint.get(&cache, 30).await;
        assert_eq!(renewed, Ok("Bearer t2".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_its_request_does_not_live_to_see_is_not_begun_again() {
        let (mut endpoint, cache) = (Endpoint::new(Duration::ZERO), HeldToken::new());
        endpoint.get(&cache, 10).await.unwrap();
        advance(Duration::from_mins(56)).await;
        endpoint.takes = Duration::from_mins(1);
        for _ in 0..10 {
            endpoint.get(&cache, 1).await.unwrap();
            advance(Duration::from_millis(500)).await;
        }
        assert_eq!(endpoint.calls(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_without_a_token_the_next_one_asks_again() {
        let (mut endpoint, cache) = (Endpoint::new(Duration::from_mins(1)), HeldToken::new());
        assert_eq!(endpoint.get(&cache, 30).await, Err("too late"));
        endpoint.takes = Duration::ZERO;
        assert_eq!(endpoint.get(&cache, 30).await, Ok("Bearer t1".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_replaced_once() {
        let (endpoint, cache) = (Endpoint::new(Duration::from_secs(1)), HeldToken::new());
        endpoint.get(&cache, 10).await.unwrap();
        let refused = HeaderValue::from_static("Bearer t0");
        let until = Instant::now() + Duration::from_secs(10);
        let renewed = || cache.get(Some(&refused), until, |until| endpoint.clone().fetch(until));
        let (one, other) = join(renewed(), renewed()).await;
        assert_eq!(one.unwrap(), "Bearer t1");
        assert_eq!(other.unwrap(), "Bearer t1");
        assert_eq!(endpoint.calls(), 2);
    }
}
