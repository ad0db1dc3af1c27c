//! Answers that are lost, and everything at once: duplicates only where the answer was lost, counted and printed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fakes::faults::Fault;

use super::{Traffic, at_once, faulty_ingest, refuse, say};
use crate::kit::ingest::Ingest;

/// Most entries of one call: what one lost answer can make a duplicate of.
const ENTRIES_A_CALL: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn one_lost_answer_makes_duplicates_of_its_own_call_alone() {
    let traffic = Traffic {
        requests: 1,
        events_each: 25,
    };
    for lost_call in 0..3 {
        let ingest = Arc::new(Ingest::start(&[]).await);
        ingest.bus_faults.by(move |call| match call {
            _ if call == lost_call => Fault::DropAfter,
            _ => Fault::Healthy,
        });
        traffic.send(&ingest).await;
        let arrived = traffic.arrived(&ingest);
        let duplicates: BTreeSet<String> =
            arrived.duplicates().into_keys().map(Into::into).collect();
        let calls = [0..10, 10..20, 20..25];
        let mut of_calls = calls.map(|events| {
            let log_ids = events.map(|event| Traffic::log_id(0, event));
            log_ids.collect::<BTreeSet<_>>()
        });
        assert!(
            of_calls.iter_mut().any(|call| *call == duplicates),
            "{duplicates:?}"
        );
        assert_eq!(arrived.surplus(), u64::try_from(duplicates.len()).unwrap());
        assert_eq!(arrived.set_aside.len(), 0);
    }
}

/// The answers of the calls made side by side come in any order; which event was refused must not get mixed up.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_try_that_failed_as_a_whole_each_event_has_its_own_answer() {
    let traffic = Traffic {
        requests: 1,
        events_each: 60,
    };
    for _ in 0..3 {
        let ingest = Arc::new(Ingest::start(&[]).await);
        ingest.bus_faults.by(|call| match call {
            0..6 => Fault::Status(500),
            _ if call % 2 == 0 => refuse(1.0, "MalformedDetail"),
            _ => Fault::Healthy,
        });
        traffic.send(&ingest).await;
        let arrived = traffic.arrived(&ingest);
        assert_eq!((arrived.on_bus.len(), arrived.set_aside.len()), (30, 30));
    }
}

/// Sends traffic through faults; returns how many copies there are beyond the first, at most ten for a lost answer.
async fn surplus(traffic: Traffic, shares: Vec<(f64, Fault)>, timeout_secs: u64) -> u64 {
    let names: Vec<&str> = shares.iter().map(|(_, fault)| fault.name()).collect();
    let ingest = faulty_ingest(shares, timeout_secs).await;
    traffic.send(&ingest).await;
    let arrived = traffic.arrived(&ingest);
    let injected = ingest.bus_faults.injected();
    for name in &names {
        assert!(injected.contains_key(name), "the bus never had {name}");
    }
    let lost_answers: u64 = ["drop_after", "late"]
        .iter()
        .filter_map(|name| injected.get(name))
        .sum();
    let surplus = arrived.surplus();
    assert!(
        surplus <= lost_answers * ENTRIES_A_CALL,
        "{surplus} copies too many"
    );
    say(&format!(
        "{}: {} events, 0 lost, {} set aside, {} duplicates of {} lost answers",
        names.join(", "),
        traffic.log_ids().len(),
        arrived.set_aside.len(),
        surplus,
        lost_answers,
    ));
    surplus
}

const MANY: Traffic = Traffic {
    requests: 24,
    events_each: 20,
};
const TIMEOUT_SECS: u64 = 10;
/// Longer than an invocation of that time waits for any call.
const TOO_LATE: Fault = Fault::Late(Duration::from_secs(8));

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_loses_nothing() {
    at_once(
        [(0.2, Fault::DropAfter), (0.15, TOO_LATE)].map(|fault| async {
            assert!(surplus(MANY, vec![fault], TIMEOUT_SECS).await > 0);
        }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_or_is_answered_in_time_makes_no_duplicates() {
    let late = Fault::Late(Duration::from_millis(100));
    // A call that is slow by itself must not be given up, or its answer would be lost after all.
    at_once([(0.15, Fault::Hang), (0.3, late)].map(|fault| async {
        assert_eq!(surplus(MANY, vec![fault], 15).await, 0);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_loses_nothing() {
    let shares = vec![
        (0.30, refuse(0.3, "InternalFailure")),
        (0.10, refuse(0.3, "MalformedDetail")),
        (0.08, Fault::Status(500)),
        (0.08, Fault::Throttle),
        (0.05, Fault::Hang),
        (0.08, Fault::DropBefore),
        (0.08, Fault::DropAfter),
        (0.05, TOO_LATE),
    ];
    surplus(MANY, shares, TIMEOUT_SECS).await;
}
