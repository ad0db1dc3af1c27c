//! The sink `firehose` through the real target: lines, and a faulty stream from which nothing is lost.

use fakes::faults::Fault;
use serde_json::Value;

use crate::kit::replay::Replaying;
use crate::kit::target::{event, failed, once_each};
use crate::kit::{arrived, dead_letters, say, twice_count};

const NOTHING: [usize; 0] = [];

async fn start() -> Replaying {
    Replaying::start(&[("SINKS", "firehose")]).await
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_a_line_of_its_own() {
    let replaying = start().await;
    let indented = event("2").replace("{\"type\"", "{\r\n  \"type\"");
    let bodies = [event("1"), indented.clone(), event("3")];
    assert_eq!(failed(&replaying.cloud, &bodies).await, NOTHING);
    let blanked = indented.replace("\r\n", "  ");
    let expected = format!("{}\n{blanked}\n{}\n", event("1"), event("3"));
    assert_eq!(replaying.firehose.written(), expected.as_bytes());
    assert_eq!(replaying.firehose.counts().calls, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_over_the_limit_is_set_aside_and_its_neighbours_pass() {
    let replaying = start().await;
    let large = format!(
        r#"{{"log_id":"large","data":{{"type":"s","x":"{}"}}}}"#,
        "y".repeat(1_024_000)
    );
    let bodies = [event("1"), large, event("2")];
    assert_eq!(failed(&replaying.cloud, &bodies).await, NOTHING);
    assert_eq!(replaying.firehose.log_ids(), once_each(["1", "2"]));
    let dead_letters = dead_letters(&replaying.cloud.set_aside_queue);
    assert_eq!(dead_letters.len(), 1);
    assert_eq!(dead_letters[0]["sink"], "firehose");
    assert_eq!(dead_letters[0]["log_id"], "large");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_records_that_failed_are_sent_again_when_a_third_of_them_does() {
    let replaying = start().await;
    replaying.firehose_faults.always(Fault::RefuseEntries {
        share: 0.3,
        code: "ServiceUnavailableException".to_owned(),
    });
    let log_ids = numbers(0..2_000);
    for log_id in &log_ids {
        replaying.cloud.deliver_queue.send(&event(log_id)).unwrap();
    }
    arrived(&replaying.cloud).await;
    let counts = replaying.firehose.counts();
    assert_eq!(replaying.firehose.log_ids(), once_each(log_ids));
    assert!(counts.refused > 500, "{counts:?}");
    assert_eq!(
        dead_letters(&replaying.cloud.set_aside_queue),
        [Value::Null; 0]
    );
    say(&format!(
        "firehose with 30 % failed records: {} records refused, 2000 of 2000 delivered, 0 twice",
        counts.refused
    ));
}

/// Sends events while every other call has a fault, then clears them; returns how many arrived more than once.
async fn check(fault: Fault) -> u64 {
    let replaying = start().await;
    let faulty = fault.clone();
    replaying.firehose_faults.by(move |call| {
        if call % 2 == 0 {
            faulty.clone()
        } else {
            Fault::Healthy
        }
    });
    let log_ids = numbers(0..300);
    for log_id in &log_ids {
        replaying.cloud.deliver_queue.send(&event(log_id)).unwrap();
    }
    arrived(&replaying.cloud).await;
    let arrived = replaying.firehose.log_ids();
    let lost = log_ids.iter().filter(|id| !arrived.contains_key(*id));
    assert_eq!(lost.count(), 0, "{fault:?}");
    assert_eq!(dead_letters(&replaying.cloud.set_aside_queue).len(), 0);
    let twice = twice_count(&arrived);
    let name = fault.name();
    say(&format!(
        "firehose, every other call {name}: 300 of 300 delivered, {twice} more than once"
    ));
    twice
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_while_calls_fail_without_being_done() {
    assert_eq!(check(Fault::Status(500)).await, 0);
    assert_eq!(check(Fault::Throttle).await, 0);
    assert_eq!(check(Fault::DropBefore).await, 0);
    assert_eq!(check(Fault::Hang).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_is_lost_is_sent_again_and_never_dropped() {
    let twice = check(Fault::DropAfter).await;
    assert!((1..=300).contains(&twice), "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_there_is_not_is_named_and_nothing_is_acknowledged() {
    let replaying =
        Replaying::start(&[("SINKS", "firehose"), ("FIREHOSE_STREAM_NAME", "other")]).await;
    assert_eq!(failed(&replaying.cloud, &[event("1")]).await, [0]);
    let calls = replaying.firehose.counts().calls;
    assert_eq!(calls, 1, "it is not tried again");
    let named = "Firehose stream `other` answered ResourceNotFoundException";
    let target = &replaying.cloud.target;
    let output = target.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
    assert_eq!(dead_letters(&replaying.cloud.set_aside_queue).len(), 0);
}
