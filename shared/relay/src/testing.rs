//! Services for the tests of the flow: a sink and a dead letter box that do as they are told.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tenant_logs::{BatchLimits, DeadLetter, Filter, Redaction, Schema, TenantName};
use tokio::time::{Instant, sleep_until};

use crate::journal::{Journal, MemoryStore, Store};
use crate::{
    BatchCall, CallError, CallLimits, CounterFormat, Counters, DeadLetters, Deadline, Delivery,
    Destination, OnExhaustion, Refusal, Relay, Remedy, Row, Sending, Sink, TooLarge, send_in_calls,
};

/// What a test's sink does with a log event, by its `log_id` and the number of earlier tries.
pub(crate) type Plan = fn(&str, usize) -> Option<Remedy>;

/// A sink that follows a plan and remembers what it has.
#[derive(Debug)]
pub(crate) struct TestSink {
    pub(crate) name: &'static str,
    pub(crate) plan: Plan,
    pub(crate) hangs: bool,
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
        if self.hangs {
            pending::<()>().await;
        }
        let mut delivery = Delivery::default();
        for (index, row) in rows.iter().enumerate() {
            let log_id = row.log_event.log_id();
            let mut tries = self.tries.lock().unwrap();
            let earlier = tries.entry(log_id.to_owned()).or_default();
            match (self.plan)(log_id, *earlier) {
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
            *earlier += 1;
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
