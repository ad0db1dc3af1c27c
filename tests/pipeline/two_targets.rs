//! Two target processes on one queue, of which one is killed again and again: nothing is lost.
//!
//! Each event is queued once: the ledgers in memory know nothing of each other.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fakes::aws::queue::{Queue, QueueOptions, SqsEndpoint};
use fakes::collector::{Collector, CollectorOptions};
use fakes::faults::{Fault, Faults};
use hosts::event_source::{EventSource, MappingOptions};
use hosts::lambda::{Function, FunctionOptions};

use crate::kit::target::event;
use crate::kit::{binaries, dead_letters, eventually, say, settings, twice_count};

const EVENT_COUNT: u64 = 4_000;
const BATCH_SIZE: u64 = 40;
const KILL_COUNT: u64 = 5;

fn target(
    binary: &Path,
    collector: &Collector,
    sqs: &SqsEndpoint,
    dead_letters_url: &str,
) -> Arc<Function> {
    let mut options = FunctionOptions::new("aws-eventbridge-target", binary);
    options.concurrency = 1;
    options.environment = settings(&[
        ("TENANT_NAME", "acme"),
        ("SINKS", "http"),
        ("HTTP_SINK_URL", &collector.url()),
        ("DEAD_LETTER_QUEUE_URL", dead_letters_url),
        ("AWS_ENDPOINT_URL_SQS", &sqs.url()),
    ]);
    Arc::new(Function::start(options).unwrap())
}

fn mapping(queue: &Arc<Queue>, function: &Arc<Function>) -> EventSource {
    let options = MappingOptions {
        batch_size: usize::try_from(BATCH_SIZE).unwrap(),
        window: Duration::from_millis(20),
        maximum_concurrency: 1,
        return_failed_after: Some(Duration::from_millis(50)),
        ..MappingOptions::default()
    };
    EventSource::start(Arc::clone(queue), Arc::clone(function), options).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_one_of_two_targets_is_killed_in_the_middle() {
    let binaries = binaries().await;
    let binary = binaries.path("aws-eventbridge-target").unwrap();
    let sqs = SqsEndpoint::start(Faults::healthy()).await.unwrap();
    let set_aside = Queue::new("set-aside", QueueOptions::default());
    let dead_letters_url = sqs.add(Arc::clone(&set_aside));
    let faults = Faults::healthy();
    let collector = Collector::start(CollectorOptions::default(), faults.clone())
        .await
        .unwrap();
    // An answer that comes late is a gap in which a kill loses it.
    faults.always(Fault::Late(Duration::from_millis(15)));

    let queue = Queue::new("deliver", QueueOptions::default());
    for number in 0..EVENT_COUNT {
        queue.send(&event(&number.to_string())).unwrap();
    }
    let [steady, killed] = [(); 2].map(|()| target(binary, &collector, &sqs, &dead_letters_url));
    let [of_steady, of_killed] = [&steady, &killed].map(|function| mapping(&queue, function));

    let stored = || collector.counts().events;
    let mut in_middle = 0;
    for kill in 1..=KILL_COUNT {
        let enough = kill * EVENT_COUNT / (KILL_COUNT + 2);
        eventually("a good part has arrived", || stored() >= enough).await;
        // Not before it works again: each kill must hit a process with a batch under way.
        let starts = killed.starts();
        let invocations = of_killed.counts().invocations;
        eventually("the killed target works", || {
            of_killed.counts().invocations > invocations || queue.depth().total() == 0
        })
        .await;
        in_middle = queue.depth().total();
        killed.kill().await;
        eventually("it is started again", || {
            killed.starts() > starts || queue.depth().total() == 0
        })
        .await;
    }
    of_steady.drained(crate::kit::PATIENCE).await.unwrap();

    let log_ids = collector.log_ids();
    let lost = (0..EVENT_COUNT).filter(|number| !log_ids.contains_key(&number.to_string()));
    let (lost, twice) = (lost.count(), twice_count(&log_ids));
    let (steady_counts, killed_counts) = (of_steady.counts(), of_killed.counts());
    say(&format!(
        "{EVENT_COUNT} events, {KILL_COUNT} kills with {} batches of {BATCH_SIZE} under way: {lost} lost, {twice} twice; \
         {} and {} messages deleted, {} returned, {} and {} processes, {in_middle} messages left at the last kill",
        killed_counts.failed,
        steady_counts.deleted,
        killed_counts.deleted,
        killed_counts.returned,
        steady.starts(),
        killed.starts(),
    ));
    assert_eq!(lost, 0);
    assert_eq!(dead_letters(&set_aside).len(), 0);
    // What was in flight: the batches that ended with their process.
    assert!(twice <= killed_counts.failed * BATCH_SIZE, "{twice}");
    assert!((1..=KILL_COUNT).contains(&killed_counts.failed));
    assert_eq!((steady_counts.failed, steady.starts()), (0, 1));
    assert!(killed.starts() > 1);
    assert!(steady_counts.deleted > 0 && killed_counts.deleted > 0);
    assert!(in_middle > 0, "the last kill came too late");
}
