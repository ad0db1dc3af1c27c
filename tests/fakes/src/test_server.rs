//! An HTTP endpoint for one test: it keeps what it was sent, and answers what the test says.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use tokio::sync::Barrier;

use crate::lock::lock;
use crate::server::{self, Server};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body as text; empty where it is none.
    pub body: String,
    /// The body.
    pub bytes: Bytes,
}

/// What is done with a request.
#[derive(Debug)]
pub enum Answer {
    /// A status, with a body of a few words.
    Status(u16),
    /// A status with headers and a body.
    Full(u16, Vec<(&'static str, String)>, String),
    /// Sends the caller elsewhere, with its method and its body.
    Redirect(&'static str),
    /// Status 204, once as many calls are under way as the barrier says.
    Together(Arc<Barrier>),
    /// What `Full` has, once as many calls are under way as the barrier says.
    FullTogether(Arc<Barrier>, u16, String),
    /// Keeps the connection open and never answers.
    Hang,
    /// Closes the connection without a response.
    Drop,
}

/// A running endpoint. It serves until the test ends, whoever keeps it: a client may outlive the test's hold on it.
#[derive(Debug, Clone)]
pub struct TestServer {
    /// Where it listens, host and port.
    pub address: String,
    calls: Arc<Mutex<Vec<Call>>>,
    server: Arc<Server>,
}

impl TestServer {
    /// Serves HTTP.
    ///
    /// # Panics
    ///
    /// Where there is no free port on loopback.
    #[expect(clippy::expect_used, reason = "a test that gets no port cannot run")]
    pub async fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let calls = Arc::default();
        let server = Server::start(recording(answer, &calls)).await;
        Self::of(server.expect("a port on loopback"), calls)
    }

    /// Serves HTTPS; returns the certificate as PEM, too.
    ///
    /// # Panics
    ///
    /// Where there is no free port on loopback.
    #[cfg(feature = "tls")]
    #[expect(clippy::expect_used, reason = "a test that gets no port cannot run")]
    pub async fn start_tls(
        answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
    ) -> (Self, String) {
        let calls = Arc::default();
        let started = Server::start_tls(recording(answer, &calls)).await;
        let (server, certificate) = started.expect("a port on loopback and a certificate");
        (Self::of(server, calls), certificate)
    }

    fn of(server: Server, calls: Arc<Mutex<Vec<Call>>>) -> Self {
        let server = Arc::new(server);
        let held = Arc::clone(&server);
        // The runtime of the test drops it.
        tokio::spawn(async move {
            pending::<()>().await;
            drop(held);
        });
        Self {
            address: server.address().to_string(),
            calls,
            server,
        }
    }

    /// The requests so far.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// How many connections it has accepted.
    pub fn connection_count(&self) -> usize {
        self.server.connections()
    }
}

type Answered = Pin<Box<dyn Future<Output = server::Answer> + Send>>;

fn recording(
    answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
    calls: &Arc<Mutex<Vec<Call>>>,
) -> impl Fn(Request<Bytes>) -> Answered + Send + Sync + 'static {
    let calls = Arc::clone(calls);
    move |request| {
        let (head, bytes) = request.into_parts();
        let call = Call {
            method: head.method.to_string(),
            path: head.uri.to_string(),
            headers: head.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap_or_default(),
            bytes,
        };
        lock(&calls).push(call.clone());
        Box::pin(respond(answer(&call)))
    }
}

async fn respond(answer: Answer) -> server::Answer {
    let response = Response::builder();
    let (response, body) = match answer {
        Answer::Full(status, headers, body) => {
            let begun = response.status(status);
            let response = headers.into_iter().fold(begun, |response, (name, value)| {
                response.header(name, value)
            });
            (response, body)
        }
        Answer::Status(status) => (response.status(status), "an answer".to_owned()),
        Answer::Redirect(location) => {
            let response = response.status(307).header("location", location);
            (response, "an answer".to_owned())
        }
        Answer::Together(barrier) => {
            barrier.wait().await;
            (response.status(204), String::new())
        }
        Answer::FullTogether(barrier, status, body) => {
            barrier.wait().await;
            (response.status(status), body)
        }
        Answer::Hang => match pending::<Infallible>().await {},
        Answer::Drop => return server::Answer::Drop,
    };
    let response = response.body(Bytes::from(body));
    response.map_or(server::Answer::Drop, server::Answer::Respond)
}
