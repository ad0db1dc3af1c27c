//! The one HTTP server under every service of the local cloud.
//!
//! A handler may answer, never answer, or close the connection: what a far end does when it is ill.
//! Every server listens on a free loopback port and stops when it is dropped.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What a handler does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Sends a response.
    Respond(Response<Bytes>),
    /// Keeps the connection open and never answers.
    Hang,
    /// Closes the connection without a response.
    Drop,
}

impl Answer {
    /// A JSON body with a status.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::with_type(status, "application/json", body)
    }

    /// A body with a status and a content type.
    pub fn with_type(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Response::builder()
            .status(status)
            .header("content-type", content_type)
            .body(body.into())
            .map_or(Self::Drop, Self::Respond)
    }
}

/// A running server. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts a server whose handler gets each request with its whole body.
    pub async fn start<H, F>(handler: H) -> io::Result<Self>
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Self::on(listener, handler)
    }

    /// Starts a server on a port that is bound already.
    pub(crate) fn on<H, F>(listener: TcpListener, handler: H) -> io::Result<Self>
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::new(handler)));
        Ok(Self { address, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<H, F>(listener: TcpListener, handler: Arc<H>)
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    // The set ends its connections when this task is aborted.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&handler)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve<H, F>(stream: TcpStream, handler: Arc<H>)
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(|_closed| Closed)?.to_bytes();
            match handler(Request::from_parts(head, body)).await {
                Answer::Respond(response) => Ok(response.map(Full::new)),
                Answer::Hang => pending::<Result<Response<Full<Bytes>>, Closed>>().await,
                Answer::Drop => Err(Closed),
            }
        }
    });
    // A client that goes away ends the connection with an error that concerns nobody.
    let _closed: Result<(), hyper::Error> = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Tells hyper to close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct Closed;

impl From<Infallible> for Closed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
