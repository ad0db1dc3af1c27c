//! What the functions send to: as little work as possible, so that the machine measures the functions.

use std::error::Error;
use std::future::{Ready, ready};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fakes::server::{Answer, Server};
use hyper::Request;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::stream::work_folder;

/// A server that counts what it gets.
pub(crate) struct Endpoint {
    server: Server,
    answer: CountAndAnswer,
    events: Arc<AtomicU64>,
}

/// How many events a body has, and its answer.
type CountAndAnswer = fn(&[u8]) -> (usize, Answer);

fn counting(
    answer: CountAndAnswer,
    events: &Arc<AtomicU64>,
) -> impl Fn(Request<Bytes>) -> Ready<Answer> + Send + Sync + 'static {
    let events = Arc::clone(events);
    move |request| {
        let (count, answer) = answer(request.body());
        events.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        ready(answer)
    }
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

    async fn start(answer: CountAndAnswer) -> io::Result<Self> {
        let events = Arc::new(AtomicU64::new(0));
        Ok(Self {
            server: Server::start(counting(answer, &events)).await?,
            answer,
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

/// The same over HTTPS, with a certificate made for this run.
pub(crate) struct TlsEndpoint {
    /// Where it listens.
    pub(crate) url: String,
    /// The file with its certificate, for clients to trust.
    pub(crate) certificate: PathBuf,
    _server: Server,
}

impl TlsEndpoint {
    /// Answers as this endpoint does, and counts what comes as its own.
    pub(crate) async fn of(endpoint: &Endpoint) -> Result<Self, Box<dyn Error>> {
        let answering = counting(endpoint.answer, &endpoint.events);
        let (server, pem) = Server::start_tls(answering).await?;
        let certificate = work_folder()?.canonicalize()?.join("certificate.pem");
        std::fs::write(&certificate, pem)?;
        Ok(Self {
            url: format!("https://{}", server.address()),
            certificate,
            _server: server,
        })
    }
}
