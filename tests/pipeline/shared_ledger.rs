//! Many events, each delivered three times in random order, each time in other bodies, to two targets on one ledger, one of
//! which is killed again and again: nothing is lost, and what comes twice was under way in a process that was killed.

mod watched;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fakes::aws::dynamodb::Table;
use fakes::aws::queue::{Queue, QueueOptions, SqsEndpoint};
use fakes::collector::{Collector, CollectorOptions};
use fakes::faults::{Fault, Faults};
use hosts::event_source::{EventSource, MappingOptions};
use hosts::lambda::{Function, FunctionOptions};
use relay::settings::environment;
use tokio::time::Instant;

use crate::kit::ledger::undelivered;
use crate::kit::target::event;
use crate::kit::{binaries, dead_letters, eventually_within, say, settings, twice_count};
use watched::Watched;

const COPIES: usize = 3;
/// Messages of a batch, and the most events of a message.
const BATCH_SIZE: usize = 20;
const BODY_SIZE: usize = 50;
/// How many of them there are in an ordinary run, and how many kills. `.ci/full` asks for 20,000 with 8 kills.
const USUAL: (usize, usize) = (4_000, 4);
/// How long anything may take: a machine may be very slow.
const PATIENCE: Duration = Duration::from_mins(10);

/// Where the ledger is.
pub(crate) struct LedgerTable {
    pub(crate) table: String,
    pub(crate) url: String,
}

/// Ids of Auth0's form, so many a second.
fn log_ids(count: usize, per_second: usize) -> Vec<String> {
    let log_id = |number: usize| {
        let seconds = number / per_second;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        format!("90020261121{hour:02}{minute:02}{second:02}{number:021}")
    };
    (0..count).map(log_id).collect()
}

/// One body as the webhook sends it to the queue.
fn body(log_ids: &[String]) -> String {
    let events: Vec<String> = log_ids.iter().map(|log_id| event(log_id)).collect();
    format!("[{}]", events.join(","))
}

/// Every log event three times: in random order, each time in bodies of other sizes.
fn bodies_in_random_order(log_ids: &[String], rng: &mut fastrand::Rng) -> Vec<String> {
    let mut bodies = Vec::new();
    for _ in 0..COPIES {
        let mut log_ids = log_ids.to_vec();
        rng.shuffle(&mut log_ids);
        let mut rest = log_ids.as_slice();
        while !rest.is_empty() {
            let size = rng.usize(1..=BODY_SIZE).min(rest.len());
            let (part, others) = rest.split_at(size);
            bodies.push(body(part));
            rest = others;
        }
    }
    rng.shuffle(&mut bodies);
    bodies
}

/// Everything around the two targets.
struct Surroundings {
    queue: Arc<Queue>,
    set_aside: Arc<Queue>,
    set_aside_url: String,
    sqs: SqsEndpoint,
    collector: Collector,
}

impl Surroundings {
    async fn start(messages: &[String]) -> Self {
        let sqs = SqsEndpoint::start(Faults::healthy()).await.unwrap();
        let set_aside = Queue::new("set-aside", QueueOptions::default());
        let faults = Faults::healthy();
        let options = CollectorOptions {
            keeps_events: false,
            ..CollectorOptions::default()
        };
        let collector = Collector::start(options, faults.clone()).await.unwrap();
        // An answer that comes late is a gap in which a kill loses it.
        faults.always(Fault::Late(Duration::from_millis(20)));
        let options = QueueOptions {
            // A minute is a second, as long as what a mapping gives back waits here.
            delay_divisor: 60,
            ..QueueOptions::default()
        };
        let queue = Queue::new("deliver", options);
        sqs.add(Arc::clone(&queue));
        for message in messages {
            queue.send(message).unwrap();
        }
        Self {
            set_aside_url: sqs.add(Arc::clone(&set_aside)),
            queue,
            set_aside,
            sqs,
            collector,
        }
    }

    fn target(&self, binary: &Path, ledger: &LedgerTable) -> Arc<Watched> {
        let mut options = FunctionOptions::new("aws-eventbridge-target", binary);
        options.concurrency = 1;
        // A killed process's claims lapse with its invocation.
        options.timeout = Duration::from_secs(10);
        options.environment = settings(&[
            ("TENANT_NAME", "acme"),
            ("SINKS", "http"),
            ("HTTP_SINK_URL", &self.collector.url()),
            ("DEAD_LETTER_QUEUE_URL", &self.set_aside_url),
            ("AWS_ENDPOINT_URL_SQS", &self.sqs.url()),
            ("LEDGER_TABLE", &ledger.table),
            ("AWS_ENDPOINT_URL_DYNAMODB", &ledger.url),
        ]);
        Arc::new(Watched::new(Function::start(options).unwrap()))
    }

    fn mapping(&self, target: &Arc<Watched>, batch_size: usize) -> EventSource {
        let options = MappingOptions {
            batch_size,
            window: Duration::from_millis(20),
            maximum_concurrency: 1,
            return_failed_after: Some(Duration::from_secs(1)),
            ..MappingOptions::default()
        };
        EventSource::start(Arc::clone(&self.queue), Arc::clone(target), options).unwrap()
    }
}

/// Delivers everything, and returns how often each event arrived.
pub(crate) async fn prove(
    (event_count, kill_count): (usize, usize),
    ledger: &LedgerTable,
) -> BTreeMap<String, u64> {
    let log_ids = log_ids(event_count, 100);
    let messages = bodies_in_random_order(&log_ids, &mut fastrand::Rng::with_seed(20));
    let around = Surroundings::start(&messages).await;
    let binaries = binaries().await;
    let binary = binaries.path("aws-eventbridge-target").unwrap();
    let targets = [(); 2].map(|()| around.target(binary, ledger));
    let begun = Instant::now();
    let mappings = targets
        .each_ref()
        .map(|target| around.mapping(target, BATCH_SIZE));
    let mut killed_at = Vec::new();
    for kill in 0..kill_count {
        let enough = u64::try_from((kill + 1) * event_count / (kill_count + 1)).unwrap();
        let stored = || around.collector.counts().events >= enough;
        eventually_within(PATIENCE, "a good part has arrived", stored).await;
        let target = &targets[kill % targets.len()];
        let works = || target.is_working() || around.queue.depth().total() == 0;
        eventually_within(PATIENCE, "the target that is to be killed works", works).await;
        target.kill().await;
        killed_at.push(format!("{:.1}", begun.elapsed().as_secs_f64()));
    }
    around.queue.emptied(PATIENCE).await.unwrap();
    let seconds = begun.elapsed().as_secs_f64();

    let arrived = around.collector.log_ids();
    let lost = log_ids.iter().filter(|id| !arrived.contains_key(*id));
    let (lost, twice) = (lost.count(), twice_count(&arrived));
    say(&format!(
        "{event_count} events, each delivered {COPIES} times in {} bodies to two targets on one ledger, {seconds:.1} s: \
         {lost} lost, {twice} more than once",
        messages.len()
    ));
    say(&format!("  killed after {} s", killed_at.join(", ")));
    let died = targets.each_ref().map(|target| target.died_with()).concat();
    for in_flight in &died {
        let twice = in_flight.iter().filter(|id| arrived[*id] > 1).count();
        let in_flight = in_flight.len();
        say(&format!(
            "  a kill with {in_flight} events under way: {twice} of them more than once"
        ));
    }
    assert_eq!(lost, 0);
    for (log_id, copies) in &arrived {
        let under_way = died.iter().filter(|batch| batch.contains(log_id)).count();
        let allowed = 1 + u64::try_from(under_way).unwrap();
        assert!(
            *copies <= allowed,
            "{log_id}: {copies} copies, {under_way} kills"
        );
    }
    assert!(!died.is_empty(), "no kill met a batch under way");
    assert_eq!(dead_letters(&around.set_aside).len(), 0);
    for mapping in mappings {
        assert!(mapping.stop().await.deleted > 0, "both targets worked");
    }
    arrived
}

#[tokio::test(flavor = "multi_thread")]
async fn of_events_delivered_three_times_none_is_lost_and_only_kills_make_duplicates() {
    let table = Table::start("ledger", Faults::healthy()).await.unwrap();
    let ledger_table = LedgerTable {
        table: table.name().to_owned(),
        url: table.url(),
    };
    let size = match environment("SHARED_LEDGER_EVENTS") {
        Some(event_count) => (event_count.parse().unwrap(), 8),
        None => USUAL,
    };
    let arrived = prove(size, &ledger_table).await;
    assert_eq!(undelivered(table.contents(), arrived.keys()), [""; 0]);
    say(&format!("  {:?}", table.counts()));
}

/// Write units an event, of so many events a second in bodies of 50, each event three times, 20 bodies a batch: the order is
/// random, and each time Auth0 cuts its bodies elsewhere.
async fn units_per_event(per_second: usize) -> f64 {
    const SECONDS: usize = 200;
    let log_ids = log_ids(per_second * SECONDS, per_second);
    let mut messages = Vec::new();
    for copy in 0..COPIES {
        let (first, rest) = log_ids.split_at(copy * BODY_SIZE / COPIES);
        let bodies = [first].into_iter().chain(rest.chunks(BODY_SIZE));
        let bodies = bodies.filter(|body| !body.is_empty());
        messages.extend(bodies.map(body));
    }
    fastrand::Rng::with_seed(20).shuffle(&mut messages);
    let around = Surroundings::start(&messages).await;
    let table = Table::start("ledger", Faults::healthy()).await.unwrap();
    let ledger_table = LedgerTable {
        table: table.name().to_owned(),
        url: table.url(),
    };
    let binaries = binaries().await;
    let binary = binaries.path("aws-eventbridge-target").unwrap();
    let targets = [(); 2].map(|()| around.target(binary, &ledger_table));
    let mappings = targets
        .each_ref()
        .map(|target| around.mapping(target, BATCH_SIZE));
    around.queue.emptied(PATIENCE).await.unwrap();
    let arrived = around.collector.log_ids();
    assert_eq!((arrived.len(), twice_count(&arrived)), (log_ids.len(), 0));
    drop(mappings);
    let counts = table.counts();
    let of_each = |units: u64| {
        let [units, events] = [units, u64::try_from(log_ids.len()).unwrap()];
        f64::from(u32::try_from(units).unwrap()) / f64::from(u32::try_from(events).unwrap())
    };
    let (written, read) = (of_each(counts.write_units), of_each(counts.read_units));
    say(&format!(
        "{per_second} events a second: {written:.3} write units and {read:.3} read units an event"
    ));
    written
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_costs_less_than_a_seventh_of_a_write_unit_at_a_hundred_a_second() {
    let few = units_per_event(10).await;
    let many = units_per_event(100).await;
    assert!(many <= 0.15 && few <= 0.5, "{few}, {many}");
}
