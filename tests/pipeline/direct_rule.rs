//! A rule that invokes the target directly: an event neither delivered nor set aside fails its invocation.

use std::time::Duration;

use bytes::Bytes;
use cargo_local::cloud::{Cloud, CloudOptions, PARTNER_SOURCE};
use fakes::collector::Refusal;
use fakes::faults::Fault;
use fakes::invocation::InvocationError;
use serde_json::{Value, json};

use crate::kit::target::{event, once_each, put_as_partner};
use crate::kit::{PATIENCE, cloud, dead_letters, eventually};

/// An event as a rule hands it over.
fn from_rule(detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"1b0f64f4-7a35-4f5c-9d0e-2c1d0a6f4e11","detail-type":"Auth0 log","source":"{PARTNER_SOURCE}","account":"123456789012","time":"2026-11-20T10:30:15Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    )
}

fn error_type(answer: Result<Bytes, InvocationError>) -> String {
    match answer {
        Err(InvocationError::Function { error_type, .. }) => error_type,
        other => panic!("{other:?}"),
    }
}

async fn done(cloud: &Cloud, payload: impl Into<Bytes>) {
    assert_eq!(cloud.target.invoke(payload).await.unwrap(), "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rules_events_are_delivered_once() {
    let cloud = cloud(CloudOptions::default()).await;
    let log_ids: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    for log_id in log_ids.iter().chain(&log_ids[..5]) {
        put_as_partner(&cloud.direct_bus, &event(log_id));
    }
    cloud.direct_bus.settled(PATIENCE).await.unwrap();
    assert_eq!(cloud.collector.log_ids(), once_each(log_ids));
    let mut events = cloud.collector.events();
    events.sort();
    assert_eq!(events[0], event("0"));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_delivered_fails_the_invocation_and_comes_again() {
    let cloud = cloud(CloudOptions::default()).await;
    cloud.collector_faults.always(Fault::Status(503));
    let answer = cloud.target.invoke(from_rule(&event("1"))).await;
    assert_eq!(error_type(answer), "NotDelivered");
    assert_eq!(cloud.collector.log_ids().len(), 0);
    // The process goes on, and the released claim lets the same event through.
    cloud.collector_faults.clear();
    done(&cloud, from_rule(&event("1"))).await;
    assert_eq!(cloud.collector.log_ids(), once_each(["1"]));
    assert_eq!(cloud.target.starts(), 1);

    // The same by the bus: Lambda brings it again by itself. Handing back takes three calls of the sink.
    let before = cloud.collector.counts().calls;
    cloud.collector_faults.script(vec![Fault::Status(500); 4]);
    put_as_partner(&cloud.direct_bus, &event("2"));
    cloud.direct_bus.settled(PATIENCE).await.unwrap();
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    assert_eq!(cloud.collector.counts().calls - before, 5);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_no_try_delivers_waits_among_the_dead_letters_whole() {
    let cloud = cloud(CloudOptions::default()).await;
    cloud.collector_faults.always(Fault::Status(403));
    put_as_partner(&cloud.direct_bus, &event("1"));
    cloud.direct_bus.settled(PATIENCE).await.unwrap();
    eventually("Lambda's failure record", || {
        cloud.set_aside_queue.depth().total() == 1
    })
    .await;
    let record = &dead_letters(&cloud.set_aside_queue)[0];
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responsePayload"]["errorType"], "NotDelivered");
    let sent: Value = serde_json::from_str(&event("1")).unwrap();
    assert_eq!(record["requestPayload"]["detail"], sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_set_aside_and_acknowledged() {
    let cloud = cloud(CloudOptions::default()).await;
    put_as_partner(&cloud.direct_bus, r#"{"heartbeat":true}"#);
    cloud.direct_bus.settled(PATIENCE).await.unwrap();
    for payload in [
        from_rule("{}"),
        "null".to_owned(),
        "\"text\"".to_owned(),
        "7".to_owned(),
    ] {
        done(&cloud, payload).await;
    }
    let dead_letters = dead_letters(&cloud.set_aside_queue);
    let reasons: Vec<&str> = dead_letters
        .iter()
        .map(|dead_letter| dead_letter["reason"].as_str().unwrap())
        .collect();
    let no_event = "not a log event: looks like an EventBridge event whose detail is no log event";
    let no_object = "not a log event: not a JSON object";
    assert_eq!(
        reasons,
        [no_event, no_event, no_object, no_object, no_object]
    );
    assert_eq!(
        dead_letters[0]["event"]["detail"],
        json!({"heartbeat":true})
    );
    assert_eq!(cloud.collector.counts().calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_pass_is_acknowledged_only_once_it_is_set_aside() {
    let cloud = cloud(CloudOptions {
        timeout: Duration::from_secs(8),
        ..CloudOptions::default()
    })
    .await;
    cloud.collector.refuse(vec![Refusal {
        contains: "never".to_owned(),
        status: 422,
    }]);
    cloud.queue_faults.always(Fault::Status(500));
    for detail in ["{}".to_owned(), event("never")] {
        let answer = cloud.target.invoke(from_rule(&detail)).await;
        assert_eq!(error_type(answer), "NotDelivered");
    }
    cloud.queue_faults.clear();
    for detail in ["{}".to_owned(), event("never")] {
        done(&cloud, from_rule(&detail)).await;
    }
    let dead_letters = dead_letters(&cloud.set_aside_queue);
    assert_eq!(dead_letters.len(), 2);
    assert_eq!(dead_letters[1]["sink"], "http");
    assert_eq!(dead_letters[1]["log_id"], "never");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_another_service_fail_the_invocation() {
    let cloud = cloud(CloudOptions::default()).await;
    let table =
        json!({"Records":[{"eventSource":"aws:dynamodb","eventID":"1","dynamodb":{"Keys":{}}}]});
    let answer = cloud.target.invoke(table.to_string()).await;
    let Err(InvocationError::Function {
        error_type: kind,
        message,
        ..
    }) = answer
    else {
        panic!("{answer:?}");
    };
    assert_eq!(kind, "UnknownEventSource");
    assert_eq!(
        message,
        "the event holds records of `aws:dynamodb`, not of `aws:sqs` or `aws:kinesis`"
    );

    let no_batch = cloud.target.invoke(r#"{"Records":7}"#).await;
    assert_eq!(error_type(no_batch), "NotABatch");
    let has_both_lines = |output: &str| output.matches("\"received\":0").count() == 2;
    let output = cloud.target.output_when(has_both_lines).await;
    assert!(has_both_lines(&output), "{output}");
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
    assert_eq!(cloud.collector.counts().calls, 0);
}
