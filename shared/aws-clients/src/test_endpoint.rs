//! An HTTP endpoint on loopback that plays AWS for one test: it keeps what it was asked, and answers what the test says.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use relay::settings::{Reader, SettingsError};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use crate::connection::{AwsConnection, AwsSettings};

/// One call as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) authorization: String,
    pub(crate) session_token: String,
    pub(crate) body: Value,
}

/// What the endpoint does with a call.
pub(crate) enum Answer {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Answers once as many calls are under way as the barrier says.
    Together(Arc<Barrier>, Value),
    Hang,
    Drop,
}

pub(crate) struct TestEndpoint {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl TestEndpoint {
    pub(crate) async fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&calls);
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                let service = service_fn(move |request| {
                    let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                    async move {
                        let call = read(request).await;
                        seen.lock().unwrap().push(call.clone());
                        respond(answer(&call)).await
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { connection.await.ok() });
            }
        });
        Self { url, calls }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn connection(&self) -> AwsConnection {
        let settings = read_settings(&[("AWS_ENDPOINT_URL", &self.url)], AwsSettings::read);
        AwsConnection::new(settings.unwrap())
    }
}

/// Reads settings from a few values and those that Lambda always sets.
pub(crate) fn read_settings<T>(
    values: &[(&str, &str)],
    read: impl Fn(&mut Reader<'_>) -> Option<T>,
) -> Result<T, SettingsError> {
    let usual = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example-secret"),
        ("AWS_SESSION_TOKEN", "example-token"),
    ];
    let lookup = |name: &str| {
        let mut all = values.iter().chain(&usual);
        all.find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let mut reader = Reader::new(&lookup);
    let settings = read(&mut reader);
    reader.finish(|| settings)
}

async fn read(request: Request<Incoming>) -> Call {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let operation = header("x-amz-target");
    let authorization = header("authorization");
    let session_token = header("x-amz-security-token");
    let bytes = request.into_body().collect().await.unwrap().to_bytes();
    Call {
        operation,
        authorization,
        session_token,
        body: serde_json::from_slice(&bytes).unwrap(),
    }
}

async fn respond(answer: Answer) -> io::Result<Response<Full<Bytes>>> {
    let (status, text) = match answer {
        Answer::Json(status, value) => (status, value.to_string()),
        Answer::Text(status, text) => (status, text.to_owned()),
        Answer::Together(barrier, value) => {
            barrier.wait().await;
            (200, value.to_string())
        }
        Answer::Hang => match std::future::pending::<Infallible>().await {},
        Answer::Drop => return Err(io::ErrorKind::ConnectionReset.into()),
    };
    let response = Response::builder().status(status).body(Full::from(text));
    Ok(response.unwrap())
}
