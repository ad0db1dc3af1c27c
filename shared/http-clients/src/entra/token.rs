//! The token for one resource of an identity.

use std::sync::Arc;

use relay::CallError;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::EntraIdentity;
use crate::access_token::{HeldToken, NoToken};

/// The token for one resource.
#[derive(Debug)]
pub(crate) struct TokenCache {
    resource: &'static str,
    held: HeldToken<CallError>,
}

impl TokenCache {
    pub(crate) fn new(resource: &'static str) -> Self {
        Self {
            resource,
            held: HeldToken::new(),
        }
    }

    /// A token that holds, as the value of `Authorization`.
    pub(crate) async fn token(
        &self,
        identity: &EntraIdentity,
        until: Instant,
    ) -> Result<HeaderValue, Arc<CallError>> {
        self.get(identity, None, until).await
    }

    /// Another token than the refused one, unless somebody else has fetched it meanwhile.
    pub(crate) async fn renewed(
        &self,
        identity: &EntraIdentity,
        refused: &HeaderValue,
        until: Instant,
    ) -> Result<HeaderValue, Arc<CallError>> {
        self.get(identity, Some(refused), until).await
    }

    async fn get(
        &self,
        identity: &EntraIdentity,
        refused: Option<&HeaderValue>,
        until: Instant,
    ) -> Result<HeaderValue, Arc<CallError>> {
        let (asking, resource) = (identity.clone(), self.resource);
        let fetch = |until| async move { asking.fetch(resource, until).await };
        let token = self.held.get(refused, until, fetch).await;
        token.map_err(|error| match error {
            NoToken::Failed(error) => error,
            NoToken::OutOfTime => Arc::new(CallError::TimedOut {
                target: identity.credential.target().to_owned(),
            }),
        })
    }
}
