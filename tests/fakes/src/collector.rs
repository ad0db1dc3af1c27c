//! An HTTP collector: the endpoint of the `http` sink.
//!
//! It stores what it decoded, counts each `log_id`, and refuses what it is told to refuse.

mod body;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Method, Request};
use serde_json::json;

use crate::faults::{Fault, Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};

/// What a collector asks of its callers, and what it keeps.
#[derive(Debug, Clone)]
pub struct CollectorOptions {
    /// The value that the `Authorization` header must have.
    pub authorization: Option<String>,
    /// The largest body that it takes.
    pub body_limit_bytes: usize,
    /// A file to which every event is appended, one a line.
    pub file: Option<PathBuf>,
    /// Whether it keeps the text of every event; the counts are kept in any case.
    pub keeps_events: bool,
}

impl Default for CollectorOptions {
    fn default() -> Self {
        Self {
            authorization: None,
            body_limit_bytes: usize::MAX,
            file: None,
            keeps_events: true,
        }
    }
}

/// Refuses a whole request because of one thing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the body contains, as text.
    pub contains: String,
    /// The status of the answer.
    pub status: u16,
}

/// What a collector has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CollectorCounts {
    /// Requests, those refused or lost too.
    pub calls: u64,
    /// Events stored, each time anew.
    pub events: u64,
    /// Requests without the right credentials.
    pub unauthorized: u64,
}

/// A running collector.
#[derive(Debug)]
pub struct Collector {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl Collector {
    /// Starts an empty collector.
    pub async fn start(options: CollectorOptions, faults: Faults) -> io::Result<Self> {
        let open = |path| OpenOptions::new().create(true).append(true).open(path);
        let file = options.file.as_ref().map(open).transpose()?;
        let state = Arc::new(Mutex::new(State {
            file,
            authorization: options.authorization.clone(),
            ..State::default()
        }));
        let stored = Arc::clone(&state);
        let options = Arc::new(options);
        let server = Server::start(move |request| {
            let (state, options) = (Arc::clone(&stored), Arc::clone(&options));
            let faults = faults.clone();
            async move {
                lock(&state).counts.calls += 1;
                let work = async { collect(&request, &options, &mut lock(&state)) };
                let refuse = |fault: &Fault| fault.plain_answer((429, None));
                inject(&faults.next_with(request.body()), refuse, work).await
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

    /// From now on takes only callers with this value of the `Authorization` header.
    pub fn authorize(&self, authorization: &str) {
        lock(&self.state).authorization = Some(authorization.to_owned());
    }

    /// From now on refuses what one of these names.
    pub fn refuse(&self, refusals: Vec<Refusal>) {
        lock(&self.state).refusals = refusals;
    }

    /// The text of every event in the order of arrival, byte for byte.
    pub fn events(&self) -> Vec<String> {
        lock(&self.state).events.clone()
    }

    /// How often each `log_id` came.
    pub fn log_ids(&self) -> BTreeMap<String, u64> {
        lock(&self.state).log_ids.clone()
    }

    /// What it has done so far.
    pub fn counts(&self) -> CollectorCounts {
        lock(&self.state).counts.clone()
    }
}

#[derive(Debug, Default)]
struct State {
    authorization: Option<String>,
    refusals: Vec<Refusal>,
    file: Option<File>,
    events: Vec<String>,
    log_ids: BTreeMap<String, u64>,
    counts: CollectorCounts,
}

fn collect(request: &Request<Bytes>, options: &CollectorOptions, state: &mut State) -> Answer {
    if request.method() != Method::POST {
        return say(405, "only POST");
    }
    if let Some(expected) = &state.authorization
        && request
            .headers()
            .get(AUTHORIZATION)
            .map(HeaderValue::as_bytes)
            != Some(expected.as_bytes())
    {
        state.counts.unauthorized += 1;
        return say(401, "no or wrong credentials");
    }
    if request.body().len() > options.body_limit_bytes {
        return say(413, "the body is too large");
    }
    let Some((text, events)) = body::decode(request).and_then(|text| {
        let events = body::events(&text)?;
        Some((text, events))
    }) else {
        return say(
            400,
            "neither JSON objects line by line nor an array of them",
        );
    };
    if let Some(refusal) = state
        .refusals
        .iter()
        .find(|refusal| text.contains(&refusal.contains))
    {
        return say(refusal.status, "one of the events is refused");
    }
    match state.store(events, options.keeps_events) {
        Ok(count) => Answer::json(200, json!({ "stored": count }).to_string()),
        Err(_full) => say(507, "the events cannot be written"),
    }
}

impl State {
    fn store(&mut self, events: Vec<body::Event>, keeps_text: bool) -> io::Result<usize> {
        let count = events.len();
        if let Some(file) = &mut self.file {
            let mut lines = String::new();
            for event in &events {
                lines.push_str(&event.line);
                lines.push('\n');
            }
            file.write_all(lines.as_bytes())?;
        }
        for event in events {
            self.counts.events += 1;
            if let Some(log_id) = event.log_id {
                *self.log_ids.entry(log_id).or_default() += 1;
            }
            if keeps_text {
                self.events.push(event.text);
            }
        }
        Ok(count)
    }
}

fn say(status: u16, message: &'static str) -> Answer {
    Answer::with_type(status, "text/plain", message)
}
