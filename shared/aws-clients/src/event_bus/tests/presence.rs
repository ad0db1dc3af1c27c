//! A bus that does not exist takes entries all the same: so it is asked for, and then nothing is acknowledged.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const OVER_FIVE_MINUTES: Duration = Duration::from_secs(301);

/// Which answers `DescribeEventBus` gives, one after the other; the last one for good.
async fn endpoint(descriptions: &'static [fn() -> Answer]) -> TestEndpoint {
    let described = AtomicUsize::new(0);
    TestEndpoint::start(move |call| {
        if is_put(call) {
            return take_all(call);
        }
        let number = described.fetch_add(1, Ordering::Relaxed);
        descriptions[number.min(descriptions.len() - 1)]()
    })
    .await
}

fn is_there() -> Answer {
    Answer::Json(200, json!({"Name": "auth0-logs"}))
}

fn is_missing() -> Answer {
    error(400, "ResourceNotFoundException")
}

fn operations(endpoint: &TestEndpoint) -> Vec<String> {
    let calls = endpoint.calls().into_iter();
    calls
        .map(|call| call.operation.replace("AWSEvents.", ""))
        .collect()
}

async fn send_one(bus: &EventBus) -> Delivery {
    send_over(bus, &body(1, 10), LONG).await
}

fn check_refused(delivery: &Delivery) {
    let [(0, Remedy::Stop, reason)] = refusals(delivery)[..] else {
        panic!("{delivery:?}");
    };
    assert!(
        reason.starts_with("event bus `auth0-logs` answered ResourceNotFoundException"),
        "{reason}"
    );
}

#[tokio::test]
async fn the_first_delivery_waits_for_the_answer_and_nothing_goes_to_a_missing_bus() {
    let endpoint = endpoint(&[is_missing]).await;
    let bus = bus_at(&endpoint);
    check_refused(&send_one(&bus).await);
    check_refused(&send_one(&bus).await);
    assert_eq!(operations(&endpoint), ["DescribeEventBus"]);
}

#[tokio::test]
async fn a_start_asks_so_that_the_first_delivery_need_not() {
    let endpoint = endpoint(&[is_there]).await;
    let bus = bus_at(&endpoint);
    bus.prepare().await;
    for _ in 0..2 {
        assert_eq!(send_one(&bus).await, Delivery::all_delivered(1));
    }
    let expected = ["DescribeEventBus", "PutEvents", "PutEvents"];
    assert_eq!(operations(&endpoint), expected);
}

#[tokio::test]
async fn a_bus_that_is_deleted_later_is_found_missing_and_one_that_is_made_is_found() {
    let endpoint = endpoint(&[is_there, is_missing, is_there]).await;
    let bus = bus_at(&endpoint);
    assert_eq!(send_one(&bus).await, Delivery::all_delivered(1));
    bus.presence.age_by(OVER_FIVE_MINUTES).await;
    check_refused(&send_one(&bus).await);
    check_refused(&send_one(&bus).await);
    bus.presence.age_by(OVER_FIVE_MINUTES).await;
    assert_eq!(send_one(&bus).await, Delivery::all_delivered(1));
    let asked = operations(&endpoint);
    let asked = asked
        .iter()
        .filter(|operation| *operation == "DescribeEventBus");
    assert_eq!(asked.count(), 3);
}

#[tokio::test]
async fn any_other_answer_changes_nothing() {
    const NO_ANSWERS: [fn() -> Answer; 4] = [
        || error(400, "AccessDeniedException"),
        || error(400, "ThrottlingException"),
        || Answer::Text(503, "busy"),
        || Answer::Drop,
    ];
    let first_there = endpoint(&NO_ANSWERS).await;
    let bus = bus_at(&first_there);
    for _ in NO_ANSWERS {
        assert_eq!(send_one(&bus).await, Delivery::all_delivered(1));
        bus.presence.age_by(OVER_FIVE_MINUTES).await;
    }
    let first_missing = endpoint(&[is_missing, || error(400, "AccessDeniedException")]).await;
    let bus = bus_at(&first_missing);
    check_refused(&send_one(&bus).await);
    bus.presence.age_by(OVER_FIVE_MINUTES).await;
    check_refused(&send_one(&bus).await);
    assert_eq!(operations(&first_missing).len(), 2);
}

#[tokio::test]
async fn a_description_that_hangs_takes_no_more_than_the_time_there_is() {
    let endpoint = endpoint(&[|| Answer::Hang]).await;
    let bus = bus_at(&endpoint);
    let delivery = send_over(&bus, &body(1, 10), Duration::from_secs(1)).await;
    assert_eq!(delivery.delivered, [0; 0]);
    // No answer is an answer, too: the next one is asked for in five minutes.
    bus.prepare().await;
    assert_eq!(operations(&endpoint), ["DescribeEventBus"]);
}
