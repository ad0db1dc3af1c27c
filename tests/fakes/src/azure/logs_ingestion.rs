//! A data collection rule's endpoint: takes rows as the Logs Ingestion API does, to its limits.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flate2::read::GzDecoder;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::{Method, Request, Response};
use serde_json::{Map, Value, json};

use crate::azure::entra::Tokens;
use crate::collector::Refusal;
use crate::faults::{Fault, Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};

/// The rule's immutable ID.
pub const RULE_ID: &str = "dcr-0123456789abcdef0123456789abcdef";
/// The streams of the rule.
pub const STREAMS: [&str; 3] = [
    "Custom-Auth0Logs",
    "Custom-ASimAuthentication",
    "Custom-ASimAudit",
];
const RESOURCE: &str = "https://monitor.azure.com";
const API_VERSION: &str = "2023-01-01";
/// What a call may carry, packed and unpacked.
const MAX_CALL_BYTES: usize = 1_048_576;
/// What a column keeps of a value.
const MAX_VALUE_BYTES: usize = 65_536;
/// Where a row of each table has its `log_id`.
const LOG_ID_COLUMNS: [&str; 2] = ["LogId", "EventOriginalUid"];

/// A row that was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRow {
    /// The stream it came by.
    pub stream: String,
    /// Its columns.
    pub columns: Map<String, Value>,
}

/// What the endpoint has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngestionCounts {
    /// Calls, those refused or lost too.
    pub calls: u64,
    /// Rows stored, each time anew.
    pub rows: u64,
    /// Calls without a token that holds.
    pub unauthorized: u64,
    /// Values that were longer than a column, and lost their end.
    pub truncated: u64,
}

#[derive(Debug, Default)]
struct State {
    /// Where rows go instead of into memory.
    file: Option<File>,
    rows: Vec<StoredRow>,
    log_ids: BTreeMap<String, u64>,
    refusals: Vec<Refusal>,
    counts: IngestionCounts,
}

/// A running endpoint.
#[derive(Debug)]
pub struct LogsIngestion {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl LogsIngestion {
    /// Starts an endpoint without rows, which takes these tokens.
    pub async fn start(tokens: Tokens, faults: Faults) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let stored = Arc::clone(&state);
        let server = Server::start(move |request| {
            let (state, tokens, faults) = (Arc::clone(&stored), tokens.clone(), faults.clone());
            async move {
                lock(&state).counts.calls += 1;
                let work = async { ingest(&request, &tokens, &mut lock(&state)) };
                inject(&faults.next_with(request.body()), faulty, work).await
            }
        });
        Ok(Self {
            state,
            server: server.await?,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The settings of a sink that posts here.
    pub fn settings(&self) -> Vec<(String, String)> {
        vec![
            ("LOGS_INGESTION_ENDPOINT".to_owned(), self.url()),
            ("LOGS_INGESTION_RULE_ID".to_owned(), RULE_ID.to_owned()),
        ]
    }

    /// From now on refuses calls with a row that one of these names.
    pub fn refuse(&self, refusals: Vec<Refusal>) {
        lock(&self.state).refusals = refusals;
    }

    /// From now on appends each row's columns to a file, one row a line, and keeps none.
    pub fn write_rows_to(&self, path: &Path) -> io::Result<()> {
        let file = File::options().create(true).append(true).open(path)?;
        lock(&self.state).file = Some(file);
        Ok(())
    }

    /// Every row that it keeps, in the order of arrival.
    pub fn rows(&self) -> Vec<StoredRow> {
        lock(&self.state).rows.clone()
    }

    /// How often each `log_id` came.
    pub fn log_ids(&self) -> BTreeMap<String, u64> {
        lock(&self.state).log_ids.clone()
    }

    /// What it has done so far.
    pub fn counts(&self) -> IngestionCounts {
        lock(&self.state).counts.clone()
    }
}

fn ingest(request: &Request<Bytes>, tokens: &Tokens, state: &mut State) -> Answer {
    if !tokens.hold(request.headers(), RESOURCE) {
        state.counts.unauthorized += 1;
        return refuse(401, "AuthenticationFailed");
    }
    match read(request).and_then(|(stream, text)| check(stream, &text, &state.refusals)) {
        Ok((stream, rows)) => match state.store(&stream, rows) {
            Ok(()) => {
                let empty = Response::builder().status(204).body(Bytes::new());
                empty.map_or(Answer::Drop, Answer::Respond)
            }
            Err(_full) => refuse(503, "ServiceUnavailable"),
        },
        Err((status, code)) => refuse(status, code),
    }
}

type Problem = (u16, &'static str);

/// The stream that a call is for, and its body unpacked.
fn read(request: &Request<Bytes>) -> Result<(String, String), Problem> {
    if request.method() != Method::POST {
        return Err((405, "MethodNotAllowed"));
    }
    let path = request.uri().path().trim_start_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let ["dataCollectionRules", rule, "streams", stream] = parts.as_slice() else {
        return Err((404, "NotFound"));
    };
    if *rule != RULE_ID {
        return Err((404, "NotFound"));
    }
    if request.uri().query() != Some(&format!("api-version={API_VERSION}")) {
        return Err((400, "InvalidApiVersion"));
    }
    if !STREAMS.contains(stream) {
        return Err((400, "InvalidStream"));
    }
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if !header(CONTENT_TYPE).is_some_and(|value| value.starts_with("application/json")) {
        return Err((415, "UnsupportedMediaType"));
    }
    let too_large = Err((413, "ContentLengthLimitExceeded"));
    let body = request.body();
    if body.len() > MAX_CALL_BYTES {
        return too_large;
    }
    let mut text = String::new();
    let most = u64::try_from(MAX_CALL_BYTES).unwrap_or(u64::MAX) + 1;
    let unpacked = match header(CONTENT_ENCODING) {
        None => body.as_ref().take(most).read_to_string(&mut text),
        Some("gzip") => GzDecoder::new(body.as_ref())
            .take(most)
            .read_to_string(&mut text),
        Some(_) => return Err((415, "UnsupportedContentEncoding")),
    };
    match unpacked {
        Ok(bytes) if bytes > MAX_CALL_BYTES => too_large,
        Ok(_) => Ok(((*stream).to_owned(), text)),
        Err(_) => Err((400, "InvalidPayload")),
    }
}

/// The rows of a body, where each is one.
fn check(
    stream: String,
    text: &str,
    refusals: &[Refusal],
) -> Result<(String, Vec<Map<String, Value>>), Problem> {
    let rows: Vec<Map<String, Value>> =
        serde_json::from_str(text).map_err(|_syntax| (400, "InvalidPayload"))?;
    match refusals
        .iter()
        .find(|refusal| text.contains(&refusal.contains))
    {
        Some(refusal) if refusal.status == 413 => Err((413, "ContentLengthLimitExceeded")),
        Some(refusal) => Err((refusal.status, "InvalidRecord")),
        None => Ok((stream, rows)),
    }
}

impl State {
    fn store(&mut self, stream: &str, mut rows: Vec<Map<String, Value>>) -> io::Result<()> {
        let mut truncated = 0;
        for columns in &mut rows {
            for value in columns.values_mut() {
                truncated += u64::from(truncate(value));
            }
        }
        if let Some(file) = &mut self.file {
            let mut lines = Vec::new();
            for columns in &rows {
                serde_json::to_writer(&mut lines, columns)?;
                lines.push(b'\n');
            }
            file.write_all(&lines)?;
        }
        self.counts.truncated += truncated;
        for columns in rows {
            self.counts.rows += 1;
            let log_id = LOG_ID_COLUMNS.iter().find_map(|name| columns.get(*name));
            if let Some(log_id) = log_id.and_then(Value::as_str) {
                *self.log_ids.entry(log_id.to_owned()).or_default() += 1;
            }
            if self.file.is_none() {
                let stream = stream.to_owned();
                self.rows.push(StoredRow { stream, columns });
            }
        }
        Ok(())
    }
}

/// Cuts what a column does not keep: of an object or array, JSON or not.
fn truncate(value: &mut Value) -> bool {
    let text = match &*value {
        Value::String(text) => text.clone(),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => (*other).to_string(),
    };
    if text.len() <= MAX_VALUE_BYTES {
        return false;
    }
    let end = (0..=MAX_VALUE_BYTES)
        .rev()
        .find(|end| text.is_char_boundary(*end));
    let kept = end.and_then(|end| text.get(..end)).unwrap_or_default();
    *value = Value::from(kept);
    true
}

/// The answer of a faulty endpoint, which did nothing.
fn faulty(fault: &Fault) -> Answer {
    if matches!(fault, Fault::Denied) {
        return refuse(403, "OperationFailed");
    }
    fault.plain_answer((429, Some(1)))
}

fn refuse(status: u16, code: &str) -> Answer {
    let message = "refused, and this text may quote what was sent";
    let body = json!({"error": {"code": code, "message": message}});
    Answer::json(status, body.to_string())
}
