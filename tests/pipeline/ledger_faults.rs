//! A ledger's table that is faulty, missing or forbidden, before the real target: nothing is sent unclaimed, nothing is
//! acknowledged undelivered, and once the table is well again each event arrives once.

use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::aws::dynamodb::Table;
use fakes::faults::{Fault, Faults};

use crate::kit::target::{event, failed, once_each};
use crate::kit::{arrived, cloud, dead_letters, eventually, settings};

const NOTHING: [usize; 0] = [];

/// A cloud whose target keeps its ledger in a table.
struct Ledgered {
    cloud: Cloud,
    table: Table,
    faults: Faults,
}

impl Ledgered {
    async fn start(table_name: &str) -> Self {
        Self::start_with_timeout(table_name, Duration::from_secs(30)).await
    }

    async fn start_with_timeout(table_name: &str, timeout: Duration) -> Self {
        let faults = Faults::healthy();
        let table = Table::start("ledger", faults.clone()).await.unwrap();
        let options = CloudOptions {
            environment: settings(&[
                ("LEDGER_TABLE", table_name),
                ("AWS_ENDPOINT_URL_DYNAMODB", &table.url()),
            ]),
            timeout,
            ..CloudOptions::default()
        };
        Self {
            cloud: cloud(options).await,
            table,
            faults,
        }
    }
}

async fn check_faulty(fault: Fault) {
    // A claim that hangs may take half of it, and one whose answer is lost lapses with it.
    let timeout = Duration::from_secs(8);
    let ledgered = Ledgered::start_with_timeout("ledger", timeout).await;
    let cloud = &ledgered.cloud;
    ledgered.faults.always(fault.clone());
    for log_id in ["1", "2", "3"] {
        cloud.deliver_queue.send(&event(log_id)).unwrap();
    }
    let returned = || cloud.mapping.counts().returned >= 3;
    eventually("the events are handed back", returned).await;
    assert_eq!(cloud.collector.counts().calls, 0, "{fault:?}");
    ledgered.faults.clear();
    arrived(cloud).await;
    let log_ids = ["1", "2", "3"];
    assert_eq!(cloud.collector.log_ids(), once_each(log_ids), "{fault:?}");
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0, "{fault:?}");
    for log_id in log_ids {
        let state = ledgered.table.text(&format!("http#{log_id}"), "state");
        assert_eq!(state.as_deref(), Some("delivered"), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_table_is_faulty_nothing_is_sent_and_everything_comes_again() {
    check_faulty(Fault::Status(500)).await;
    check_faulty(Fault::Throttle).await;
    check_faulty(Fault::Hang).await;
    check_faulty(Fault::DropBefore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_whose_answers_are_lost_are_given_back_or_lapse() {
    check_faulty(Fault::DropAfter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sink_has_is_acknowledged_although_the_table_cannot_note_it() {
    let ledgered = Ledgered::start("ledger").await;
    // Two claims pass, and nothing after them.
    ledgered.faults.by(|call| {
        if call < 2 {
            Fault::Healthy
        } else {
            Fault::Status(500)
        }
    });
    let events = ["1", "2"].map(event);
    assert_eq!(failed(&ledgered.cloud, &events).await, NOTHING);
    let log_ids = ledgered.cloud.collector.log_ids();
    assert_eq!(log_ids, once_each(["1", "2"]));
    let named = "commit 2 log events of sink `http`";
    let target = &ledgered.cloud.target;
    let output = target.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_event_costs_two_writes_a_known_one_one_and_one_that_a_sink_refuses_two() {
    let ledgered = Ledgered::start("ledger").await;
    let events = ["1", "2", "3"].map(event);
    let mut calls = 0;
    let mut check = async |failures: &[usize], writes_each: u64| {
        assert_eq!(failed(&ledgered.cloud, &events).await, failures);
        let writes = ledgered.table.counts().calls - calls;
        assert_eq!(writes, 3 * writes_each);
        calls += writes;
    };
    ledgered.cloud.collector_faults.always(Fault::Status(401));
    check(&[0, 1, 2], 2).await;
    ledgered.cloud.collector_faults.clear();
    check(&NOTHING, 2).await;
    check(&NOTHING, 1).await;
}

async fn check_named(ledgered: &Ledgered, named: &str) {
    let events = ["1", "2"].map(event);
    assert_eq!(failed(&ledgered.cloud, &events).await, [0, 1]);
    let target = &ledgered.cloud.target;
    let output = target.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
    assert_eq!(ledgered.cloud.collector.counts().calls, 0);
    assert_eq!(dead_letters(&ledgered.cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_is_named_and_nothing_is_acknowledged() {
    let ledgered = Ledgered::start("other").await;
    let named = "ledger table `other` answered ResourceNotFoundException";
    check_named(&ledgered, named).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_permission_is_named_and_nothing_is_acknowledged() {
    let ledgered = Ledgered::start("ledger").await;
    ledgered.faults.always(Fault::Denied);
    let named = "ledger table `ledger` answered AccessDeniedException";
    check_named(&ledgered, named).await;
    ledgered.faults.clear();
    let events = ["1", "2"].map(event);
    assert_eq!(failed(&ledgered.cloud, &events).await, NOTHING);
    let log_ids = ledgered.cloud.collector.log_ids();
    assert_eq!(log_ids, once_each(["1", "2"]));
}
