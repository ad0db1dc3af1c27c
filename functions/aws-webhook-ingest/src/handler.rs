//! A function URL's or HTTP API's request in, its response out.

mod request;

use aws_clients::{AwsConnection, DeadLetterQueue, EventBus, SecretsManager};
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::header::{AUTHORIZATION, CONTENT_TYPE};
use aws_lambda_events::http::{HeaderMap, HeaderValue};
use lambda_runtime::Context;
use relay::webhook::{WebhookAnswer, WebhookBody, WebhookRequest, WebhookTokens, receive};
use relay::{CounterFormat, Deadline, Destination, NoLedger, OnExhaustion, Relay};

use crate::{IngestError, Settings};
use request::HttpRequest;

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Ingest {
    relay: Relay<EventBus, NoLedger, DeadLetterQueue>,
    tokens: WebhookTokens<SecretsManager>,
    max_body_bytes: usize,
}

impl Ingest {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let connection = AwsConnection::new(settings.aws);
        let common = settings.common;
        let event_bus = EventBus::new(&connection, settings.event_bus, &common.tenant);
        Self {
            relay: Relay {
                function: env!("CARGO_PKG_NAME"),
                tenant: common.tenant,
                filter: common.filter,
                redaction: common.redaction,
                destinations: vec![Destination {
                    sink: event_bus,
                    schema: settings.schema,
                }],
                replay_destinations: None,
                ledger: None,
                dead_letters: DeadLetterQueue::new(&connection, settings.dead_letters),
                on_exhaustion: OnExhaustion::SetAside,
                counter_format: CounterFormat::EmbeddedMetrics,
            },
            tokens: WebhookTokens::new(settings.tokens, || SecretsManager::new(&connection)),
            max_body_bytes: settings.max_body_bytes,
        }
    }
}

/// Answers one webhook request: the payload as it came, and Lambda's word about it.
///
/// # Errors
/// Only where the event is no HTTP request at all.
pub async fn handle(
    ingest: &Ingest,
    payload: &[u8],
    context: &Context,
) -> Result<ApiGatewayV2httpResponse, IngestError> {
    let deadline = Deadline::at_epoch_millis(context.deadline);
    let request = read(payload).inspect_err(|_| ingest.relay.report_nothing())?;
    let request = WebhookRequest {
        method: request.method(),
        authorization: request.header(AUTHORIZATION.as_str()).map(str::as_bytes),
        body: if request.is_base64_encoded {
            WebhookBody::Base64(request.body())
        } else {
            WebhookBody::Plain(request.body().as_bytes())
        },
        trace_id: context.xray_trace_id.as_deref(),
    };
    let answer = receive(
        &ingest.relay,
        &ingest.tokens,
        ingest.max_body_bytes,
        request,
        &deadline,
    )
    .await;
    Ok(response(answer))
}

fn read(payload: &[u8]) -> Result<HttpRequest, IngestError> {
    let payload = str::from_utf8(payload).map_err(IngestError::NotText)?;
    HttpRequest::read(payload).map_err(IngestError::NotARequest)
}

fn response(answer: WebhookAnswer) -> ApiGatewayV2httpResponse {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some((name, value)) = answer.header {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(answer.status);
    response.headers = headers;
    response.body = Some(Body::Text(answer.body));
    response
}
