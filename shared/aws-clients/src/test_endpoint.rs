//! An HTTP endpoint on loopback that plays AWS for one test: it keeps what it was asked, and answers what the test says.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::CertifiedKey;
use relay::settings::{Reader, SettingsError};
use relay::{Patience, Sending};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

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

#[derive(Clone)]
pub(crate) struct TestEndpoint {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl TestEndpoint {
    pub(crate) async fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen("http", answer, None).await
    }

    /// Serves HTTPS; answers the certificate as PEM, too.
    pub(crate) async fn start_tls(
        answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
    ) -> (Self, String) {
        let names = vec!["127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let settings = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        (
            Self::listen("https", answer, Some(acceptor)).await,
            cert.pem(),
        )
    }

    async fn listen(
        scheme: &str,
        answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
        acceptor: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Self {
            url: format!("{scheme}://{}", listener.local_addr().unwrap()),
            calls: Arc::default(),
        };
        let (listening, answer) = (endpoint.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (endpoint, answer) = (listening.clone(), Arc::clone(&answer));
                match acceptor.clone() {
                    None => drop(tokio::spawn(endpoint.serve(stream, answer))),
                    Some(acceptor) => drop(tokio::spawn(async move {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            endpoint.serve(stream, answer).await;
                        }
                    })),
                }
            }
        });
        endpoint
    }

    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        answer: Arc<impl Fn(&Call) -> Answer + Send + Sync + 'static>,
    ) {
        let service = service_fn(|request| async {
            let call = read(request).await;
            self.calls.lock().unwrap().push(call.clone());
            respond(answer(&call)).await
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        // A client that goes away is part of some tests.
        drop(connection.await);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn connection(&self) -> AwsConnection {
        self.connection_with(&[])
    }

    pub(crate) fn connection_with(&self, values: &[(&str, &str)]) -> AwsConnection {
        let mut values = values.to_vec();
        values.push(("AWS_ENDPOINT_URL", &self.url));
        AwsConnection::new(read_settings(&values, AwsSettings::read).unwrap())
    }
}

/// One try of each item, so that a test sees what one call's answer means.
pub(crate) fn once(time: Duration) -> Sending {
    Sending {
        until: Instant::now() + time,
        patience: Patience::WholeTime,
        max_tries: 1,
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
