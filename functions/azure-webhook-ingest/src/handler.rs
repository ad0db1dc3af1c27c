//! A request that the Functions host passes on as it came in, its response out; and one that it hands over in an envelope.

mod unproxied;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use custom_handler::{Call, Handler, MAX_HOST_BYTES, Reply};
use http_clients::{DeadLetterContainer, KeyVault};
use relay::webhook::{
    WebhookAnswer, WebhookBody, WebhookRequest, WebhookTokens, receive_body, refusal_of_head,
};
use relay::{AnySink, NoLedger, Relay};
use tenant_logs::LargeBody;

use crate::{IngestError, Settings};
use unproxied::Unproxied;

/// The largest request that the Functions host lets pass, in the host's envelope, where quotes are escaped.
const MAX_ENVELOPE_BYTES: usize = 2 * MAX_HOST_BYTES;

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Ingest {
    relay: Relay<AnySink, NoLedger, DeadLetterContainer>,
    tokens: WebhookTokens<KeyVault>,
    max_body_bytes: usize,
    says_that_proxying_is_off: Once,
}

impl Ingest {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let store = || KeyVault::new(&function.identity);
        Self {
            tokens: WebhookTokens::new(settings.webhook.tokens, store),
            max_body_bytes: settings.webhook.max_body_bytes,
            says_that_proxying_is_off: Once::new(),
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
        let large = Arc::new(Mutex::new(LargeBody::begin(&self.relay.redaction)));
        let pieces = Arc::clone(&large);
        let add = move |piece: &[u8]| lock(&pieces).add(piece);
        let body = call.body_or_pieces(self.max_body_bytes, Box::new(add));
        let body = body.await?;
        let request = WebhookRequest {
            method: call.method(),
            authorization: authorization.as_deref(),
            body: match body {
                Some(body) => WebhookBody::Plain(Vec::from(body).into()),
                None => WebhookBody::Large(lock(&large).clone()),
            },
            trace_id: None,
        };
        Ok(receive_body(&self.relay, self.max_body_bytes, request, &deadline).await)
    }

    /// The same for a request in the host's envelope, which has to be read before its head is known.
    async fn receive_unproxied(&self, call: &mut Call) -> Result<WebhookAnswer, IngestError> {
        self.says_that_proxying_is_off.call_once(|| {
            tracing::warn!(
                "the host does not pass requests on: enableProxyingHttpRequest in host.json is off, or the host is too old; \
                bodies that are compressed or sent in chunks are answered 503"
            );
        });
        let deadline = call.deadline();
        let envelope = call.body(MAX_ENVELOPE_BYTES).await?;
        let text = str::from_utf8(&envelope).map_err(|_unreadable| IngestError::NotAnEnvelope)?;
        let request = Unproxied::read(text).map_err(|_unreadable| IngestError::NotAnEnvelope)?;
        drop(envelope);
        let authorization = request.header("authorization").map(str::as_bytes);
        let head = (request.method.as_str(), authorization);
        if let Some(refusal) = refusal_of_head(&self.relay, &self.tokens, head, &deadline).await {
            return Ok(refusal);
        }
        let request = WebhookRequest {
            method: &request.method,
            authorization,
            body: request.body().ok_or(IngestError::LostByTheHost)?,
            trace_id: None,
        };
        Ok(receive_body(&self.relay, self.max_body_bytes, request, &deadline).await)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reply(answered: Result<WebhookAnswer, IngestError>) -> Reply {
    match answered {
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

impl Handler for Ingest {
    async fn answer(&self, mut call: Call) -> Reply {
        // By the path alone: what a body looks like is its sender's choice.
        if call.path() == unproxied::PATH {
            unproxied::reply(&reply(self.receive_unproxied(&mut call).await))
        } else {
            reply(self.receive(&mut call).await)
        }
    }

    async fn work_beside_calls(&self) -> Infallible {
        self.relay.counters.write_from_time_to_time().await
    }
}
