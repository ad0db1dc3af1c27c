//! The end of an invocation: whatever hangs, the letters are written and the answer is there before it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use local::faults::Fault;

use super::{Traffic, at_once, ill_ingest};
use crate::kit::ingest::Ingest;

/// More calls than are made side by side, so that some wait for others that hang.
const LARGE: Traffic = Traffic {
    requests: 1,
    events_each: 300,
};

#[tokio::test(flavor = "multi_thread")]
async fn with_a_bus_that_hangs_the_letters_are_written_before_the_deadline() {
    at_once([3, 4].map(|timeout_secs| async move {
        let ingest = ill_ingest(vec![(1.0, Fault::Hang)], timeout_secs).await;
        let begun = Instant::now();
        LARGE.send(&ingest).await;
        let elapsed = begun.elapsed();
        assert!(elapsed < Duration::from_secs(timeout_secs), "{elapsed:?}");
        assert_eq!(LARGE.arrived(&ingest).set_aside, LARGE.log_ids());
        assert_eq!(ingest.function.starts(), 1, "the process was not killed");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_tried_three_times_even_where_every_call_hangs() {
    let ingest = ill_ingest(vec![(1.0, Fault::Hang)], 3).await;
    let one = Traffic {
        requests: 1,
        events_each: 10,
    };
    one.send(&ingest).await;
    assert!(ingest.bus.counts().calls >= 3, "{:?}", ingest.bus.counts());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_slow_dead_letter_queue_the_deadline_is_kept() {
    let some = Traffic {
        requests: 1,
        events_each: 60,
    };
    let ingest = ill_ingest(vec![(1.0, Fault::Hang)], 5).await;
    let slow = Fault::Late(Duration::from_millis(100));
    ingest.queue_faults.always(slow);
    let begun = Instant::now();
    some.send(&ingest).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(some.arrived(&ingest).set_aside, some.log_ids());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_hanging_the_answer_is_503_before_the_deadline() {
    let timeout = Duration::from_secs(6);
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
