//! One Azure service: calls with a token, which is renewed once where it is not accepted.

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder, StatusCode};
use tokio::time::Instant;

use crate::call_error::CallError;
use crate::entra::{EntraIdentity, TokenCache};
use crate::exchange::{Answer, exchange};

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
        let no_token = |error| CallError::NoToken {
            target: self.target.clone(),
            source: Box::new(error),
        };
        let request = || build(self.identity.client());
        let token = self.tokens.token(&self.identity, until).await;
        let token = token.map_err(no_token)?;
        let first = request().header(AUTHORIZATION, token.clone());
        let answer = exchange(first, until, &self.target).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let renewed = self.tokens.renewed(&self.identity, &token, until).await;
        let renewed = renewed.map_err(no_token)?;
        let second = request().header(AUTHORIZATION, renewed);
        exchange(second, until, &self.target).await
    }

    /// What an answer that is no success means.
    pub(crate) fn error(&self, answer: Answer) -> CallError {
        answer.into_error(&self.target, self.advice)
    }
}
