//! What the collector knows us by: a fixed value, or a secret of Key Vault, which is read again once it is refused.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay::{CallBeside, PortError, SecretStore, chain};
use reqwest::header::HeaderValue;
use tenant_logs::Secret;
use tokio::time::{Instant, timeout_at};

use crate::key_vault::KeyVault;

/// Least time between two readings, however often the collector refuses us.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long a reading may take; the vault answers sooner, one way or the other.
const MAX_READING: Duration = Duration::from_secs(6);

/// The value of the `Authorization` header.
pub(super) struct Authorization {
    /// Never held while anybody waits for an answer.
    known: Arc<Mutex<Known>>,
    source: Option<Source>,
}

struct Known {
    value: HeaderValue,
    /// When the vault was asked last, with or without an answer.
    asked_at: Option<Instant>,
    /// The last reading. It goes on beside whoever began it, so that a request that is cut off counts as having asked.
    reading: Option<CallBeside>,
}

/// Where the value is kept.
struct Source {
    vault: Arc<KeyVault>,
    uri: Arc<str>,
}

impl Authorization {
    /// A value that stays as it is.
    pub(super) fn fixed(value: HeaderValue) -> Self {
        let known = Known {
            value,
            asked_at: None,
            reading: None,
        };
        Self {
            known: Arc::new(Mutex::new(known)),
            source: None,
        }
    }

    /// The same value, of a secret that may get another one.
    pub(super) fn kept_in(self, vault: KeyVault, uri: &str) -> Self {
        Self {
            source: Some(Source {
                vault: Arc::new(vault),
                uri: uri.into(),
            }),
            ..self
        }
    }

    /// What is known of it.
    pub(super) fn value(&self) -> HeaderValue {
        lock(&self.known).value.clone()
    }

    /// Returns another value than the refused one; `None` if there is none yet.
    pub(super) async fn renewed(
        &self,
        refused: &HeaderValue,
        until: Instant,
    ) -> Option<HeaderValue> {
        let source = self.source.as_ref()?;
        let ended = {
            let mut known = lock(&self.known);
            if known.value != *refused {
                return Some(known.value.clone());
            }
            self.reading(source, &mut known)?.end()
        };
        // Without an answer in time the next refusal finds what the reading brings.
        let _in_time = timeout_at(until, ended).await;
        let value = self.value();
        (value != *refused).then_some(value)
    }

    /// Returns the reading that is under way, or a new one; `None` if the vault was asked a moment ago.
    fn reading<'k>(&self, source: &Source, known: &'k mut Known) -> Option<&'k CallBeside> {
        let is_under_way = known.reading.as_ref().is_some_and(CallBeside::is_under_way);
        if !is_under_way {
            let is_asked = known
                .asked_at
                .is_some_and(|at| at.elapsed() < READ_AGAIN_AFTER);
            if is_asked {
                return None;
            }
            known.asked_at = Some(Instant::now());
            let (vault, uri) = (Arc::clone(&source.vault), Arc::clone(&source.uri));
            let noted = Arc::clone(&self.known);
            known.reading = Some(CallBeside::begin(
                MAX_READING,
                async move { vault.current(&uri).await },
                move |read| lock(&noted).note(read),
            ));
        }
        known.reading.as_ref()
    }
}

impl Known {
    /// Takes what a reading brought; `None` if it took too long.
    fn note(&mut self, read: Option<Result<Secret, PortError>>) {
        match read {
            Some(Ok(secret)) => {
                if let Some(value) = header_value(secret.expose()) {
                    self.value = value;
                } else {
                    tracing::warn!("the collector's new credential cannot be sent");
                }
            }
            Some(Err(error)) => {
                let error = chain(&error).to_string();
                tracing::warn!(error, "the collector's credential cannot be read again");
            }
            None => tracing::warn!("the collector's credential cannot be read again in time"),
        }
        // A vault that answers late is not asked again at once.
        self.asked_at = Some(Instant::now());
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // Nothing can panic while it is held.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns a header's value that nobody prints; `None` if it cannot be sent.
pub(super) fn header_value(secret: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl fmt::Debug for Authorization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use relay::settings::Reader;
    use serde_json::json;

    use super::*;
    use crate::entra::EntraIdentity;
    use fakes::test_server::{Answer, TestServer};

    /// A vault whose secret is another one at each reading: `v1`, `v2` and so on.
    async fn rotating() -> (Authorization, Arc<AtomicUsize>) {
        vault_of(|reading| {
            let body = json!({"value": format!("v{reading}")});
            Answer::Full(200, Vec::new(), body.to_string())
        })
        .await
    }

    /// A vault that answers as a test says, by the number of the reading.
    async fn vault_of(answer: fn(usize) -> Answer) -> (Authorization, Arc<AtomicUsize>) {
        let readings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&readings);
        let server = TestServer::start(move |call| {
            if call.path.starts_with("/msi/token") {
                let body = json!({"access_token": "t", "expires_in": 3600});
                return Answer::Full(200, Vec::new(), body.to_string());
            }
            answer(counted.fetch_add(1, Ordering::SeqCst) + 1)
        })
        .await;
        let endpoint = format!("http://{}/msi/token", server.address);
        let lookup = |name: &str| match name {
            "IDENTITY_ENDPOINT" => Some(endpoint.clone()),
            "IDENTITY_HEADER" => Some("h".to_owned()),
            _ => None,
        };
        let identity = EntraIdentity::read_managed(&mut Reader::new(&lookup)).unwrap();
        let uri = format!("http://{}/secrets/collector", server.address);
        let fixed = Authorization::fixed(HeaderValue::from_static("v0"));
        (fixed.kept_in(KeyVault::new(&identity), &uri), readings)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[tokio::test]
    async fn a_refused_value_is_read_again_once_by_all_who_were_refused() {
        let (authorization, readings) = rotating().await;
        let refused = authorization.value();
        let (one, other) = tokio::join!(
            authorization.renewed(&refused, soon()),
            authorization.renewed(&refused, soon())
        );
        assert_eq!(
            (one.as_ref(), other.as_ref()),
            (Some(&authorization.value()), one.as_ref())
        );
        assert_eq!(authorization.value(), "v1");
        // The next refusal comes too early.
        assert_eq!(
            authorization.renewed(&authorization.value(), soon()).await,
            None
        );
        assert_eq!(readings.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn while_the_vault_hangs_nobody_waits_longer_than_he_has_time_and_it_is_asked_once() {
        let (authorization, readings) = vault_of(|_| Answer::Hang).await;
        let refused = authorization.value();
        for _ in 0..20 {
            let until = Instant::now() + Duration::from_millis(50);
            // A request that is cut off a moment before it would have given up.
            let asking = authorization.renewed(&refused, until + Duration::from_millis(1));
            if let Ok(renewed) = timeout_at(until, asking).await {
                assert_eq!(renewed, None);
            }
        }
        assert_eq!(authorization.value(), refused);
        assert_eq!(readings.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_fixed_value_stays() {
        let authorization = Authorization::fixed(HeaderValue::from_static("v0"));
        assert_eq!(
            authorization.renewed(&authorization.value(), soon()).await,
            None
        );
    }
}
