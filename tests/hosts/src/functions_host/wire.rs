//! How the host speaks to a handler: HTTP/1.1 on loopback, bodies in chunks of 1,024 bytes, connections kept.
//!
//! A kept connection that the handler has closed badly fails the call that takes it, as with the real host. One that is
//! idle for too long is closed from here.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderValue, LOCATION};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use fakes::lock::lock;

/// How often a handler may lead elsewhere.
const MAX_REDIRECTS: usize = 50;
/// Bytes of a chunk, as the real host was seen to send them.
const CHUNK_BYTES: usize = 1_024;

type AnyBody = UnsyncBoxBody<Bytes, Infallible>;

/// The connections to one handler process.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    idle: Arc<Mutex<Vec<Idle>>>,
}

/// A connection that nobody uses.
#[derive(Debug)]
struct Idle {
    sender: SendRequest<AnyBody>,
    since: Instant,
}

/// A body whose length nobody tells, so that it goes out in chunks.
struct Chunks(Bytes);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(CHUNK_BYTES);
        let chunk = self.0.split_to(length);
        let frame = (!chunk.is_empty()).then(|| Ok(Frame::data(chunk)));
        Poll::Ready(frame)
    }
}

impl Wire {
    /// Connections to a port of this machine, none open yet.
    pub(crate) fn to(port: u16, idle_limit: Duration) -> Self {
        let idle = Arc::default();
        tokio::spawn(close_idle(Arc::downgrade(&idle), idle_limit));
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            idle,
        }
    }

    /// Sends a request in chunks, and follows where the answer leads: with GET, whatever the method was.
    pub(crate) async fn send_and_follow(
        &self,
        request: Request<Bytes>,
    ) -> io::Result<Response<Bytes>> {
        let host = request.headers().get(HOST).cloned();
        let mut response = self.send_chunked(request).await?;
        for _ in 0..MAX_REDIRECTS {
            let location = response.headers().get(LOCATION);
            let Some(path) = location
                .filter(|_| response.status().is_redirection())
                .and_then(path_of)
            else {
                break;
            };
            let mut next = Request::get(path);
            if let Some(host) = &host {
                next = next.header(HOST, host);
            }
            let next = next.body(Bytes::new()).map_err(io::Error::other)?;
            response = self.send_whole(next).await?;
        }
        Ok(response)
    }

    /// Sends a request in chunks and reads the whole answer.
    pub(crate) async fn send_chunked(
        &self,
        request: Request<Bytes>,
    ) -> io::Result<Response<Bytes>> {
        self.send(request.map(|body| Chunks(body).boxed_unsync()))
            .await
    }

    /// Sends a request with its length and reads the whole answer.
    pub(crate) async fn send_whole(&self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        self.send(request.map(|body| Full::from(body).boxed_unsync()))
            .await
    }

    async fn send(&self, request: Request<AnyBody>) -> io::Result<Response<Bytes>> {
        let mut sender = self.sender().await?;
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let since = Instant::now();
        lock(&self.idle).push(Idle { sender, since });
        Ok(Response::from_parts(head, body))
    }

    async fn sender(&self) -> io::Result<SendRequest<AnyBody>> {
        // One that is closed by now, in order, is not taken.
        let kept = {
            let mut idle = lock(&self.idle);
            let mut kept = std::iter::from_fn(|| idle.pop()).map(|idle| idle.sender);
            kept.find(SendRequest::is_ready)
        };
        if let Some(sender) = kept {
            return Ok(sender);
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // It ends with its last sender.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Closes what nobody has used for so long, until nobody needs any of it.
async fn close_idle(idle: Weak<Mutex<Vec<Idle>>>, limit: Duration) {
    loop {
        sleep(limit / 4).await;
        let Some(idle) = idle.upgrade() else {
            return;
        };
        lock(&idle).retain(|idle| idle.since.elapsed() < limit);
    }
}

/// The path of a location, which is on the same handler here.
fn path_of(location: &HeaderValue) -> Option<String> {
    let location: Uri = location.to_str().ok()?.parse().ok()?;
    Some(location.path_and_query()?.to_string())
}
