//! PutEvents by AWS's own signer and HTTP client, without the SDK's orchestration around them: its interceptors and
//! layers of configuration cost as much as all that is done with ten events.

use std::fmt;

use aws_sdk_eventbridge::config::Credentials;
use aws_sdk_eventbridge::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_eventbridge::config::http::HttpRequest;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tenant_logs::Timestamp;
use tokio::sync::OnceCell;

use crate::error::CallError;

/// The headers of a call, besides those of its signature (AWS JSON 1.1).
const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "AWSEvents.PutEvents"),
    (
        "user-agent",
        concat!("auth0-log-relay/", env!("CARGO_PKG_VERSION")),
    ),
];
/// Where an answer says which error it is, before its body does.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// EventBridge of one region, by the credentials of the environment.
pub(crate) struct EventBridge {
    connector: SharedHttpConnector,
    identity: Identity,
    region: String,
    endpoint_override: Option<String>,
    endpoint: OnceCell<String>,
}

/// What became of each entry of a call, in their order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutEventsAnswer {
    #[serde(default)]
    pub(super) entries: Vec<AnsweredEntry>,
}

/// An entry that was taken has an identifier, one that was refused a code.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AnsweredEntry {
    pub(super) event_id: Option<IgnoredAny>,
    pub(super) error_code: Option<String>,
}

/// An error as AWS JSON writes it.
#[derive(Deserialize)]
struct ErrorAnswer {
    #[serde(rename = "__type", alias = "code")]
    code: String,
}

impl EventBridge {
    pub(crate) fn new(
        connector: SharedHttpConnector,
        credentials: Credentials,
        region: String,
        endpoint_override: Option<String>,
    ) -> Self {
        Self {
            connector,
            identity: credentials.into(),
            region,
            endpoint_override,
            endpoint: OnceCell::new(),
        }
    }

    /// Makes one call; `target` says whom, in an error.
    pub(super) async fn put_events(
        &self,
        target: &str,
        body: Bytes,
    ) -> Result<PutEventsAnswer, CallError> {
        let request = self.request(body).await;
        let request = request.map_err(|source| CallError::Unmade {
            target: target.to_owned(),
            source,
        })?;
        let response = match self.connector.call(request).await {
            Ok(response) => response,
            Err(error) => return Err(lost(target, error.is_timeout(), error)),
        };
        let status = response.status().as_u16();
        let code = response.headers().get(ERROR_TYPE).map(str::to_owned);
        let body = match ByteStream::new(response.into_body()).collect().await {
            Ok(body) => body.into_bytes(),
            Err(error) => return Err(lost(target, false, error)),
        };
        if status == 200 {
            let answer = serde_json::from_slice(&body).ok();
            return answer.ok_or_else(|| CallError::Unreadable {
                target: target.to_owned(),
            });
        }
        let code = code.or_else(|| {
            let answer: Option<ErrorAnswer> = serde_json::from_slice(&body).ok();
            answer.map(|answer| answer.code)
        });
        Err(CallError::answered(
            target.to_owned(),
            status,
            code.as_deref().map(bare_code),
        ))
    }

    async fn request(&self, body: Bytes) -> Result<HttpRequest, BoxError> {
        let endpoint = self.endpoint.get_or_try_init(|| self.resolve()).await?;
        let signature = SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("events")
            .time(Timestamp::now().into())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let content = SignableBody::Bytes(&body);
        let signable = SignableRequest::new("POST", endpoint, HEADERS.into_iter(), content)?;
        let (instructions, _) = sign(signable, &signature)?.into_parts();
        let (signed, _) = instructions.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri(endpoint.as_str())?;
        let headers = request.headers_mut();
        for (name, value) in HEADERS {
            headers.try_insert(name, value)?;
        }
        for header in signed {
            headers.try_insert(header.name(), header.value().to_owned())?;
        }
        Ok(request)
    }

    /// The region's endpoint, by the rules that the SDK carries.
    async fn resolve(&self) -> Result<String, BoxError> {
        if let Some(endpoint) = &self.endpoint_override {
            return Ok(endpoint.clone());
        }
        let place = Params::builder().region(self.region.clone()).build()?;
        let resolver = DefaultResolver::new();
        let endpoint = ResolveEndpoint::resolve_endpoint(&resolver, &place).await?;
        Ok(endpoint.url().to_owned())
    }
}

impl fmt::Debug for EventBridge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EventBridge")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// A call whose answer did not come.
fn lost(target: &str, is_timeout: bool, source: impl Into<BoxError>) -> CallError {
    let target = target.to_owned();
    if is_timeout {
        CallError::TimedOut { target }
    } else {
        let source = source.into();
        CallError::Unreachable { target, source }
    }
}

/// A code without the namespace before it and the address behind it.
fn bare_code(code: &str) -> &str {
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    code.split_once('#').map_or(code, |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use aws_smithy_http_client::Connector;

    use super::*;

    async fn endpoint(region: &str, endpoint_override: Option<&str>) -> String {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let connector = SharedHttpConnector::new(Connector::builder().build_http());
        let endpoint_override = endpoint_override.map(str::to_owned);
        let region = region.to_owned();
        let client = EventBridge::new(connector, credentials, region, endpoint_override);
        client.resolve().await.unwrap()
    }

    #[tokio::test]
    async fn the_endpoint_is_that_of_the_region_unless_one_is_set() {
        let of_region = endpoint("eu-central-1", None).await;
        assert_eq!(of_region, "https://events.eu-central-1.amazonaws.com");
        let of_china = endpoint("cn-north-1", None).await;
        assert_eq!(of_china, "https://events.cn-north-1.amazonaws.com.cn");
        let set = endpoint("eu-central-1", Some("http://127.0.0.1:4566")).await;
        assert_eq!(set, "http://127.0.0.1:4566");
    }

    #[test]
    fn a_code_is_read_without_what_is_around_it() {
        assert_eq!(bare_code("InternalFailure"), "InternalFailure");
        let whole = "com.amazonaws.events#ThrottlingException:http://example.com/errors#1";
        assert_eq!(bare_code(whole), "ThrottlingException");
    }
}
