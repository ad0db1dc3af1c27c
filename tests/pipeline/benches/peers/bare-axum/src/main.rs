//! A bare custom handler: reads events out of the host's wrapping, posts them to one sink where it has one, answers.

use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;

const DONE: &str = r#"{"Outputs":{},"Logs":[],"ReturnValue":null}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT")?.parse()?;
    let sink = Sink::new()?;
    let call = move |body: Bytes| {
        let sink = sink.clone();
        async move {
            let is_done = match events(&body) {
                Some(events) => sink.send(events).await,
                None => false,
            };
            let status = if is_done { 200 } else { 503 };
            let status = StatusCode::from_u16(status).unwrap_or_default();
            (status, [(CONTENT_TYPE, "application/json")], DONE)
        }
    };
    let calls = Router::new()
        .route("/", get(|| async { "{}" }))
        .fallback(call);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    axum::serve(listener, calls).await?;
    Ok(())
}

/// The events of an invocation, or of a webhook's body.
fn events(body: &[u8]) -> Option<Vec<Value>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let data = body.get_mut("Data").and_then(Value::as_object_mut);
    let value = match data.and_then(|data| data.values_mut().next()) {
        Some(Value::String(text)) => serde_json::from_str(text).ok()?,
        Some(value) => value.take(),
        None => body,
    };
    match value {
        Value::Array(events) => Some(events),
        event => Some(vec![event]),
    }
}

#[cfg(not(feature = "sink"))]
#[derive(Clone)]
struct Sink;

#[cfg(not(feature = "sink"))]
impl Sink {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self)
    }

    async fn send(&self, events: Vec<Value>) -> bool {
        !events.is_empty()
    }
}

#[cfg(feature = "sink")]
#[derive(Clone)]
struct Sink {
    client: reqwest::Client,
    url: String,
}

#[cfg(feature = "sink")]
impl Sink {
    fn new() -> Result<Self, Box<dyn Error>> {
        let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy();
        Ok(Self {
            client: client.build()?,
            url: std::env::var("SINK_URL")?,
        })
    }

    /// Posts the events, one a line.
    async fn send(&self, events: Vec<Value>) -> bool {
        let mut body = Vec::new();
        for event in events {
            if serde_json::to_writer(&mut body, &event).is_err() {
                return false;
            }
            body.push(b'\n');
        }
        let sent = self.client.post(&self.url).body(body).send().await;
        let Ok(answer) = sent else {
            return false;
        };
        let status = answer.status();
        answer.bytes().await.is_ok() && status.is_success()
    }
}
