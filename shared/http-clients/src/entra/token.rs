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

    /// A token that holds, and is another than the refused one, as the value of `Authorization`.
    pub(crate) async fn get(
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
