//! A request that the Functions host passes on as it came in, its response out.

use std::convert::Infallible;

use custom_handler::{Call, Handler, Reply};
use http_clients::{DeadLetterContainer, KeyVault};
use relay::webhook::{
    WebhookAnswer, WebhookBody, WebhookRequest, WebhookTokens, receive_body, refusal_of_head,
};
use relay::{AnySink, NoLedger, Relay};

use crate::{IngestError, Settings};

/// The largest request that the Functions host lets pass: whatever is over the setting is still measured for its dead letter.
const MAX_HOST_BYTES: usize = 104_857_600;

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Ingest {
    relay: Relay<AnySink, NoLedger, DeadLetterContainer>,
    tokens: WebhookTokens<KeyVault>,
    max_body_bytes: usize,
}

impl Ingest {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let store = || KeyVault::new(&function.identity);
        Self {
            tokens: WebhookTokens::new(settings.webhook.tokens, store),
            max_body_bytes: settings.webhook.max_body_bytes,
            relay: Relay::receiving(
                function.into_parts(env!("CARGO_PKG_NAME")),
                settings.destinations,
            ),
        }
    }

    /// Checks the head before anything of the body is kept, because anybody can call.
    async fn receive(&self, call: &mut Call) -> Result<WebhookAnswer, IngestError> {
        let deadline = call.deadline();
        let authorization = call.header("authorization").map(<[u8]>::to_vec);
        let head = (call.method(), authorization.as_deref());
        let refusal = refusal_of_head(&self.relay, &self.tokens, head, &deadline).await;
        if let Some(refusal) = refusal {
            call.discard_body().await;
            return Ok(refusal);
        }
        let body = call.body(MAX_HOST_BYTES.max(self.max_body_bytes)).await?;
        let request = WebhookRequest {
            method: call.method(),
            authorization: authorization.as_deref(),
            body: WebhookBody::Plain(&body),
            trace_id: None,
        };
        Ok(receive_body(&self.relay, self.max_body_bytes, request, &deadline).await)
    }
}

impl Handler for Ingest {
    async fn answer(&self, mut call: Call) -> Reply {
        match self.receive(&mut call).await {
            Ok(answer) => Reply {
                status: answer.status,
                json: answer.body,
                header: answer.header,
            },
            Err(error) => {
                let reason = error.to_string();
                tracing::warn!(reason, "request rejected");
                error.into()
            }
        }
    }

    async fn work_beside_calls(&self) -> Infallible {
        self.relay.counters.write_from_time_to_time().await
    }
}
