//! What is answered while the dead-letter queue is faulty too, or the bus is not there at all.

use std::sync::Arc;
use std::time::Duration;

use fakes::faults::Fault;

use super::{Traffic, at_once, refuse};
use crate::kit::ingest::Ingest;
use crate::kit::reply::Reply;

const TRAFFIC: Traffic = Traffic {
    requests: 1,
    events_each: 25,
};
const POISON: &str = r#"[{"type":"s","log_id":"1"},7]"#;

fn check_try_again(reply: &Reply) {
    assert_eq!(reply.status, 503);
    let seconds: u32 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&seconds), "{seconds}");
    let error = r#"{"error":"not everything could be stored, send it again"}"#;
    assert_eq!(reply.body, error);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_failing_a_request_is_answered_503_and_succeeds_later() {
    let faults = [
        (Fault::Status(500), Fault::Status(500)),
        (refuse(1.0, "InternalFailure"), refuse(1.0, "InternalError")),
        (refuse(1.0, "MalformedDetail"), Fault::Throttle),
        (Fault::DropBefore, Fault::DropBefore),
        (Fault::Hang, Fault::Hang),
    ];
    at_once(faults.map(|(bus_fault, queue_fault)| async {
        // A tenth of it is left for the answer.
        let timeout = Duration::from_secs(10);
        let ingest = Arc::new(Ingest::start_with_timeout(timeout, &[]).await);
        ingest.bus_faults.always(bus_fault);
        ingest.queue_faults.always(queue_fault);
        check_try_again(&ingest.post(TRAFFIC.body(0)).await);
        assert_eq!(ingest.log_ids().len(), 0);
        assert_eq!(ingest.dead_letters().len(), 0);

        ingest.bus_faults.clear();
        ingest.queue_faults.clear();
        TRAFFIC.send(&ingest).await;
        let arrived = TRAFFIC.arrived(&ingest);
        assert_eq!((arrived.on_bus.len(), arrived.surplus()), (25, 0));
        assert_eq!(ingest.dead_letters().len(), 0);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_set_aside_is_not_acknowledged() {
    let ingest = Ingest::start_with_timeout(Duration::from_secs(10), &[]).await;
    ingest.queue_faults.always(Fault::Status(500));
    for body in [POISON, "[{"] {
        check_try_again(&ingest.post(body).await);
    }
    assert_eq!(ingest.dead_letters().len(), 0);
    ingest.queue_faults.clear();
    for (body, status) in [(POISON, 200), ("[{", 400)] {
        assert_eq!(ingest.post(body).await.status, status);
    }
    assert_eq!(ingest.dead_letters().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_queue_that_refuses_some_dead_letters_gets_them_again() {
    let ingest = Arc::new(Ingest::start(&[]).await);
    ingest.bus_faults.always(refuse(1.0, "MalformedDetail"));
    ingest.queue_faults.mix(vec![
        (0.5, refuse(0.4, "InternalError")),
        (0.2, Fault::Status(500)),
        (0.1, Fault::Throttle),
        (0.1, Fault::DropBefore),
    ]);
    TRAFFIC.send(&ingest).await;
    assert_eq!(TRAFFIC.arrived(&ingest).set_aside, TRAFFIC.log_ids());
    assert_eq!(ingest.dead_letters().len(), 25, "a dead letter for each");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_bus_is_answered_503_and_nothing_is_acknowledged() {
    let ingest = Ingest::start(&[("EVENT_BUS_NAME", "other")]).await;
    check_try_again(&ingest.post(TRAFFIC.body(0)).await);
    assert_eq!(ingest.log_ids().len(), 0);
    assert_eq!(ingest.dead_letters().len(), 0);
    // A person must act: that is said at the level of an error.
    let named = "a person must act";
    let function = &ingest.function;
    let output = function.output_when(|output| output.contains(named)).await;
    let said = output.lines().find(|line| line.contains(named));
    let said: serde_json::Value = serde_json::from_str(said.unwrap()).unwrap();
    assert_eq!(said["level"], "ERROR");
    assert!(
        said["reason"]
            .as_str()
            .unwrap()
            .contains("event bus `other`")
    );
}

/// The bus takes what is put onto it after it was deleted, as the real service does.
#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_was_deleted_is_found_missing_as_a_function_starts_and_no_event_is_lost() {
    let ingest = Ingest::start(&[]).await;
    assert_eq!(ingest.post(TRAFFIC.body(0)).await.status, 200);
    let before = ingest.log_ids();
    ingest.bus.delete();
    ingest.function.kill().await;
    for number in [1, 2] {
        check_try_again(&ingest.post(TRAFFIC.body(number)).await);
    }
    assert_eq!(ingest.bus.counts().lost, 0);
    ingest.bus.make_again();
    assert_eq!(ingest.log_ids(), before);
    ingest.function.kill().await;
    assert_eq!(ingest.post(TRAFFIC.body(1)).await.status, 200);
    assert!(ingest.log_ids().len() > before.len());
    assert_eq!(ingest.dead_letters().len(), 0);
    assert_eq!(ingest.bus.counts().described, 3, "once for each process");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_may_not_be_asked_for_is_taken_to_be_there_and_that_is_said_once() {
    let ingest = Ingest::start(&[]).await;
    ingest.bus.refuse_description(Some("AccessDeniedException"));
    for number in [0, 1] {
        assert_eq!(ingest.post(TRAFFIC.body(number)).await.status, 200);
    }
    let said = "DescribeEventBus failed";
    let function = &ingest.function;
    let output = function.output_when(|output| output.contains(said)).await;
    assert_eq!(output.matches(said).count(), 1, "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_dead_letter_queue_is_answered_503_where_it_is_needed() {
    let ingest = Ingest::start(&[]).await;
    let url = "http://127.0.0.1:9/123456789012/nowhere";
    let settings = [("DEAD_LETTER_QUEUE_URL", url)];
    let without = Ingest::start_with_timeout(Duration::from_secs(10), &settings).await;
    for ingest in [&ingest, &without] {
        assert_eq!(ingest.post(TRAFFIC.body(0)).await.status, 200);
    }
    check_try_again(&without.post(POISON).await);
}
