//! A function URL's or HTTP API's request in, its response out.

mod request;

use aws_clients::{DeadLetterQueue, SecretsManager};
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::header::{AUTHORIZATION, CONTENT_TYPE};
use aws_lambda_events::http::{HeaderMap, HeaderValue};
use lambda_handler::{Bytes, Handler};
use lambda_runtime::Context;
use relay::webhook::{WebhookAnswer, WebhookRequest, WebhookTokens, receive};
use relay::{AnySink, Deadline, NoLedger, Relay};

use crate::{IngestError, Settings};
use request::HttpRequest;

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Ingest {
    relay: Relay<AnySink, NoLedger, DeadLetterQueue>,
    tokens: WebhookTokens<SecretsManager>,
    max_body_bytes: usize,
}

impl Ingest {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let store = || SecretsManager::new(&function.connection);
        Self {
            tokens: WebhookTokens::new(settings.webhook.tokens, store),
            max_body_bytes: settings.webhook.max_body_bytes,
            relay: Relay::receiving(function.into_parts(), settings.destinations),
        }
    }
}

impl Handler for Ingest {
    type Answer = ApiGatewayV2httpResponse;
    /// Only an event that is no HTTP request at all is not answered.
    type Error = IngestError;

    async fn prepare(&self) {
        self.relay.prepare().await;
    }

    async fn answer(
        &self,
        payload: Bytes,
        context: &Context,
    ) -> Result<ApiGatewayV2httpResponse, IngestError> {
        let deadline = Deadline::at_epoch_millis(context.deadline);
        let mut request = read(&payload).inspect_err(|_| self.relay.report_nothing())?;
        drop(payload);
        let body = request.take_body();
        let request = WebhookRequest {
            method: request.method(),
            authorization: request.header(AUTHORIZATION.as_str()).map(str::as_bytes),
            body,
            trace_id: context.xray_trace_id.as_deref(),
        };
        let limit = self.max_body_bytes;
        let answer = receive(&self.relay, &self.tokens, limit, request, &deadline).await;
        Ok(response(answer))
    }
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
