//! Tokens that rotate while the process lives.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenant_logs::{Secret, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::FixedTokens;
use crate::beside::{CallBeside, age};
use crate::error::chain;
use crate::ports::PortError;
use crate::secrets::SecretStore;

/// How long versions are trusted before they are read again. A revoked one stays live until a reading that began after
/// its end has been made.
const READ_EVERY: Duration = Duration::from_mins(5);
/// How long a reading may take; stores answer sooner, one way or the other.
const MAX_READING: Duration = Duration::from_secs(6);
/// Readings for unknown tokens, one after the other: a person may try a wrong token, rotate and try the right one.
const READINGS_AT_ONCE: u32 = 3;
/// Then, and after a reading that failed, least time before the next, whatever unknown tokens come.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Tokens that are the live versions of a secret. What was read before stays live while the store is out of reach.
///
/// A known token never waits for the store: readings run beside the requests, one at a time.
#[derive(Debug)]
pub struct StoredTokens<S> {
    store: Arc<S>,
    reference: Arc<str>,
    /// Never held while anybody waits for an answer.
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    tokens: FixedTokens,
    /// When the reading began that brought them, by the wall clock, because no other counts the time that a function
    /// spends frozen.
    read_at: Timestamp,
    /// When the store was asked last, with or without an answer.
    asked_at: Timestamp,
    /// How often it may be asked again before a pause.
    readings_left: u32,
    /// The last reading.
    reading: Option<CallBeside>,
}

impl<S: SecretStore + 'static> StoredTokens<S> {
    /// The live versions of a secret, of which these tokens have just been read.
    pub fn new(store: S, reference: &str, tokens: FixedTokens) -> Self {
        let now = Timestamp::now();
        let known = Known {
            tokens,
            read_at: now,
            asked_at: now,
            readings_left: READINGS_AT_ONCE,
            reading: None,
        };
        Self {
            store: Arc::new(store),
            reference: reference.into(),
            known: Arc::new(Mutex::new(known)),
        }
    }

    /// See [`WebhookTokens::is_live`](super::WebhookTokens::is_live).
    pub(super) async fn is_live(&self, authorization: &[u8], until: Instant) -> bool {
        let came_at = Timestamp::now();
        loop {
            let (ended, is_later) = {
                let mut known = lock(&self.known);
                if known.tokens.has(authorization) {
                    if age(known.read_at) >= READ_EVERY {
                        self.reading(&mut known);
                    }
                    return true;
                }
                // An unknown one may be newer than what we know.
                match self.reading(&mut known) {
                    Some(reading) => (reading.end(), reading.begun() >= came_at),
                    None => return false,
                }
            };
            let is_over = timeout_at(until, ended).await.is_err();
            // It may be newer, too, than a reading that was under way as it came.
            if is_later || is_over {
                return lock(&self.known).tokens.has(authorization);
            }
        }
    }

    /// Returns the reading that is under way, or a new one; `None` if the store was asked too often or failed a moment ago.
    fn reading<'k>(&self, known: &'k mut Known) -> Option<&'k CallBeside> {
        let is_under_way = known.reading.as_ref().is_some_and(CallBeside::is_under_way);
        if !is_under_way {
            if age(known.asked_at) >= READ_AGAIN_AFTER {
                known.readings_left = READINGS_AT_ONCE;
            }
            let readings_left = known.readings_left.checked_sub(1)?;
            let asked_at = Timestamp::now();
            known.readings_left = 0;
            known.asked_at = asked_at;
            let (store, reference) = (Arc::clone(&self.store), Arc::clone(&self.reference));
            let noted = Arc::clone(&self.known);
            known.reading = Some(CallBeside::begin(
                MAX_READING,
                async move { store.live_versions(&reference).await },
                move |versions| lock(&noted).note(asked_at, readings_left, versions),
            ));
        }
        known.reading.as_ref()
    }
}

impl Known {
    /// Takes what a reading brought; `None` if it took too long.
    fn note(
        &mut self,
        asked_at: Timestamp,
        readings_left: u32,
        versions: Option<Result<Vec<Secret>, PortError>>,
    ) {
        match versions {
            Some(Ok(versions)) => {
                let (tokens, left_out) = FixedTokens::of_versions(&versions);
                if let Some(tokens) = tokens {
                    left_out.warn_with(&tokens);
                    self.tokens = tokens;
                    self.read_at = asked_at;
                    self.readings_left = readings_left;
                } else {
                    left_out.warn_with(&self.tokens);
                    tracing::warn!("the secret holds no token, those known before stay live");
                }
            }
            Some(Err(error)) => {
                let error = chain(&error).to_string();
                tracing::warn!(
                    error,
                    "tokens could not be read, those known before stay live"
                );
            }
            None => {
                tracing::warn!("tokens could not be read in time, those known before stay live");
            }
        }
        // A store that answers late is not asked again at once.
        self.asked_at = Timestamp::now();
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // Nothing can panic while it is held.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
