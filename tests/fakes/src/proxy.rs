//! The faults of any service, injected before it: calls go through to it, to a fake as to moto's server or Azurite.

use std::io;

use bytes::Bytes;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Request, Response, Uri};

use crate::client;
use crate::faults::{Fault, Faults, inject};
use crate::server::{Answer, Server};

/// What a service answers when it refuses a call for a fault.
pub type Refuse = fn(&Fault) -> Answer;

/// A running proxy. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Proxy {
    upstream: Upstream,
    server: Server,
}

/// Where calls go to.
#[derive(Debug, Clone)]
struct Upstream {
    authority: Authority,
    path: PathAndQuery,
    #[cfg(feature = "tls")]
    tls: Option<std::path::PathBuf>,
}

impl Proxy {
    /// Starts a proxy before an `http://` URL.
    pub async fn before(url: &str, faults: Faults, refuse: Refuse) -> io::Result<Self> {
        Self::start(Upstream::read(url)?, faults, refuse).await
    }

    /// Starts a proxy before an `https://` URL whose certificate is in a PEM file. The proxy itself speaks HTTP.
    #[cfg(feature = "tls")]
    pub async fn before_tls(
        url: &str,
        roots: &std::path::Path,
        faults: Faults,
        refuse: Refuse,
    ) -> io::Result<Self> {
        let upstream = Upstream {
            tls: Some(roots.to_path_buf()),
            ..Upstream::read(url)?
        };
        Self::start(upstream, faults, refuse).await
    }

    async fn start(upstream: Upstream, faults: Faults, refuse: Refuse) -> io::Result<Self> {
        let behind = upstream.clone();
        let server = Server::start(move |request: Request<Bytes>| {
            let (upstream, faults) = (behind.clone(), faults.clone());
            async move {
                let fault = faults.next();
                inject(&fault, refuse, upstream.forward(request)).await
            }
        });
        Ok(Self {
            upstream,
            server: server.await?,
        })
    }

    /// The URL that stands for the one behind it.
    pub fn url(&self) -> String {
        let path = self.upstream.path.as_str().trim_end_matches('/');
        format!("{}{path}", self.server.url())
    }
}

impl Upstream {
    fn read(url: &str) -> io::Result<Self> {
        let parts = url.parse::<Uri>().map_err(io::Error::other)?.into_parts();
        let authority = parts
            .authority
            .ok_or_else(|| io::Error::other("the URL names no host"))?;
        Ok(Self {
            authority,
            path: parts
                .path_and_query
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// What the service answers; a closed connection where it does not.
    async fn forward(self, request: Request<Bytes>) -> Answer {
        self.call(request)
            .await
            .map_or(Answer::Drop, Answer::Respond)
    }

    async fn call(self, mut request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        let host = self.authority.as_str().parse().map_err(io::Error::other)?;
        request.headers_mut().insert("host", host);
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::builder()
            .scheme("http")
            .authority(self.authority.clone())
            .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build()
            .map_err(io::Error::other)?;
        let mut answer = self.send(request).await?;
        // These are of one connection, not of the answer.
        for name in ["connection", "keep-alive", "transfer-encoding"] {
            answer.headers_mut().remove(name);
        }
        Ok(answer)
    }

    async fn send(&self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        #[cfg(feature = "tls")]
        if let Some(roots) = &self.tls {
            return client::send_tls(request, roots).await;
        }
        client::send(request).await
    }
}
