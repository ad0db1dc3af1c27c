//! What the collector knows us by: a fixed value, or a secret of Key Vault, which is read again once it is refused.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay::{SecretStore, chain};
use reqwest::header::HeaderValue;
use tokio::time::{Instant, timeout_at};

use crate::key_vault::KeyVault;

/// Least time between two readings, however often the collector refuses us.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// The value of the `Authorization` header.
pub(super) struct Authorization {
    value: Mutex<HeaderValue>,
    source: Option<Box<Source>>,
}

/// Where the value is kept.
struct Source {
    vault: KeyVault,
    uri: String,
    /// When the vault was asked last, with or without an answer; whoever holds it is asking.
    asked_at: tokio::sync::Mutex<Option<Instant>>,
}

impl Authorization {
    /// A value that stays as it is.
    pub(super) fn fixed(value: HeaderValue) -> Self {
        Self {
            value: Mutex::new(value),
            source: None,
        }
    }

    /// The same value, of a secret that may get another one.
    pub(super) fn kept_in(self, vault: KeyVault, uri: String) -> Self {
        Self {
            source: Some(Box::new(Source {
                vault,
                uri,
                asked_at: tokio::sync::Mutex::new(None),
            })),
            ..self
        }
    }

    /// What is known of it.
    pub(super) fn value(&self) -> HeaderValue {
        self.known().clone()
    }

    /// Returns another value than the refused one; `None` if there is none yet.
    pub(super) async fn renewed(
        &self,
        refused: &HeaderValue,
        until: Instant,
    ) -> Option<HeaderValue> {
        let source = self.source.as_deref()?;
        // Without an answer in time the next refusal asks again.
        let _in_time = timeout_at(until, self.renew(source, refused)).await;
        let value = self.value();
        (value != *refused).then_some(value)
    }

    /// Reads the secret, unless somebody has just done so.
    async fn renew(&self, source: &Source, refused: &HeaderValue) {
        let mut asked_at = source.asked_at.lock().await;
        let is_asked = asked_at.is_some_and(|at| at.elapsed() < READ_AGAIN_AFTER);
        if is_asked || self.value() != *refused {
            return;
        }
        match source.vault.current(&source.uri).await {
            Ok(secret) => {
                if let Some(value) = header_value(secret.expose()) {
                    *self.known() = value;
                } else {
                    tracing::warn!("the collector's new credential cannot be sent");
                }
            }
            Err(error) => {
                let error = chain(&error).to_string();
                tracing::warn!(error, "the collector's credential cannot be read again");
            }
        }
        // A vault that answers late is not asked again at once.
        *asked_at = Some(Instant::now());
    }

    fn known(&self) -> MutexGuard<'_, HeaderValue> {
        // Nothing can panic while it is held.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let readings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&readings);
        let server = TestServer::start(move |call| {
            let body = if call.path.starts_with("/msi/token") {
                json!({"access_token": "t", "expires_in": 3600})
            } else {
                let reading = counted.fetch_add(1, Ordering::SeqCst) + 1;
                json!({"value": format!("v{reading}")})
            };
            Answer::Full(200, Vec::new(), body.to_string())
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
        (fixed.kept_in(KeyVault::new(&identity), uri), readings)
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
    async fn a_fixed_value_stays() {
        let authorization = Authorization::fixed(HeaderValue::from_static("v0"));
        assert_eq!(
            authorization.renewed(&authorization.value(), soon()).await,
            None
        );
    }
}
