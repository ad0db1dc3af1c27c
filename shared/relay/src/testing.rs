//! Services for the tests of the flow: a sink and a dead letter box that do as they are told.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tenant_logs::{BatchLimits, DeadLetter, Filter, Redaction, Schema, TenantName};
use tokio::time::{Instant, sleep, sleep_until};

use crate::journal::{Journal, MemoryStore, Store};
use crate::{
    BatchCall, CallError, CallLimits, CounterFormat, Counters, DeadLetters, Deadline, Delivery,
    Destination, OnExhaustion, Refusal, Relay, Remedy, Row, Sending, ServiceCode, Sink, TooLarge,
    send_in_calls,
};

/// What a test's sink does with a log event, by its `log_id` and the number of earlier tries.
pub(crate) type Plan = fn(&str, usize) -> Option<Remedy>;

/// A sink that follows a plan and remembers what it has.
#[derive(Debug)]
pub(crate) struct TestSink {
    pub(crate) name: &'static str,
    pub(crate) plan: Plan,
    pub(crate) hangs: bool,
    /// How long a call takes that carries this log event; it takes as long as its slowest.
    pub(crate) call_time: fn(&str) -> Duration,
    /// How long every call asks to be left alone, if it does.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) has_ledger: bool,
    pub(crate) stored: Mutex<Vec<String>>,
    pub(crate) tries: Mutex<HashMap<String, usize>>,
}

impl TestSink {
    pub(crate) fn new(name: &'static str, plan: Plan) -> Self {
        Self {
            name,
            plan,
            hangs: false,
            call_time: |_| Duration::ZERO,
            retry_after: None,
            has_ledger: true,
            stored: Mutex::default(),
            tries: Mutex::default(),
        }
    }

    pub(crate) fn stored(&self) -> Vec<String> {
        self.stored
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Counts a call that begins for each of its log events; returns how many there were before.
    fn note_tries(&self, rows: &[&Row<'_>]) -> Vec<usize> {
        let mut tries = self.tries.lock().unwrap();
        let mut note = |row: &&Row<'_>| {
            let tries = tries.entry(row.log_event.log_id().to_owned()).or_default();
            *tries += 1;
            *tries - 1
        };
        rows.iter().map(&mut note).collect()
    }
}

impl Sink for TestSink {
    fn name(&self) -> &'static str {
        self.name
    }

    fn has_ledger(&self) -> bool {
        self.has_ledger
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        send_in_calls(self, rows, sending).await
    }
}

impl<'a> BatchCall<Row<'a>> for TestSink {
    fn target(&self) -> &str {
        self.name
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: BatchLimits {
                events: 1_000,
                bytes: usize::MAX,
            },
            item_bytes: usize::MAX,
            calls_at_once: 4,
            too_large: TooLarge::SendAlone,
        }
    }

    fn bytes(&self, row: &Row<'a>) -> usize {
        row.json.len()
    }

    async fn call(&self, rows: &[&Row<'a>], _until: Instant) -> Result<Delivery, CallError> {
        let earlier = self.note_tries(rows);
        if self.hangs {
            pending::<()>().await;
        }
        let times = rows
            .iter()
            .map(|row| (self.call_time)(row.log_event.log_id()));
        sleep(times.max().unwrap_or_default()).await;
        if self.retry_after.is_some() {
            return Err(CallError::Busy {
                target: self.name.to_owned(),
                code: ServiceCode::of_status(429, None),
                retry_after: self.retry_after,
            });
        }
        let mut delivery = Delivery::default();
        for (index, (row, earlier)) in rows.iter().zip(earlier).enumerate() {
            match (self.plan)(row.log_event.log_id(), earlier) {
                None => {
                    self.stored.lock().unwrap().push(row.json.to_string());
                    delivery.delivered.push(index);
                }
                Some(remedy) => delivery.refused.push(Refusal {
                    index,
                    remedy,
                    reason: "the sink says no".into(),
                }),
            }
        }
        Ok(delivery)
    }
}

/// Keeps dead letters, refuses every one, or hangs.
#[derive(Debug, Default)]
pub(crate) struct TestDeadLetters {
    pub(crate) is_down: bool,
    pub(crate) hangs: bool,
    /// Bytes of the largest that can be held, if there is a limit.
    pub(crate) max_bytes: Option<usize>,
    pub(crate) stored: Mutex<Vec<String>>,
}

impl TestDeadLetters {
    pub(crate) fn stored(&self) -> Vec<serde_json::Value> {
        let stored = self.stored.lock().unwrap();
        stored
            .iter()
            .map(|dead_letter| serde_json::from_str(dead_letter).unwrap())
            .collect()
    }
}

impl DeadLetters for TestDeadLetters {
    async fn set_aside(&self, dead_letters: &[DeadLetter<'_>], sending: &Sending) -> Delivery {
        if self.hangs {
            sleep_until(sending.until).await;
            return Delivery::default();
        }
        if self.is_down {
            return Delivery::all_refused(
                dead_letters.len(),
                Remedy::Retry,
                "the dead letter box is down",
            );
        }
        let mut stored = self.stored.lock().unwrap();
        stored.extend(dead_letters.iter().map(DeadLetter::to_json));
        Delivery::all_delivered(dead_letters.len())
    }

    fn can_hold(&self, dead_letter: &DeadLetter<'_>) -> bool {
        self.max_bytes
            .is_none_or(|max_bytes| dead_letter.to_json_within(max_bytes).is_some())
    }
}

/// A relay with some sinks and a ledger in memory.
pub(crate) fn relay(sinks: Vec<TestSink>) -> Relay<TestSink, MemoryStore, TestDeadLetters> {
    relay_with(sinks, Some(MemoryStore::default()))
}

/// A relay with some sinks and a ledger on any store.
pub(crate) fn relay_with<L: Store>(
    sinks: Vec<TestSink>,
    store: Option<L>,
) -> Relay<TestSink, L, TestDeadLetters> {
    let destinations = sinks
        .into_iter()
        .map(|sink| Destination::new(sink, Schema::Raw));
    let tenant = TenantName::parse("acme").unwrap();
    let function = "test-function";
    Relay {
        counters: Counters::of_each_invocation(function, &tenant, CounterFormat::Plain),
        function,
        tenant,
        filter: Filter::default(),
        redaction: Redaction::default(),
        withholds_unreadable: false,
        destinations: destinations.collect(),
        replay_destinations: None,
        leads_here: &[],
        ledger: store.map(|store| Journal::new(store, 35)),
        dead_letters: TestDeadLetters::default(),
        on_exhaustion: OnExhaustion::HandBack,
    }
}

/// A deadline that a test with paused time never reaches by itself.
pub(crate) fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}
