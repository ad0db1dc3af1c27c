//! How the host speaks to a handler: HTTP/1.1 on loopback, bodies in chunks of 1,024 bytes, connections kept.
//!
//! A kept connection that the handler has closed badly fails the call that takes it, as with the real host.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::lock::lock;

/// Bytes of a chunk, as the real host was seen to send them.
const CHUNK_BYTES: usize = 1_024;

type AnyBody = UnsyncBoxBody<Bytes, Infallible>;

/// The connections to one handler process.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<AnyBody>>>,
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
    pub(crate) fn to(port: u16) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            idle: Mutex::default(),
        }
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
        lock(&self.idle).push(sender);
        Ok(Response::from_parts(head, body))
    }

    async fn sender(&self) -> io::Result<SendRequest<AnyBody>> {
        // One that is closed by now, in order, is not taken.
        let kept = {
            let mut idle = lock(&self.idle);
            std::iter::from_fn(|| idle.pop()).find(SendRequest::is_ready)
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
