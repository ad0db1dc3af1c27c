//! Two targets on one ledger whose clocks are apart: up to the margin nothing comes twice, and beyond it nothing is lost and
//! nothing comes more than twice.
//!
//! One of the two runs under libfaketime, which leaves it its monotonic clock; Lambda's own clock is off by as much, because
//! it is that of the same machine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fakes::aws::dynamodb::Table;
use fakes::aws::queue::{Queue, QueueOptions, SqsEndpoint};
use fakes::collector::{Collector, CollectorOptions};
use fakes::faults::{Fault, Faults};
use hosts::lambda::{Function, FunctionOptions};
use relay::settings::environment;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::kit::target::{event, once_each, record};
use crate::kit::{binaries, settings, twice_count};

const EVENT_COUNT: usize = 20;
const TIME: Duration = Duration::from_secs(15);
/// How long the collector takes to answer what it has stored: a good part of the time for sending.
const CALL_TIME: Duration = Duration::from_secs(8);

/// Everything around the two targets.
struct Surroundings {
    collector: Collector,
    table: Table,
    sqs: SqsEndpoint,
    set_aside_url: String,
}

impl Surroundings {
    async fn start() -> Self {
        let faults = Faults::healthy();
        faults.always(Fault::Late(CALL_TIME));
        let sqs = SqsEndpoint::start(Faults::healthy()).await.unwrap();
        let set_aside = Queue::new("set-aside", QueueOptions::default());
        Self {
            collector: Collector::start(CollectorOptions::default(), faults)
                .await
                .unwrap(),
            table: Table::start("ledger", Faults::healthy()).await.unwrap(),
            set_aside_url: sqs.add(set_aside),
            sqs,
        }
    }

    /// A target whose clock is so many seconds ahead.
    fn target(&self, binary: &Path, seconds_ahead: i64) -> Arc<Function> {
        let mut options = FunctionOptions::new("aws-eventbridge-target", binary);
        options.timeout = TIME;
        options.clock_ahead_secs = seconds_ahead;
        options.concurrency = 1;
        options.environment = settings(&[
            ("TENANT_NAME", "acme"),
            ("SINKS", "http"),
            ("HTTP_SINK_URL", &self.collector.url()),
            ("DEAD_LETTER_QUEUE_URL", &self.set_aside_url),
            ("AWS_ENDPOINT_URL_SQS", &self.sqs.url()),
            ("LEDGER_TABLE", self.table.name()),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.table.url()),
        ]);
        if seconds_ahead != 0 {
            let library = environment("FAKETIME_LIBRARY").expect("the path of libfaketime");
            options.environment.extend(settings(&[
                ("LD_PRELOAD", &library),
                ("FAKETIME", &format!("{seconds_ahead:+}s")),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ]));
        }
        Arc::new(Function::start(options).unwrap())
    }
}

/// Delivers events to a target again and again until it hands none back.
async fn deliver(target: Arc<Function>, log_ids: Vec<String>) {
    let mut left: Vec<Value> = log_ids
        .iter()
        .map(|log_id| record(log_id, Some(&event(log_id))))
        .collect();
    while !left.is_empty() {
        let payload = json!({ "Records": left }).to_string();
        let answer = target.invoke(payload).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let is_failed = |record: &Value| {
            let mut ids = failures.iter().map(|failure| &failure["itemIdentifier"]);
            ids.any(|id| *id == record["messageId"])
        };
        left.retain(is_failed);
        sleep(Duration::from_millis(200)).await;
    }
}

/// Gives the same events to a target with the right time and a moment later to one with another; returns copies beyond the
/// first. The other way round, too.
async fn doubled(seconds_ahead: i64) -> u64 {
    let binaries = binaries().await;
    let binary = binaries.path("aws-eventbridge-target").unwrap();
    let around = Surroundings::start().await;
    let [right, wrong] = [0, seconds_ahead].map(|seconds| around.target(binary, seconds));
    let mut all = Vec::new();
    for (round, [first, second]) in [[&right, &wrong], [&wrong, &right]].iter().enumerate() {
        let log_ids: Vec<String> = (0..EVENT_COUNT)
            .map(|number| format!("90020261121103010{round}{number:020}"))
            .collect();
        all.extend(log_ids.clone());
        let first = tokio::spawn(deliver(Arc::clone(first), log_ids.clone()));
        // The first one has claimed them and its call is under way.
        while around.collector.log_ids().len() < all.len() {
            assert!(!first.is_finished(), "it sent nothing");
            sleep(Duration::from_millis(10)).await;
        }
        deliver(Arc::clone(second), log_ids).await;
        first.await.unwrap();
        assert!(
            around
                .collector
                .log_ids()
                .values()
                .all(|copies| *copies <= 2)
        );
    }
    let arrived = around.collector.log_ids();
    let doubled = twice_count(&arrived);
    assert_eq!(
        arrived.keys().collect::<Vec<_>>(),
        once_each(all).keys().collect::<Vec<_>>()
    );
    doubled
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FAKETIME_LIBRARY"]
async fn with_clocks_ten_seconds_apart_nothing_comes_twice() {
    let (ahead, behind) = tokio::join!(doubled(10), doubled(-10));
    assert_eq!((ahead, behind), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FAKETIME_LIBRARY"]
async fn with_clocks_thirty_seconds_apart_none_is_lost_and_none_comes_more_than_twice() {
    let (ahead, behind) = tokio::join!(doubled(30), doubled(-30));
    // One round of two each: to a clock that is behind, the other's claims last longer.
    let events = u64::try_from(EVENT_COUNT).unwrap();
    assert_eq!((ahead, behind), (events, events));
}
