//! Services for the tests of a poller: a log, a place for the checkpoint, and a ledger, in memory.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use tenant_logs::Timestamp;
use tokio::time::{Instant, sleep, timeout_at};

use super::ports::{CheckpointStore, Cursor, LogSource, Page, PullError};
use super::{PollSettings, Poller, StoredCheckpoint};
use crate::journal::{Added, MemoryStore, Row, SeenRow, Store, StoreError, Wanted};
use crate::ports::{Claim, Lease, PortError, Remedy, Settled};
use crate::testing::{Plan, TestDeadLetters, TestSink, relay_with};

pub(super) type TestPoller = Poller<TestSink, TestRows, TestDeadLetters, TestLog, TestStore>;

/// A log event by its number: the order of numbers is that of `log_id`s.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) log_id: String,
    pub(super) json: String,
}

/// An event of the first days of 2026, a minute later for each number.
pub(super) fn logged(number: usize) -> Logged {
    let time: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let date = time.saturating_add(Duration::from_mins(number.try_into().unwrap()));
    dated(number, &date.unwrap().to_string())
}

/// An event whose `log_id` tells no time.
pub(super) fn dated(number: usize, date: &str) -> Logged {
    let log_id = format!("id{number:06}");
    let json = format!(r#"{{"_id":"{log_id}","type":"s","date":"{date}"}}"#);
    Logged { log_id, json }
}

/// What goes wrong with a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    UnknownPosition,
    OutOfTime,
    Failed,
    Page(&'static str),
    /// A page that names this one as the one after it.
    LeadsTo(&'static str),
    /// An empty page that names one that nobody has asked for yet.
    EmptyPage,
    /// An empty page that names the one before it.
    EmptyCircle,
}

/// A tenant's log.
#[derive(Debug)]
pub(super) struct TestLog {
    pub(super) events: Mutex<Vec<Logged>>,
    pub(super) page_size: usize,
    /// How long a pull takes.
    pub(super) takes: Duration,
    /// Whether a page names the one after it.
    pub(super) has_links: bool,
    /// Decides by the number of the pull.
    pub(super) fault: fn(usize) -> Option<Fault>,
    pub(super) cursors: Mutex<Vec<Cursor>>,
    pub(super) is_search_down: bool,
}

impl TestLog {
    pub(super) fn new(events: impl IntoIterator<Item = Logged>) -> Self {
        Self {
            events: Mutex::new(events.into_iter().collect()),
            page_size: 10,
            takes: Duration::ZERO,
            has_links: true,
            fault: |_| None,
            cursors: Mutex::default(),
            is_search_down: false,
        }
    }
}

pub(super) fn broken() -> PortError {
    PortError {
        step: "ask a service".to_owned(),
        source: "it fails on purpose".into(),
    }
}

impl LogSource for TestLog {
    async fn pull(&self, cursor: &Cursor, until: Instant) -> Result<Page, PullError> {
        let pull = {
            let mut cursors = self.cursors.lock().unwrap();
            cursors.push(cursor.clone());
            cursors.len() - 1
        };
        if timeout_at(until, sleep(self.takes)).await.is_err() {
            return Err(PullError::OutOfTime(broken()));
        }
        let fault = (self.fault)(pull);
        match fault {
            None | Some(Fault::LeadsTo(_)) => {}
            Some(Fault::UnknownPosition) => return Err(PullError::UnknownPosition(broken())),
            Some(Fault::OutOfTime) => return Err(PullError::OutOfTime(broken())),
            Some(Fault::Failed) => return Err(PullError::Failed(broken())),
            Some(Fault::Page(text)) => {
                let text = text.to_owned();
                return Ok(Page { text, next: None });
            }
            Some(Fault::EmptyPage) => return Ok(empty_page(cursor, pull)),
            Some(Fault::EmptyCircle) => return Ok(empty_page(cursor, pull % 2)),
        }
        let after = position(cursor);
        let events = self.events.lock().unwrap();
        let page: Vec<&Logged> = events
            .iter()
            .filter(|event| event.log_id.as_str() > after)
            .take(self.page_size)
            .collect();
        let last = page.last().map_or(after, |event| &event.log_id);
        let names_another = self.has_links && last != after;
        let next = if let Some(Fault::LeadsTo(log_id)) = fault {
            Some(format!("link:{log_id}"))
        } else {
            names_another.then(|| format!("link:{last}"))
        };
        let texts: Vec<&str> = page.iter().map(|event| event.json.as_str()).collect();
        let text = format!("[{}]", texts.join(","));
        Ok(Page { text, next })
    }

    async fn find(&self, log_id: &str, _until: Instant) -> Result<Option<String>, PullError> {
        let events = self.events.lock().unwrap();
        let found = events.iter().find(|event| event.log_id == log_id);
        Ok(found.map(|event| event.json.clone()))
    }

    async fn search(&self, since: Timestamp, _until: Instant) -> Result<String, PullError> {
        if self.is_search_down {
            return Err(PullError::Failed(broken()));
        }
        let date_of = |event: &Logged| -> Timestamp {
            let json: serde_json::Value = serde_json::from_str(&event.json).unwrap();
            json["date"].as_str().unwrap().parse().unwrap()
        };
        let mut events = self.events.lock().unwrap().clone();
        events.retain(|event| date_of(event) >= since);
        events.sort_by_key(date_of);
        let texts: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
        Ok(format!("[{}]", texts.join(",")))
    }
}

/// What a page follows.
fn position(cursor: &Cursor) -> &str {
    match cursor {
        Cursor::After(log_id) => log_id,
        Cursor::Next(link) => {
            let link = link.strip_prefix("link:").unwrap();
            link.split('?').next().unwrap()
        }
    }
}

fn empty_page(cursor: &Cursor, number: usize) -> Page {
    Page {
        text: "[]".to_owned(),
        next: Some(format!("link:{}?{number}", position(cursor))),
    }
}

/// One checkpoint; its tag is the number of times that it was saved.
#[derive(Debug, Default)]
pub(super) struct TestStore {
    stored: Mutex<Option<StoredCheckpoint<usize>>>,
    /// Saves that fail, of those that come next.
    pub(super) failing_saves: Mutex<usize>,
}

impl TestStore {
    pub(super) fn value(&self) -> Option<String> {
        let stored = self.stored.lock().unwrap();
        stored.as_ref().and_then(|stored| stored.value.clone())
    }

    /// What another run does.
    pub(super) fn put(&self, value: Option<&str>) {
        let mut stored = self.stored.lock().unwrap();
        let tag = stored.as_ref().map_or(0, |stored| stored.tag + 1);
        let value = value.map(str::to_owned);
        *stored = Some(StoredCheckpoint { value, tag });
    }
}

impl CheckpointStore for TestStore {
    type Tag = usize;

    async fn load(&self, _until: Instant) -> Result<Option<StoredCheckpoint<usize>>, PortError> {
        Ok(self.stored.lock().unwrap().clone())
    }

    async fn save(
        &self,
        value: &str,
        found: Option<&usize>,
        _until: Instant,
    ) -> Result<Option<usize>, PortError> {
        {
            let mut failing = self.failing_saves.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                return Err(broken());
            }
        }
        let tag = self
            .stored
            .lock()
            .unwrap()
            .as_ref()
            .map(|stored| stored.tag);
        if tag.as_ref() != found {
            return Ok(None);
        }
        self.put(Some(value));
        Ok(self
            .stored
            .lock()
            .unwrap()
            .as_ref()
            .map(|stored| stored.tag))
    }
}

/// The ledger's rows, the buckets that were looked at, and whether it can be read.
#[derive(Debug, Default)]
pub(super) struct TestRows {
    pub(super) rows: MemoryStore,
    pub(super) read: Mutex<BTreeSet<String>>,
    pub(super) is_down: bool,
}

impl Store for TestRows {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        if self.is_down {
            return Err("it fails on purpose".into());
        }
        self.read.lock().unwrap().insert(bucket.to_owned());
        self.rows.read(bucket, from, wanted, until).await
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        self.rows.add(bucket, row, until).await
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        self.rows.write(bucket, row, until).await
    }
}

/// A poller of a log, with one sink and a ledger for it.
pub(super) fn poller(log: TestLog, plan: Plan) -> TestPoller {
    Poller {
        relay: relay_with(vec![TestSink::new("http", plan)], Some(TestRows::default())),
        source: log,
        checkpoints: TestStore::default(),
        settings: PollSettings {
            start_from: None,
            resume_from: None,
            gap_sinks: Vec::new(),
            grace: Duration::ZERO,
        },
    }
}

/// The plan of a sink that takes everything.
pub(super) fn takes_all(_log_id: &str, _tries: usize) -> Option<Remedy> {
    None
}

impl TestPoller {
    /// Notes in the ledger what became at a sink of log events that another function claimed; nothing where it has not
    /// said so.
    pub(super) async fn note(
        &self,
        sink: &str,
        log_ids: &[&str],
        settled: Option<Settled>,
        lease: Lease,
    ) {
        let ledger = self.relay.ledger.as_ref().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        let claims = ledger.claim(sink, log_ids, &lease, until).await;
        assert!(claims.claims.iter().all(|claim| *claim == Claim::Claimed));
        if settled.is_some() {
            let fates = vec![settled; log_ids.len()];
            ledger.settle(claims.tickets, &fates, until).await.unwrap();
        }
    }

    /// The `log_id`s that the sink has, in the order in which they came.
    pub(super) fn delivered(&self) -> Vec<String> {
        let stored = self.relay.destinations[0].sink.stored();
        let log_ids = stored.iter().map(|json| {
            let json: serde_json::Value = serde_json::from_str(json).unwrap();
            json["log_id"].as_str().unwrap().to_owned()
        });
        log_ids.collect()
    }
}
