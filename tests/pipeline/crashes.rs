//! A function that dies in its work, and one that nobody listens to.

use std::sync::Arc;
use std::time::Duration;

use fakes::aws::event_bus::BusCounts;
use fakes::collector::{Collector, CollectorOptions};
use fakes::faults::{Fault, Faults};
use serde_json::json;

use crate::kit::eventually;
use crate::kit::ingest::Ingest;
use crate::kit::one_invocation::OneInvocation;
use crate::kit::target::{event, once_each, record};

/// Posts an event, kills the webhook once the bus has got this far with it, and posts the event again.
async fn post_through_a_kill(
    fault: Fault,
    has_come_far: impl Fn(BusCounts) -> bool,
) -> Arc<Ingest> {
    let ingest = Arc::new(Ingest::start(&[]).await);
    ingest.bus_faults.always(fault);
    let posting = tokio::spawn({
        let ingest = Arc::clone(&ingest);
        async move { ingest.post(event("1")).await.status }
    });
    eventually("the call", || has_come_far(ingest.bus.counts())).await;
    ingest.function.kill().await;
    assert_eq!(posting.await.unwrap(), 502);
    ingest.bus_faults.clear();
    assert_eq!(ingest.post(event("1")).await.status, 200);
    assert_eq!(ingest.function.starts(), 2);
    ingest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_killed_in_its_work_is_answered_502_and_the_next_try_succeeds() {
    let ingest = post_through_a_kill(Fault::Hang, |counts| counts.calls > 0).await;
    assert_eq!(ingest.log_ids(), once_each(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_the_bus_when_the_webhook_was_killed_is_there_twice() {
    // Later than any call is waited for: the webhook never hears that the bus has the event.
    let late = Fault::Late(Duration::from_mins(1));
    let ingest = post_through_a_kill(late, |counts| counts.accepted > 0).await;
    assert_eq!(ingest.log_ids(), [("1".to_owned(), 2)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_where_nobody_reads_the_functions_own_lines() {
    let collector = Collector::start(CollectorOptions::default(), Faults::healthy());
    let collector = collector.await.unwrap();
    let settings = [
        ("SINKS", "http"),
        ("HTTP_SINK_URL", &collector.url()),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/1/set-aside"),
        ("LOG_LEVEL", "trace"),
    ];
    let payload = json!({ "Records": [record("1", Some(&event("1")))] }).to_string();
    let mut invocation = OneInvocation::start("aws-eventbridge-target", &settings, payload).await;
    // The other end of the pipe is closed: every line that the function writes fails.
    drop(invocation.program.stdout.take());
    assert_eq!(invocation.answer().await, r#"{"batchItemFailures":[]}"#);
    assert_eq!(collector.log_ids(), once_each(["1"]));
    let exit = invocation.program.try_wait().unwrap();
    assert_eq!(exit, None, "the function ended");
}
