//! The one HTTP server under every service here, with or without TLS.
//!
//! A handler may answer, never answer, or close the connection: what an endpoint does when it is faulty.
//! Every server listens on a free loopback port and stops when it is dropped.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::lock::lock;

/// What a handler does with a request.
#[derive(Debug)]
pub enum Answer {
    /// Sends a response.
    Respond(Response<Bytes>),
    /// Keeps the connection open and never answers.
    Hang,
    /// Closes the connection without a response.
    Drop,
    /// Resets the connection: what the client reads is an error and no end. With TLS it is only closed.
    Reset,
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
    connections: Arc<AtomicUsize>,
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
    pub fn on<H, F>(listener: TcpListener, handler: H) -> io::Result<Self>
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let handler = Arc::new(handler);
        Self::serving(listener, move |stream| {
            // Another handle of the same socket: the stream itself is hyper's.
            let socket = stream.as_fd().try_clone_to_owned().ok();
            serve(stream, socket, Arc::clone(&handler))
        })
    }

    /// Starts a server that speaks TLS, with a certificate for `localhost` and 127.0.0.1 that is made anew. Returns the
    /// certificate as PEM, too.
    #[cfg(feature = "tls")]
    pub async fn start_tls<H, F>(handler: H) -> io::Result<(Self, String)>
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let (acceptor, certificate) = crate::tls::acceptor()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let handler = Arc::new(handler);
        let server = Self::serving(listener, move |stream| {
            let (acceptor, handler) = (acceptor.clone(), Arc::clone(&handler));
            async move {
                // A client that does not trust the certificate goes away.
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, None, handler).await;
                }
            }
        });
        Ok((server?, certificate))
    }

    fn serving<S, F>(listener: TcpListener, serve: S) -> io::Result<Self>
    where
        S: Fn(TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let connections = Arc::<AtomicUsize>::default();
        let accepting = tokio::spawn(accept(listener, serve, Arc::clone(&connections)));
        Ok(Self {
            address,
            connections,
            accepting,
        })
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
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

async fn accept<S, F>(listener: TcpListener, serve: S, count: Arc<AtomicUsize>)
where
    S: Fn(TcpStream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    // The set ends its connections when this task is aborted.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    count.fetch_add(1, Ordering::SeqCst);
                    connections.spawn(serve(stream));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve<T, H, F>(stream: T, socket: Option<OwnedFd>, handler: Arc<H>)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let socket = Arc::new(Mutex::new(socket));
    let service = service_fn(move |request: Request<Incoming>| {
        let (handler, socket) = (Arc::clone(&handler), Arc::clone(&socket));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(|_closed| Closed)?.to_bytes();
            match handler(Request::from_parts(head, body)).await {
                Answer::Respond(response) => Ok(response.map(Full::new)),
                Answer::Hang => pending::<Result<Response<Full<Bytes>>, Closed>>().await,
                Answer::Drop => Err(Closed),
                Answer::Reset => {
                    reset_when_closed(lock(&socket).take());
                    Err(Closed)
                }
            }
        }
    });
    // A client that goes away ends the connection with an error that concerns nobody.
    let _closed: Result<(), hyper::Error> = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Has the system reset a connection in the place of closing it, once its last handle is gone.
fn reset_when_closed(socket: Option<OwnedFd>) {
    let stream = socket.map(std::net::TcpStream::from);
    let stream = stream.and_then(|stream| TcpStream::from_std(stream).ok());
    if let Some(stream) = stream {
        // Without it the connection is only closed.
        let _set: io::Result<()> = stream.set_zero_linger();
    }
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
