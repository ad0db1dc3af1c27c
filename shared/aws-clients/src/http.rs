//! How the SDK's clients reach the network: hyper's client, over rustls on ring, by HTTP/1.1.
//!
//! The SDK's own connector (`aws-smithy-http-client`) cannot be built without HTTP/2, which then comes along for every
//! other HTTP client of the binary, too: docs/decisions/0003-connector-of-the-aws-sdk-is-ours.md has the figures.

use std::time::Duration;

use aws_sdk_eventbridge::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as TcpConnector, capture_connection,
};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::tls::Tls;

/// As long as the SDK waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// One pool of connections for all clients.
#[derive(Debug)]
pub(crate) struct HyperConnector {
    client: Client<HttpsConnector<TcpConnector>, SdkBody>,
}

impl HyperConnector {
    /// Prepares connections; nothing is sent yet.
    pub(crate) fn new(tls: Tls) -> Self {
        let mut tcp = TcpConnector::new();
        // TLS comes on top.
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls.0)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            // Idle connections are closed by it.
            .pool_timer(TokioTimer::new())
            .build(https);
        Self { client }
    }
}

impl HttpConnector for HyperConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let used = capture_connection(&mut request);
        if let Some(asked) = request.extensions().get::<CaptureSmithyConnection>() {
            asked.set_connection_retriever(move || Some(metadata(&used)));
        }
        let answering = self.client.request(request);
        HttpConnectorFuture::new(async move {
            let response = answering.await;
            // What fails here is the network's: the request was whole.
            let response = response.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What the SDK asks for to give up a connection, so that the next call opens another: after a 500, or a broken answer.
fn metadata(used: &CaptureConnection) -> ConnectionMetadata {
    let used = used.clone();
    ConnectionMetadata::builder()
        .proxied(false)
        .poison_fn(move || {
            if let Some(connected) = used.connection_metadata().as_ref() {
                connected.poison();
            }
        })
        .build()
}

#[cfg(test)]
mod tests;
