//! A permission, a queue or a bus that is missing: it is named, nothing is acknowledged, and once it is there each event
//! arrives once. The ledger's table is in `ledger_faults`, the stream in `firehose`, Secrets Manager in `secrets`.

use fakes::faults::{Fault, Faults};
use hosts::lambda::Function;

use crate::kit::dead_letters;
use crate::kit::ingest::Ingest;
use crate::kit::replay::{Replaying, dead_letter};
use crate::kit::target::{event, failed, once_each};

const NOTHING: [usize; 0] = [];

async fn assert_named(function: &Function, name: &str) {
    let named = format!("{name} answered AccessDeniedException");
    let output = function.output_when(|output| output.contains(&named)).await;
    assert!(output.contains(&named), "{named}: {output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_answers_503_while_it_may_not_use_its_bus() {
    let ingest = Ingest::start(&[]).await;
    ingest.bus_faults.always(Fault::Denied);
    assert_eq!(ingest.post(event("1")).await.status, 503);
    assert_named(&ingest.function, "event bus `auth0-logs`").await;
    assert_eq!(ingest.dead_letters().len(), 0, "it is not set aside");
    ingest.bus_faults.clear();
    assert_eq!(ingest.post(event("1")).await.status, 200);
    assert_eq!(ingest.log_ids(), once_each(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_answers_503_while_it_may_not_set_aside_what_it_must() {
    let ingest = Ingest::start(&[]).await;
    ingest.queue_faults.always(Fault::Denied);
    assert_eq!(ingest.post("[7]").await.status, 503);
    assert_named(&ingest.function, "dead-letter queue `set-aside`").await;
    ingest.queue_faults.clear();
    assert_eq!(ingest.post("[7]").await.status, 200);
    assert_eq!(ingest.dead_letters().len(), 1);
}

/// What the target cannot do it hands back, and does once it may.
async fn check(replaying: &Replaying, faults: &Faults, body: &str, name: &str) {
    faults.always(Fault::Denied);
    assert_eq!(failed(&replaying.cloud, &[body]).await, [0], "{name}");
    assert_named(&replaying.cloud.target, name).await;
    assert_eq!(
        dead_letters(&replaying.cloud.set_aside_queue).len(),
        0,
        "{name}"
    );
    faults.clear();
    assert_eq!(failed(&replaying.cloud, &[body]).await, NOTHING, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_hands_back_what_it_may_not_put_into_its_stream() {
    let replaying = Replaying::start(&[("SINKS", "firehose")]).await;
    let faults = &replaying.firehose_faults;
    check(&replaying, faults, &event("1"), "Firehose stream `logs`").await;
    assert_eq!(replaying.firehose.log_ids(), once_each(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_hands_back_a_dead_letter_that_it_may_not_put_onto_its_bus() {
    let replaying = Replaying::start(&[]).await;
    let dead_letter = dead_letter(Some("event-bus"), Some("1"), &event("1"));
    let faults = &replaying.bus_faults;
    check(&replaying, faults, &dead_letter, "event bus `auth0-logs`").await;
    assert_eq!(replaying.bus.log_ids(), once_each(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_hands_back_what_it_may_not_set_aside() {
    let replaying = Replaying::start(&[]).await;
    let faults = &replaying.cloud.queue_faults;
    faults.always(Fault::Denied);
    assert_eq!(failed(&replaying.cloud, &["poison"]).await, [0]);
    assert_named(&replaying.cloud.target, "dead-letter queue `set-aside`").await;
    faults.clear();
    assert_eq!(failed(&replaying.cloud, &["poison"]).await, NOTHING);
    assert_eq!(dead_letters(&replaying.cloud.set_aside_queue).len(), 1);
}

/// Something that the settings name and that is not there.
async fn check_missing(setting: (&str, &str), body: &str, named: &str) {
    let replaying = Replaying::start(&[setting]).await;
    assert_eq!(failed(&replaying.cloud, &[body]).await, [0], "{named}");
    let target = &replaying.cloud.target;
    let output = target.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{named}: {output}");
    assert_eq!(
        dead_letters(&replaying.cloud.set_aside_queue).len(),
        0,
        "{named}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_queue_that_there_is_not_is_named_and_nothing_is_acknowledged() {
    let setting = (
        "DEAD_LETTER_QUEUE_URL",
        "http://127.0.0.1:9/123456789012/nowhere",
    );
    let named = "dead-letter queue `nowhere` answered ";
    check_missing(setting, "poison", named).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_there_is_not_is_named_and_its_dead_letter_is_not_acknowledged() {
    let dead_letter = dead_letter(Some("event-bus"), Some("1"), &event("1"));
    let named = "event bus `other` answered ResourceNotFoundException";
    check_missing(("EVENT_BUS_NAME", "other"), &dead_letter, named).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_missing_bus_should_get_is_handed_back_by_the_target() {
    let settings = [("SINKS", "event-bus"), ("EVENT_BUS_NAME", "other")];
    let replaying = Replaying::start(&settings).await;
    let cloud = &replaying.cloud;
    assert_eq!(failed(cloud, &[event("1"), event("2")]).await, [0, 1]);
    let named = "event bus `other` answered ResourceNotFoundException";
    let output = cloud
        .target
        .output_when(|output| output.contains(named))
        .await;
    assert!(output.contains(named), "{output}");
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
    assert_eq!(cloud.bus.counts().lost, 0);
}
