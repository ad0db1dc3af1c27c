//! One Azure service: calls with a token, which is renewed once where it is not accepted.

use std::time::Duration;

use relay::{CallError, Tries};
use reqwest::header::{AUTHORIZATION, HeaderName};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use tenant_logs::Timestamp;
use tokio::time::Instant;

use crate::entra::{EntraIdentity, TokenCache};
use crate::exchange::{Answer, exchange};

/// Tries of a call that nobody else makes again.
const TRIES: Tries = Tries {
    max: 10,
    max_time: Duration::from_secs(5),
};
/// Whom tokens for storage are for, in every cloud.
pub(crate) const STORAGE: &str = "https://storage.azure.com";
/// The version of storage that is spoken: the first that takes tokens for tables.
pub(crate) const STORAGE_VERSION: (HeaderName, &str) =
    (HeaderName::from_static("x-ms-version"), "2020-12-06");

/// A service with the tokens for it.
#[derive(Debug)]
pub(crate) struct AzureService {
    identity: EntraIdentity,
    tokens: TokenCache,
    target: String,
    advice: &'static str,
}

impl AzureService {
    /// A service that is known in reasons as `target`; `advice` is what to check where nothing can pass.
    pub(crate) fn new(
        identity: &EntraIdentity,
        resource: &'static str,
        target: String,
        advice: &'static str,
    ) -> Self {
        Self {
            identity: identity.clone(),
            tokens: TokenCache::new(resource),
            target,
            advice,
        }
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Makes a call, and makes it a second time with a new token where the first one is not accepted.
    pub(crate) async fn call(
        &self,
        until: Instant,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, CallError> {
        let no_token = |source| CallError::NoToken {
            target: self.target.clone(),
            source,
        };
        let request = || build(self.identity.client());
        let token = self.tokens.get(&self.identity, None, until).await;
        let token = token.map_err(no_token)?;
        let first = request().header(AUTHORIZATION, token.clone());
        let answer = exchange(first, until, &self.target).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let renewed = self.tokens.get(&self.identity, Some(&token), until).await;
        let renewed = renewed.map_err(no_token)?;
        let second = request().header(AUTHORIZATION, renewed);
        exchange(second, until, &self.target).await
    }

    /// Makes a call, and makes it again while the service is busy or silent and there is time.
    pub(crate) async fn call_with_retry(
        &self,
        until: Instant,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, CallError> {
        let build = &build;
        let call = |end| async move {
            let answer = self.call(end, build).await?;
            if answer.is_busy() {
                return Err(self.error(answer));
            }
            Ok(answer)
        };
        relay::call_with_retry(&self.target, TRIES, until, call).await
    }

    /// Returns an answer that is a success; of any other, what it means.
    pub(crate) fn success(&self, answer: Answer) -> Result<Answer, CallError> {
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(self.error(answer))
        }
    }

    /// Reads the JSON that a success brings.
    pub(crate) fn json<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, CallError> {
        let body = answer.whole_body();
        let read = body.and_then(|body| serde_json::from_slice(body).ok());
        read.ok_or_else(|| self.unreadable())
    }

    /// What an answer that is no success means.
    pub(crate) fn error(&self, answer: Answer) -> CallError {
        answer.into_error(&self.target, self.advice)
    }

    /// A call whose answer cannot be understood, though it is a success.
    pub(crate) fn unreadable(&self) -> CallError {
        CallError::Unreadable {
            target: self.target.clone(),
        }
    }
}

/// Adds what every call of storage carries.
pub(crate) fn of_storage(request: RequestBuilder) -> RequestBuilder {
    let now = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT");
    let (name, version) = STORAGE_VERSION;
    request
        .header(name, version)
        .header("x-ms-date", now.to_string())
}
