//! A plain HTTP client for loopback, so that nothing here needs a TLS provider.
//!
//! One connection a request: a server that drops it affects that request alone.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Sends a request with an absolute `http://` URL and reads the whole answer.
pub async fn send(request: Request<Bytes>) -> io::Result<Response<Bytes>> {
    let (request, address) = prepare(request)?;
    exchange(request, TcpStream::connect(address).await?).await
}

/// Sends a request over TLS to a server whose certificate is in a PEM file.
#[cfg(feature = "tls")]
pub(crate) async fn send_tls(
    request: Request<Bytes>,
    roots: &std::path::Path,
) -> io::Result<Response<Bytes>> {
    let host = request.uri().host().unwrap_or_default().to_owned();
    let (request, address) = prepare(request)?;
    let name = rustls::pki_types::ServerName::try_from(host).map_err(io::Error::other)?;
    let stream = TcpStream::connect(address).await?;
    let stream = crate::tls::connector(roots)?.connect(name, stream).await?;
    exchange(request, stream).await
}

/// The request as it goes over a connection, and the address to connect to.
fn prepare(request: Request<Bytes>) -> io::Result<(Request<Full<Bytes>>, String)> {
    let (mut head, body) = request.into_parts();
    let authority = head
        .uri
        .authority()
        .ok_or_else(|| io::Error::other("the URL names no host"))?
        .clone();
    let address = format!(
        "{}:{}",
        authority.host(),
        authority.port_u16().unwrap_or(80)
    );
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse::<Uri>().map_err(io::Error::other)?;
    let host = authority.as_str().parse().map_err(io::Error::other)?;
    head.headers.entry("host").or_insert(host);
    Ok((Request::from_parts(head, Full::new(body)), address))
}

async fn exchange<S>(request: Request<Full<Bytes>>, stream: S) -> io::Result<Response<Bytes>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(io::Error::other);
    let answered = match response {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            Ok(Response::from_parts(head, body))
        }
        Err(error) => Err(error),
    };
    driver.abort();
    answered
}

/// Posts a body with headers.
pub async fn post(
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> io::Result<Response<Bytes>> {
    let mut request = Request::post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request.body(body.into()).map_err(io::Error::other)?).await
}
