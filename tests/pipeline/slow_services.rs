//! Services that answer late but do answer: one copy of each event behind a ledger, and an acknowledgement in the end.

use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::faults::Fault;

use crate::kit::ingest::Ingest;
use crate::kit::target::{event, failed, log_ids_in, once_each};
use crate::kit::{cloud, dead_letters};

const NOTHING: [usize; 0] = [];

async fn slow(timeout: Duration, file_sink: Option<&std::path::Path>) -> Cloud {
    cloud(CloudOptions {
        timeout,
        file_sink: file_sink.map(Into::into),
        ..CloudOptions::default()
    })
    .await
}

fn log_ids(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

/// Delivers events to a collector in one invocation; each must be there once, by so many calls.
async fn check_once(cloud: &Cloud, count: usize, calls: u64) {
    let log_ids = log_ids(count);
    let bodies: Vec<String> = log_ids.iter().map(|log_id| event(log_id)).collect();
    assert_eq!(failed(cloud, &bodies).await, NOTHING);
    assert_eq!(cloud.collector.log_ids(), once_each(log_ids));
    assert_eq!(cloud.collector.counts().calls, calls);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_answers_in_eleven_seconds_of_sixty_gets_one_copy() {
    let cloud = slow(Duration::from_mins(1), None).await;
    let late = Fault::Late(Duration::from_secs(11));
    cloud.collector_faults.always(late);
    check_once(&cloud, 10, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_takes_half_of_what_time_there_is_gets_one_copy() {
    let cloud = slow(Duration::from_secs(9), None).await;
    let late = Fault::Late(Duration::from_secs(3));
    cloud.collector_faults.always(late);
    check_once(&cloud, 10, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_collector_gets_one_copy_in_each_of_several_parts() {
    let cloud = slow(Duration::from_secs(40), None).await;
    let late = Fault::Late(Duration::from_secs(6));
    cloud.collector_faults.always(late);
    check_once(&cloud, 2_500, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_collector_that_asks_to_be_left_alone_gets_one_copy() {
    let cloud = slow(Duration::from_secs(30), None).await;
    let mut answers = 0;
    cloud.collector_faults.by(move |_| {
        answers += 1;
        match answers {
            1 => Fault::Busy {
                status: 429,
                retry_after_secs: 2,
            },
            _ => Fault::Late(Duration::from_secs(6)),
        }
    });
    check_once(&cloud, 10, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_slow_sink_another_one_gets_one_copy_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    let cloud = slow(Duration::from_secs(30), Some(&file)).await;
    let late = Fault::Late(Duration::from_secs(9));
    cloud.collector_faults.always(late);
    check_once(&cloud, 10, 1).await;
    assert_eq!(log_ids_in(&file), once_each(log_ids(10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_answers_after_its_share_of_the_time_is_heard_all_the_same() {
    let ingest = Ingest::start_with_timeout(Duration::from_secs(15), &[]).await;
    // A third of the time for sending is less than that.
    let late = Fault::Late(Duration::from_millis(4_500));
    ingest.bus_faults.always(late);
    let reply = ingest.post(event("1")).await;
    let counts = r#"{"received":1,"delivered":1,"filtered":0,"set_aside":0}"#;
    assert_eq!((reply.status, reply.body.as_str()), (200, counts));
    assert_eq!(ingest.dead_letters().len(), 0);
    assert!(ingest.log_ids()["1"] <= 2, "{:?}", ingest.log_ids());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_queue_that_answers_late_is_heard_though_sending_took_all_the_time() {
    let ingest = Ingest::start_with_timeout(Duration::from_secs(20), &[]).await;
    ingest.bus_faults.always(Fault::Hang);
    // Four seconds are kept back for it, so each of three tries has less than that.
    let late = Fault::Late(Duration::from_secs(2));
    ingest.queue_faults.always(late);
    let reply = ingest.post(event("1")).await;
    let counts = r#"{"received":1,"delivered":0,"filtered":0,"set_aside":1}"#;
    assert_eq!((reply.status, reply.body.as_str()), (200, counts));
    let letters = ingest.dead_letters();
    assert!(
        letters.iter().all(|letter| letter["log_id"] == "1"),
        "{letters:?}"
    );
    assert!((1..=2).contains(&letters.len()), "{letters:?}");
}
