//! The end of an invocation: whatever hangs, the dead letters are written and the answer is there before it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fakes::faults::Fault;

use super::{Traffic, at_once, faulty_ingest};
use crate::kit::ingest::Ingest;

/// More calls than are made side by side, so that some wait for others that hang.
const LARGE: Traffic = Traffic {
    requests: 1,
    events_each: 300,
};

/// A deadline is the wall clock's, and a busy machine may give the function no time before it: what fails is tried again
/// with three times, then nine times the timeout. Where the function does not look at the clock, all three fail.
async fn in_time<T>(timeout_secs: u64, attempt: impl Fn(u64) -> T)
where
    T: Future<Output = ()> + Send + 'static,
{
    for factor in [1, 3] {
        if tokio::spawn(attempt(factor * timeout_secs)).await.is_ok() {
            return;
        }
    }
    attempt(9 * timeout_secs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_bus_that_hangs_the_dead_letters_are_written_before_the_deadline() {
    at_once([3, 4].map(|timeout_secs| in_time(timeout_secs, hanging_bus))).await;
}

async fn hanging_bus(timeout_secs: u64) {
    let ingest = faulty_ingest(vec![(1.0, Fault::Hang)], timeout_secs).await;
    let begun = Instant::now();
    LARGE.send(&ingest).await;
    let elapsed = begun.elapsed();
    assert!(elapsed < Duration::from_secs(timeout_secs), "{elapsed:?}");
    assert_eq!(LARGE.arrived(&ingest).set_aside, LARGE.log_ids());
    assert_eq!(ingest.function.starts(), 1, "the process was not killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_tried_three_times_even_where_every_call_hangs() {
    in_time(3, three_tries).await;
}

async fn three_tries(timeout_secs: u64) {
    let ingest = faulty_ingest(vec![(1.0, Fault::Hang)], timeout_secs).await;
    let one = Traffic {
        requests: 1,
        events_each: 10,
    };
    one.send(&ingest).await;
    assert!(ingest.bus.counts().calls >= 3, "{:?}", ingest.bus.counts());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_slow_dead_letter_queue_the_deadline_is_kept() {
    in_time(5, slow_queue).await;
}

async fn slow_queue(timeout_secs: u64) {
    let some = Traffic {
        requests: 1,
        events_each: 60,
    };
    let ingest = faulty_ingest(vec![(1.0, Fault::Hang)], timeout_secs).await;
    let slow = Fault::Late(Duration::from_millis(100));
    ingest.queue_faults.always(slow);
    let begun = Instant::now();
    some.send(&ingest).await;
    assert!(begun.elapsed() < Duration::from_secs(timeout_secs));
    assert_eq!(some.arrived(&ingest).set_aside, some.log_ids());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_hanging_the_answer_is_503_before_the_deadline() {
    in_time(6, everything_hanging).await;
}

async fn everything_hanging(timeout_secs: u64) {
    let timeout = Duration::from_secs(timeout_secs);
    let ingest = Arc::new(Ingest::start_with_timeout(timeout, &[]).await);
    ingest.bus_faults.always(Fault::Hang);
    ingest.queue_faults.always(Fault::Hang);
    let begun = Instant::now();
    let reply = ingest.post(LARGE.body(0)).await;
    assert_eq!(reply.status, 503);
    assert!(reply.header("retry-after").is_some());
    assert!(begun.elapsed() < timeout);
    assert_eq!(ingest.function.starts(), 1, "the process was not killed");
}
