//! A tenant, a poller of its log, and a sink that counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fakes::auth0::{Auth0, Logged, TenantOptions, made_up};
use fakes::faults::Faults;
use http_clients::ManagementApi;
use relay::journal::{Journal, MemoryStore};
use relay::poll::{CheckpointStore, PollError, PollRun, PollSettings, Poller, StoredCheckpoint};
use relay::settings::{CommonSettings, Reader};
use relay::{
    CounterFormat, Counters, DeadLetters, Deadline, Delivery, Destination, PortError, Relay,
    RelayParts, Row, Sending, Sink,
};
use tenant_logs::{DeadLetter, Schema, Timestamp};
use tokio::time::Instant;

/// A sink that counts what it gets, and answers after some time.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountingSink {
    counts: Arc<Mutex<HashMap<String, usize>>>,
    answers_after: Duration,
}

impl Sink for CountingSink {
    fn name(&self) -> &'static str {
        "http"
    }

    async fn send(&self, rows: &[Row<'_>], _sending: &Sending) -> Delivery {
        for row in rows {
            let log_id = row.log_event.log_id().to_owned();
            *self.counts.lock().unwrap().entry(log_id).or_default() += 1;
        }
        // Whoever is killed here has sent, and noted nothing.
        tokio::time::sleep(self.answers_after).await;
        Delivery::all_delivered(rows.len())
    }
}

/// A place for dead letters that none of these tests needs.
#[derive(Debug)]
pub(crate) struct NoDeadLetters;

impl DeadLetters for NoDeadLetters {
    async fn set_aside(&self, dead_letters: &[DeadLetter<'_>], _sending: &Sending) -> Delivery {
        panic!("{dead_letters:?}");
    }

    fn can_hold(&self, _: &DeadLetter<'_>) -> bool {
        true
    }
}

/// A checkpoint, and how often it was saved.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints(Mutex<Option<(String, usize)>>);

impl Checkpoints {
    pub(crate) fn put(&self, value: &str) {
        let mut stored = self.0.lock().unwrap();
        let tag = stored.as_ref().map_or(0, |(_, tag)| tag + 1);
        *stored = Some((value.to_owned(), tag));
    }

    pub(crate) fn value(&self) -> Option<String> {
        let stored = self.0.lock().unwrap();
        stored.as_ref().map(|(value, _)| value.clone())
    }
}

impl CheckpointStore for Checkpoints {
    type Tag = usize;

    async fn load(&self, _until: Instant) -> Result<Option<StoredCheckpoint<usize>>, PortError> {
        let stored = self.0.lock().unwrap().clone();
        Ok(stored.map(|(value, tag)| StoredCheckpoint {
            value: Some(value),
            tag,
        }))
    }

    async fn save(
        &self,
        value: &str,
        found: Option<&usize>,
        _until: Instant,
    ) -> Result<Option<usize>, PortError> {
        let mut stored = self.0.lock().unwrap();
        if stored.as_ref().map(|(_, tag)| tag) != found {
            return Ok(None);
        }
        let tag = found.map_or(0, |tag| tag + 1);
        *stored = Some((value.to_owned(), tag));
        Ok(Some(tag))
    }
}

pub(crate) type TestPoller =
    Poller<CountingSink, MemoryStore, NoDeadLetters, ManagementApi, Checkpoints>;

/// A tenant with a poller of its log.
pub(crate) struct Rig {
    pub(crate) tenant: Auth0,
    pub(crate) faults: Faults,
    pub(crate) poller: TestPoller,
}

/// This many log events of 1 November 2026, one a second.
pub(crate) fn events(count: usize) -> Vec<Logged> {
    let from: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    made_up(count, from, Duration::from_secs(1).try_into().unwrap(), 1)
}

impl Rig {
    /// A tenant whose log has these events; the settings are of its poller.
    pub(crate) async fn start(
        options: TenantOptions,
        events: Vec<Logged>,
        settings: &[(&str, &str)],
    ) -> Self {
        let faults = Faults::healthy();
        let tenant = Auth0::start(options, faults.clone()).await.unwrap();
        tenant.log().extend(events);
        let poller = poller(&tenant, settings);
        Self {
            tenant,
            faults,
            poller,
        }
    }

    /// Runs once, with as much time as the platform gives.
    pub(crate) async fn run(&self) -> Result<PollRun, PollError> {
        self.run_for(Duration::from_mins(4)).await
    }

    pub(crate) async fn run_for(&self, time: Duration) -> Result<PollRun, PollError> {
        self.poller.run(&Deadline::after(time)).await
    }

    pub(crate) fn sink(&self) -> &CountingSink {
        &self.poller.relay.destinations[0].sink
    }

    pub(crate) fn answer_after(&mut self, time: Duration) {
        self.poller.relay.destinations[0].sink.answers_after = time;
    }

    /// The same poller with `RESUME_FROM`, as after a deployment; its sink is empty.
    pub(crate) fn resumed(&self, from: &str) -> TestPoller {
        let resumed = poller(&self.tenant, &[("RESUME_FROM", from)]);
        resumed
            .checkpoints
            .put(&self.poller.checkpoints.value().unwrap());
        resumed
    }

    /// What the sink has, sorted.
    pub(crate) fn delivered(&self) -> Vec<String> {
        let counts = self.sink().counts.lock().unwrap();
        let mut log_ids: Vec<String> = counts.keys().cloned().collect();
        log_ids.sort_unstable();
        log_ids
    }

    /// How many log events the sink was sent again.
    pub(crate) fn repeated(&self) -> usize {
        let counts = self.sink().counts.lock().unwrap();
        counts.values().map(|count| count - 1).sum()
    }
}

/// A poller as `settings` and the tenant's own say.
pub(crate) fn poller(tenant: &Auth0, settings: &[(&str, &str)]) -> TestPoller {
    let of_tenant = tenant.settings();
    let lookup = |name: &str| {
        let own = settings.iter().find(|(key, _)| *key == name);
        let own = own.map(|(_, value)| (*value).to_owned());
        let of_tenant = of_tenant.iter().find(|(key, _)| key == name);
        let common = (name == "TENANT_NAME").then(|| "acme".to_owned());
        own.or(of_tenant.map(|(_, value)| value.clone())).or(common)
    };
    let mut reader = Reader::new(&lookup);
    let common = CommonSettings::read(&mut reader);
    let source = ManagementApi::read(&mut reader);
    let poll = PollSettings::read(&mut reader, &[], "LEDGER_TABLE");
    let read = reader.finish(|| Some((common?, source?, poll?)));
    let (common, source, settings) = read.unwrap();
    let function = "test-poller";
    let parts = RelayParts {
        function,
        counters: Counters::of_each_invocation(function, &common.tenant, CounterFormat::Plain),
        common,
        dead_letters: NoDeadLetters,
    };
    let destination = Destination::new(CountingSink::default(), Schema::Raw);
    Poller {
        relay: Relay::polling(
            parts,
            Some(Journal::new(MemoryStore::default(), 35)),
            vec![destination],
        ),
        source,
        checkpoints: Checkpoints::default(),
        settings,
    }
}
