//! Dead letters through the real target, from the queue `replay`: each shape to where it belongs, however often.

use std::io::Write;

use cargo_local::cloud::PARTNER_SOURCE;
use fakes::aws::dynamodb::Table;
use fakes::collector::Refusal;
use fakes::faults::{Fault, Faults};
use fakes::invocation::InvocationError;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::kit::replay::{Replaying, dead_letter};
use crate::kit::target::{event, once_each, put_as_partner};
use crate::kit::{PATIENCE, arrived, dead_letters, eventually};

const NONE: [&str; 0] = [];

/// An event as a rule hands it over, or as it lies in a dead-letter queue of a rule's target.
fn from_rule(log_id: &str) -> Value {
    let detail: Value = serde_json::from_str(&event(log_id)).unwrap();
    json!({
        "version": "0", "id": "1b0f64f4-7a35-4f5c-9d0e-2c1d0a6f4e11", "detail-type": "Auth0 log",
        "source": PARTNER_SOURCE, "account": "123456789012", "time": "2026-11-20T10:30:15Z",
        "region": "us-east-1", "resources": [], "detail": detail,
    })
}

/// What Lambda puts onto a failure destination.
fn failure_record(payload: &Value) -> String {
    json!({
        "version": "1.0", "timestamp": "2026-11-20T10:31:00Z",
        "requestContext": {
            "requestId": "b9f1c1de-0000-4000-8000-000000000001", "condition": "RetriesExhausted",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:target", "approximateInvokeCount": 3,
        },
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "a sink cannot take the event for now", "errorType": "NotDelivered"},
    })
    .to_string()
}

fn packed(log_id: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(event(log_id).as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    let mut whole: Value =
        serde_json::from_str(&dead_letter(Some("firehose"), Some(log_id), "null")).unwrap();
    whole["encoding"] = "gzip".into();
    whole["event"] = base64_of(&bytes).into();
    whole.to_string()
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn batch(bodies: &[String]) -> Value {
    let record = |body: &String| json!({"messageId": "m", "eventSource": "aws:sqs", "body": body});
    json!({ "Records": bodies.iter().map(record).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_of_a_dead_letter_goes_where_it_belongs_and_twice_delivers_nothing_new() {
    let replaying = Replaying::start(&[]).await;
    let shapes = [
        dead_letter(Some("http"), Some("http-only"), &event("http-only")),
        dead_letter(
            Some("firehose"),
            Some("firehose-only"),
            &event("firehose-only"),
        ),
        packed("packed"),
        dead_letter(Some("event-bus"), Some("bus-only"), &event("bus-only")),
        dead_letter(None, None, &event("rejected-before")),
        from_rule("bare").to_string(),
        failure_record(&from_rule("failed")),
        failure_record(&batch(&[
            event("in-a-batch"),
            from_rule("also-in-a-batch").to_string(),
        ])),
    ];
    for _ in 0..2 {
        replaying.bring(&shapes).await;
    }
    let everywhere = [
        "rejected-before",
        "bare",
        "failed",
        "in-a-batch",
        "also-in-a-batch",
    ];
    let at = |own: &[&'static str]| once_each(everywhere.iter().chain(own).copied());
    assert_eq!(replaying.cloud.collector.log_ids(), at(&["http-only"]));
    assert_eq!(
        replaying.firehose.log_ids(),
        at(&["firehose-only", "packed"])
    );
    assert_eq!(replaying.bus.log_ids(), once_each(["bus-only"]));
    assert_eq!(
        dead_letters(&replaying.cloud.set_aside_queue),
        [Value::Null; 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_table_a_replay_delivers_nothing_new_to_a_process_that_knows_nothing() {
    let table = Table::start("ledger", Faults::healthy()).await.unwrap();
    let replaying = Replaying::start(&[
        ("LEDGER_TABLE", table.name()),
        ("AWS_ENDPOINT_URL_DYNAMODB", &table.url()),
    ])
    .await;
    let dead_letters = [
        dead_letter(Some("http"), Some("1"), &event("1")),
        from_rule("2").to_string(),
    ];
    for _ in 0..2 {
        replaying.bring(&dead_letters).await;
        replaying.cloud.target.kill().await;
    }
    assert_eq!(replaying.cloud.target.starts(), 2);
    assert_eq!(replaying.cloud.collector.log_ids(), once_each(["1", "2"]));
    assert_eq!(replaying.firehose.log_ids(), once_each(["2"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sink_refused_reaches_it_by_replay_and_nobody_else_again() {
    let replaying = Replaying::start(&[]).await;
    let cloud = &replaying.cloud;
    cloud.collector.refuse(vec![Refusal {
        contains: "\"later\"".to_owned(),
        status: 422,
    }]);
    for log_id in ["now", "later"] {
        cloud.deliver_queue.send(&event(log_id)).unwrap();
    }
    arrived(cloud).await;
    assert_eq!(cloud.collector.log_ids(), once_each(["now"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 1);

    // Still refused: the dead letter is among the dead letters again, not lost and not twice.
    replaying.replay().await;
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 1);
    // Auth0 sends it once more: the ledger knows that it is set aside.
    cloud.deliver_queue.send(&event("later")).unwrap();
    arrived(cloud).await;
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 1);

    cloud.collector.refuse(Vec::new());
    replaying.replay().await;
    assert_eq!(cloud.collector.log_ids(), once_each(["now", "later"]));
    assert_eq!(replaying.firehose.log_ids(), once_each(["now", "later"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_is_set_aside_again_with_the_reason_and_does_not_grow() {
    let replaying = Replaying::start(&[]).await;
    let elsewhere = dead_letter(Some("log-analytics"), Some("1"), &event("1"));
    let nothing = dead_letter(None, None, r#"{"hello":"world"}"#);
    let mut cut: Value =
        serde_json::from_str(&dead_letter(Some("http"), Some("2"), "null")).unwrap();
    cut["event"] = "{\"log_id\":\"2\",\"data\":{\"ty".into();
    cut["size"] = 3_000_000.into();
    cut["sha256"] = "0".repeat(64).into();
    let damaged = elsewhere.replace("2026-11-20T10:00:00Z", "soon");
    let all = [elsewhere, nothing, cut.to_string(), damaged];
    replaying.bring(&all).await;
    let first = dead_letters(&replaying.cloud.set_aside_queue);
    replaying.replay().await;
    let again = dead_letters(&replaying.cloud.set_aside_queue);

    let mut reasons: Vec<&str> = first
        .iter()
        .map(|dead_letter| dead_letter["reason"].as_str().unwrap())
        .collect();
    reasons.sort_unstable();
    let before = "; set aside before: no room";
    let expected = [
        "a dead letter that cannot be read".to_owned(),
        format!("cannot be replayed: the dead letter has not all of the event{before}"),
        format!("cannot be replayed: there is still no log event in it{before}"),
        format!("cannot be replayed: this function has no sink `log-analytics`{before}"),
    ];
    assert_eq!(reasons, expected);
    for dead_letter in &again {
        let is_same = |other: &&Value| {
            ["sink", "log_id", "event", "size", "sha256"]
                .iter()
                .all(|name| other.get(name) == dead_letter.get(name))
        };
        assert!(first.iter().any(|other| is_same(&other)), "{dead_letter}");
    }
    assert_eq!(again.len(), 4);
    assert_eq!(replaying.cloud.collector.log_ids(), once_each(NONE));
    assert_eq!(replaying.firehose.log_ids(), once_each(NONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_waits_on_its_queue_while_its_sink_is_faulty_and_is_never_lost() {
    let replaying = Replaying::start(&[]).await;
    let log_ids: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    for faults in [
        &replaying.bus_faults,
        &replaying.firehose_faults,
        &replaying.cloud.collector_faults,
    ] {
        faults.always(Fault::Status(503));
    }
    for log_id in &log_ids {
        for sink in ["http", "firehose", "event-bus"] {
            let dead_letter = dead_letter(Some(sink), Some(log_id), &event(log_id));
            replaying.replay_queue.send(&dead_letter).unwrap();
        }
    }
    eventually("all dead letters come a second time", || {
        replaying.mapping.counts().returned >= 180
    })
    .await;
    assert_eq!(replaying.mapping.counts().deleted, 0);
    replaying.bus_faults.clear();
    replaying.firehose_faults.clear();
    replaying.cloud.collector_faults.clear();
    replaying.mapping.drained(PATIENCE).await.unwrap();
    let expected = once_each(log_ids);
    assert_eq!(replaying.cloud.collector.log_ids(), expected);
    assert_eq!(replaying.firehose.log_ids(), expected);
    assert_eq!(replaying.bus.log_ids(), expected);
    assert_eq!(dead_letters(&replaying.cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rules_invocation_could_not_deliver_is_replayed_from_lambdas_own_record() {
    let replaying = Replaying::start(&[]).await;
    let cloud = &replaying.cloud;
    cloud.collector_faults.always(Fault::Status(403));
    put_as_partner(&cloud.direct_bus, &event("1"));
    cloud.direct_bus.settled(PATIENCE).await.unwrap();
    eventually("Lambda's failure record", || {
        cloud.set_aside_queue.depth().total() == 1
    })
    .await;
    assert_eq!(cloud.collector.log_ids(), once_each(NONE));

    cloud.collector_faults.clear();
    replaying.replay().await;
    assert_eq!(cloud.collector.log_ids(), once_each(["1"]));
    assert_eq!(replaying.firehose.log_ids(), once_each(["1"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_event_is_replayed_as_it_is() {
    let replaying = Replaying::start(&[
        ("REDACT", "user_name=hmac,ip=mask"),
        ("REDACT_KEY", "pipeline-key"),
    ])
    .await;
    let cloud = &replaying.cloud;
    cloud.collector.refuse(vec![Refusal {
        contains: "\"later\"".to_owned(),
        status: 422,
    }]);
    cloud.deliver_queue.send(&event("later")).unwrap();
    arrived(cloud).await;
    let set_aside = dead_letters(&cloud.set_aside_queue)[0]["event"].clone();
    assert_eq!(set_aside["redacted"], json!(["user_name", "ip"]));

    cloud.collector.refuse(Vec::new());
    replaying.replay().await;
    let delivered: Value = serde_json::from_str(&cloud.collector.events()[0]).unwrap();
    assert_eq!(delivered, set_aside);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bus_a_dead_letter_for_it_is_set_aside_again_and_a_batch_answers_for_each_dead_letter()
 {
    let replaying = Replaying::start(&[("EVENT_BUS_NAME", "")]).await;
    let cloud = &replaying.cloud;
    let for_bus = dead_letter(Some("event-bus"), Some("1"), &event("1"));
    replaying.bring(&[&for_bus]).await;
    let reason = dead_letters(&cloud.set_aside_queue)[0]["reason"].clone();
    let expected =
        "cannot be replayed: this function has no sink `event-bus`; set aside before: no room";
    assert_eq!(reason, expected);

    // Nowhere to put it: then it is handed back, and only it.
    cloud.queue_faults.always(Fault::Status(500));
    let good = dead_letter(Some("http"), Some("2"), &event("2"));
    let payload = batch(&[for_bus.clone(), good]).to_string();
    let answer = cloud.target.invoke(payload.replace("\"m\"", "\"a\"")).await;
    let answer: Value = serde_json::from_slice(&answer.unwrap()).unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1);
    let by_hand: Result<_, InvocationError> = cloud.target.invoke(for_bus).await;
    assert!(by_hand.is_err());
    assert_eq!(cloud.collector.log_ids(), once_each(["2"]));
}
