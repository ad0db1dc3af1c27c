//! What push did not bring, and what is left to it.

use tenant_logs::{Filter, FilterSettings};

use super::*;
use crate::ports::{Lease, Settled};

/// A poller of log events that looks at two sinks beside its own.
fn looking(count: usize) -> TestPoller {
    let mut poller = going_on(count);
    poller.settings.gap_sinks = vec!["firehose".to_owned(), "file".to_owned()];
    poller
}

/// Notes log events, by their numbers, as delivered to a sink.
async fn push(poller: &TestPoller, sink: &str, numbers: impl Iterator<Item = usize>) {
    let log_ids = ids(numbers);
    let log_ids: Vec<&str> = log_ids.iter().map(String::as_str).collect();
    poller
        .note(sink, &log_ids, Some(Settled::Delivered), deadline().lease())
        .await;
}

#[tokio::test(start_paused = true)]
async fn only_gaps_are_sent_where_push_brings_the_rest() {
    let poller = looking(30);
    let brought = |lost: usize| (1..30_usize).filter(move |number| !number.is_multiple_of(lost));
    push(&poller, "firehose", brought(7)).await;
    push(&poller, "file", brought(10)).await;
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([7, 10, 14, 20, 21, 28]));
    assert_eq!((run.known, run.gap), (23, 6));
    assert_eq!(stored(&poller).position, after(29));
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_or_under_a_live_claim_is_known_and_a_lapsed_claim_is_a_gap() {
    let mut poller = going_on(4);
    poller.settings.gap_sinks = vec!["firehose".to_owned()];
    let live = deadline().lease();
    let an_hour_ago = live.begins - Duration::from_hours(1);
    let lapsed = Lease {
        begins: an_hour_ago,
        ends: an_hour_ago + Duration::from_secs(30),
        ..live
    };
    for (log_id, settled, lease) in [
        ("id000001", Some(Settled::SetAside), live),
        ("id000002", None, live),
        ("id000003", None, lapsed),
    ] {
        poller.note("firehose", &[log_id], settled, lease).await;
    }
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([3]));
    assert_eq!((run.known, run.gap), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_under_a_live_claim_at_the_poller_s_own_sink_is_neither_known_nor_a_gap_until_it_is_free()
 {
    let mut poller = going_on(4);
    poller.settings.gap_sinks = vec!["http".to_owned()];
    let ledger = poller.relay.ledger.as_ref().unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    // Another run, whose sink refuses the log event in the end.
    let lease = deadline().lease();
    let held = ledger.claim("http", &["id000002"], &lease, until).await;
    for _ in 0..2 {
        let error = failed(&poller).await;
        assert!(matches!(error, PollError::NotDelivered { .. }), "{error}");
        assert_eq!(poller.delivered(), ids([1, 3]));
        assert_eq!(stored(&poller).position, after(0));
    }
    ledger.settle(held.tickets, &[None], until).await.unwrap();
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([1, 3, 2]));
    assert_eq!((run.known, run.gap), (2, 1));
    assert_eq!(stored(&poller).position, after(3));
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_run_of_the_poller_held_is_delivered_once_its_claim_has_lapsed() {
    let mut poller = going_on(4);
    poller.settings.gap_sinks = vec!["http".to_owned()];
    let live = deadline().lease();
    let an_hour_ago = live.begins - Duration::from_hours(1);
    let lapsed = Lease {
        begins: an_hour_ago,
        ends: an_hour_ago + Duration::from_secs(30),
        ..live
    };
    let log_ids = ["id000001", "id000002", "id000003"];
    poller.note("http", &log_ids, None, lapsed).await;
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..4));
    assert_eq!((run.known, run.gap), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn what_the_poller_s_own_sink_has_already_is_no_gap() {
    let poller = looking(10);
    push(&poller, "http", 1..4).await;
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(4..10));
    assert_eq!((run.known, run.gap), (0, 6));
}

#[tokio::test(start_paused = true)]
async fn what_the_filter_stops_is_no_gap() {
    let mut poller = looking(10);
    poller.relay.filter = Filter::parse(FilterSettings {
        exclude_types: Some("s"),
        ..FilterSettings::default()
    })
    .unwrap();
    poller.source.events.lock().unwrap()[4].json = logged(4).json.replace("\"s\"", "\"f\"");
    let run = poller.run(&deadline()).await;
    assert_eq!(run.unwrap().gap, 1);
    assert_eq!(poller.delivered(), ids([4]));
    let ledger = poller.relay.ledger.as_ref().unwrap();
    // Of a log_id without a time each has a bucket of its own: the two sinks', and the poller's own.
    let read = ledger.store().read.lock().unwrap();
    assert_eq!(read.len(), 3, "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gap_that_a_sink_does_not_take_is_counted_by_the_run_that_delivers_it() {
    let mut poller = looking(20);
    let plan: crate::testing::Plan = |log_id, _| (log_id > "id000014").then_some(Remedy::HandBack);
    poller.relay.destinations[0].sink.plan = plan;
    poller.settings.gap_sinks = vec!["http".to_owned()];
    failed(&poller).await;
    poller.relay.destinations[0].sink.plan = takes_all;
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..20));
    assert_eq!((run.known, run.gap), (14, 5));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_where_it_cannot_be_told_what_arrived() {
    let mut poller = looking(10);
    let rows = TestRows {
        is_down: true,
        ..TestRows::default()
    };
    poller.relay.ledger = Some(crate::journal::Journal::new(rows, 35));
    let error = failed(&poller).await;
    assert!(matches!(error, PollError::Look { .. }), "{error}");
    assert_eq!(poller.delivered(), ids([]));
    assert_eq!(stored(&poller).position, after(0));
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_before_what_is_too_young_and_has_caught_up() {
    let mut poller = going_on(15);
    poller.settings.grace = Duration::from_mins(5);
    let young = dated(15, &Timestamp::now().to_string());
    poller.source.events.lock().unwrap().push(young);
    poller.source.events.lock().unwrap().push(logged(16));
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(run.end, RunEnd::CaughtUp);
    assert_eq!(poller.delivered(), ids(1..15));
    assert_eq!(stored(&poller).position, after(14));
    assert!(stored(&poller).end_reached.is_some());

    poller.settings.grace = Duration::ZERO;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..17));
}
