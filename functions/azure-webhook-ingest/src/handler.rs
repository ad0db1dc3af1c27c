//! A request that the Functions host passes on as it came in, its response out.

use custom_handler::{Call, Handler, Reply};
use http_clients::{DeadLetterContainer, EventTopic, KeyVault};
use relay::webhook::{
    WebhookAnswer, WebhookBody, WebhookRequest, WebhookTokens, receive_body, refusal_of_head,
};
use relay::{CounterFormat, Destination, NoLedger, OnExhaustion, Relay};

use crate::{IngestError, Settings};

/// The largest request that the Functions host lets pass: whatever is over the setting is still measured for its dead letter.
const MAX_HOST_BYTES: usize = 104_857_600;

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Ingest {
    relay: Relay<EventTopic, NoLedger, DeadLetterContainer>,
    tokens: WebhookTokens<KeyVault>,
    max_body_bytes: usize,
}

impl Ingest {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let common = settings.common;
        let identity = settings.identity;
        let event_topic = EventTopic::new(&identity, settings.event_topic, &common.tenant);
        Self {
            relay: Relay {
                function: env!("CARGO_PKG_NAME"),
                tenant: common.tenant,
                filter: common.filter,
                redaction: common.redaction,
                destinations: vec![Destination {
                    sink: event_topic,
                    schema: settings.schema,
                }],
                replay_destinations: None,
                ledger: None,
                dead_letters: DeadLetterContainer::new(&identity, settings.dead_letters),
                on_exhaustion: OnExhaustion::SetAside,
                counter_format: CounterFormat::Plain,
            },
            tokens: WebhookTokens::new(settings.tokens, || KeyVault::new(&identity)),
            max_body_bytes: settings.max_body_bytes,
        }
    }

    /// Checks the head before anything of the body is kept, because anybody can call.
    async fn receive(&self, call: &mut Call) -> Result<WebhookAnswer, IngestError> {
        let deadline = call.deadline();
        let authorization = call.header("authorization").map(<[u8]>::to_vec);
        let head = (call.method(), authorization.as_deref());
        if let Some(refusal) = refusal_of_head(&self.relay, &self.tokens, head).await {
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
                tracing::warn!(reason, "a request is not taken");
                error.into()
            }
        }
    }
}
