//! What the functions send to: as little work as possible, so that the machine measures the functions.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fakes::server::{Answer, Server};
use hyper::Request;
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::stream::work_folder;

/// A server that counts what it gets.
pub(crate) struct Endpoint {
    server: Server,
    events: Arc<AtomicU64>,
}

impl Endpoint {
    /// Takes NDJSON and counts its lines.
    pub(crate) async fn collector() -> io::Result<Self> {
        Self::start(|body| {
            let lines = body.split(|byte| *byte == b'\n').count() - 1;
            (lines, Answer::json(200, "{}"))
        })
        .await
    }

    /// Takes `PutEvents` and accepts every entry.
    pub(crate) async fn event_bus() -> io::Result<Self> {
        Self::start(|body| {
            let entries = entry_count(body);
            let ids = vec![r#"{"EventId":"11710aed-b79e-4468-a20b-bb3c0c3b4860"}"#; entries];
            let answer = format!(r#"{{"FailedEntryCount":0,"Entries":[{}]}}"#, ids.join(","));
            let answer = Answer::with_type(200, "application/x-amz-json-1.1", answer);
            (entries, answer)
        })
        .await
    }

    /// Takes anything at once, and counts requests instead of events.
    pub(crate) async fn anything() -> io::Result<Self> {
        Self::start(|_body| (1, Answer::json(200, "{}"))).await
    }

    async fn start(answer: fn(&[u8]) -> (usize, Answer)) -> io::Result<Self> {
        let events = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&events);
        let server = Server::start(move |request: Request<Bytes>| {
            let (count, answer) = answer(request.body());
            counted.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
            async move { answer }
        });
        Ok(Self {
            server: server.await?,
            events,
        })
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Events that came so far.
    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

fn entry_count(body: &[u8]) -> usize {
    #[derive(Deserialize)]
    struct PutEvents {
        #[serde(rename = "Entries")]
        entries: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<PutEvents>(body).map_or(0, |call| call.entries.len())
}

/// HTTPS in front of an endpoint, with a certificate made for this run.
pub(crate) struct TlsFront {
    /// Where it listens.
    pub(crate) url: String,
    /// The file with its certificate, for clients to trust.
    pub(crate) certificate: PathBuf,
}

impl TlsFront {
    /// Serves until the runtime ends.
    pub(crate) async fn start(endpoint: &Endpoint) -> Result<Self, Box<dyn Error>> {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names)?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
        let settings = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        let certificate = work_folder()?.canonicalize()?.join("certificate.pem");
        std::fs::write(&certificate, cert.pem())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}", listener.local_addr()?);
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        tokio::spawn(accept(listener, acceptor, endpoint.server.address()));
        Ok(Self { url, certificate })
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, behind: SocketAddr) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut outside = acceptor.accept(stream).await?;
            let mut inside = TcpStream::connect(behind).await?;
            copy_bidirectional(&mut outside, &mut inside).await
        });
    }
}
