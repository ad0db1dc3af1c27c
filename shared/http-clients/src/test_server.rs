//! A collector on loopback, with or without TLS: it keeps what it was sent, and answers what the test says.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::CertifiedKey;
use relay::{Patience, Sending};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// The body as text; empty where it is none.
    pub(crate) body: String,
    pub(crate) bytes: Bytes,
}

/// What the collector does with a request.
pub(crate) enum Answer {
    Status(u16),
    /// A status with headers and a body.
    Full(u16, Vec<(&'static str, String)>, String),
    Redirect(&'static str),
    /// Answers once as many calls are under way as the barrier says.
    Together(Arc<Barrier>),
    Hang,
    Drop,
}

#[derive(Clone)]
pub(crate) struct TestServer {
    pub(crate) address: String,
    calls: Arc<Mutex<Vec<Call>>>,
    connections: Arc<AtomicUsize>,
}

impl TestServer {
    pub(crate) async fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen(answer, None).await
    }

    /// Serves HTTPS for `localhost`; answers the certificate as PEM, too.
    pub(crate) async fn start_tls(
        answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
    ) -> (Self, String) {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let settings = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        (Self::listen(answer, Some(acceptor)).await, cert.pem())
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn connection_count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn listen(
        answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
        acceptor: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap().to_string(),
            calls: Arc::default(),
            connections: Arc::default(),
        };
        let (accepted, answer) = (server.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.connections.fetch_add(1, Ordering::SeqCst);
                let (server, answer) = (accepted.clone(), Arc::clone(&answer));
                match acceptor.clone() {
                    None => drop(tokio::spawn(server.serve(stream, answer))),
                    Some(acceptor) => drop(tokio::spawn(async move {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            server.serve(stream, answer).await;
                        }
                    })),
                }
            }
        });
        server
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
}

/// One try of each row, so that a test sees what one call's answer means.
pub(crate) fn once(time: Duration) -> Sending {
    Sending {
        until: Instant::now() + time,
        patience: Patience::WholeTime,
        max_tries: 1,
    }
}

/// Two tries of each row.
pub(crate) fn twice(time: Duration) -> Sending {
    Sending {
        max_tries: 2,
        ..once(time)
    }
}

async fn read(request: Request<Incoming>) -> Call {
    let method = request.method().to_string();
    let path = request.uri().to_string();
    let headers = request.headers().clone();
    let bytes = request.into_body().collect().await.unwrap().to_bytes();
    Call {
        method,
        path,
        headers,
        body: String::from_utf8(bytes.to_vec()).unwrap_or_default(),
        bytes,
    }
}

async fn respond(answer: Answer) -> io::Result<Response<Full<Bytes>>> {
    let response = Response::builder();
    let response = match answer {
        Answer::Full(status, headers, body) => {
            let response = headers
                .into_iter()
                .fold(response.status(status), |response, (name, value)| {
                    response.header(name, value)
                });
            return Ok(response.body(Full::from(body)).unwrap());
        }
        Answer::Status(status) => response.status(status),
        Answer::Redirect(location) => response.status(307).header("location", location),
        Answer::Together(barrier) => {
            barrier.wait().await;
            response.status(204)
        }
        Answer::Hang => match std::future::pending::<Infallible>().await {},
        Answer::Drop => return Err(io::ErrorKind::ConnectionReset.into()),
    };
    Ok(response.body(Full::from("an answer")).unwrap())
}
