//! Entries and calls that the bus refuses: what may pass is sent again, what never will is set aside.

use std::sync::Arc;

use fakes::faults::Fault;

use super::{Traffic, at_once, faulty_ingest, refuse};
use crate::kit::ingest::Ingest;

const MANY: Traffic = Traffic {
    requests: 10,
    events_each: 35,
};
const FEW: Traffic = Traffic {
    requests: 1,
    events_each: 5,
};

/// All of it passes in the end, and nothing twice: the bus said what it had not taken.
async fn check_nothing_twice(shares: Vec<(f64, Fault)>, told: &str) {
    let ingest = faulty_ingest(shares, 30).await;
    MANY.send(&ingest).await;
    let arrived = MANY.arrived(&ingest);
    assert_eq!(arrived.surplus(), 0, "{:?}", arrived.duplicates());
    assert_eq!(arrived.set_aside.len(), 0);
    assert_eq!(arrived.on_bus.len(), 10 * 35);
    assert!(
        ingest.bus_faults.injected()[told] > 5,
        "the bus was not faulty"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_30_percent_refused_entries_every_event_reaches_the_bus_once() {
    let codes = ["InternalFailure", "ThrottlingException"];
    at_once(
        codes.map(|code| check_nothing_twice(vec![(1.0, refuse(0.3, code))], "refuse_entries")),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_30_percent_failing_calls_every_event_reaches_the_bus_once() {
    let busy = Fault::Busy {
        status: 503,
        retry_after_secs: 1,
    };
    let faults = [
        Fault::Status(500),
        Fault::Status(502),
        Fault::Throttle,
        busy,
        Fault::DropBefore,
    ];
    at_once(faults.map(|fault| {
        let name = fault.name();
        check_nothing_twice(vec![(0.3, fault)], name)
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_refused_is_sent_again() {
    let ingest = Arc::new(Ingest::start(&[]).await);
    ingest.bus_faults.script([refuse(0.5, "InternalFailure")]);
    FEW.send(&ingest).await;
    let counts = ingest.bus.counts();
    assert!((1..5).contains(&counts.refused), "{counts:?}");
    assert_eq!((counts.calls, counts.accepted), (2, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_refused_for_good_is_set_aside_after_one_try() {
    for code in ["MalformedDetail", "NotAuthorizedForSourceException"] {
        let ingest = Arc::new(Ingest::start(&[]).await);
        ingest.bus_faults.always(refuse(1.0, code));
        FEW.send(&ingest).await;
        assert_eq!(ingest.bus.counts().calls, 1);
        assert_eq!(FEW.arrived(&ingest).set_aside, FEW.log_ids());
        for dead_letter in ingest.dead_letters() {
            assert_eq!(
                dead_letter["reason"],
                format!("EventBridge answered {code}")
            );
            assert_eq!(dead_letter["sink"], "event-bus");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_refused_for_good_takes_no_other_with_it() {
    let ingest = faulty_ingest(vec![(0.5, refuse(0.3, "MalformedDetail"))], 30).await;
    MANY.send(&ingest).await;
    let arrived = MANY.arrived(&ingest);
    assert_eq!(arrived.surplus(), 0);
    let refused = usize::try_from(ingest.bus.counts().refused).unwrap();
    assert_eq!(arrived.set_aside.len(), refused);
    assert!(refused > 5, "the bus was not faulty");
    assert_eq!(arrived.on_bus.len() + refused, 10 * 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_refused_is_tried_at_least_three_times_and_then_set_aside() {
    let faults = [
        refuse(1.0, "InternalFailure"),
        refuse(1.0, "ThrottlingException"),
        Fault::Status(500),
        Fault::Throttle,
        Fault::DropBefore,
    ];
    at_once(faults.map(|fault| async {
        let name = fault.name();
        let ingest = faulty_ingest(vec![(1.0, fault)], 10).await;
        FEW.send(&ingest).await;
        assert!(ingest.bus.counts().calls >= 3, "{name}");
        assert_eq!(FEW.arrived(&ingest).set_aside, FEW.log_ids(), "{name}");
        assert_eq!(
            ingest.dead_letters().len(),
            5,
            "{name}: a dead letter for each"
        );
    }))
    .await;
}
