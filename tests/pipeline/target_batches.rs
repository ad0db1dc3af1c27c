//! Batches from SQS through the real target: every form of a body, and for each record an answer that is true.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cargo_local::cloud::CloudOptions;
use fakes::collector::Refusal;
use fakes::faults::Fault;
use fakes::invocation::InvocationError;
use hosts::event_source::MappingOptions;
use serde_json::{Value, json};

use crate::kit::target::{
    event, event_of_type, failed, failures_of, log_ids_in, once_each, put_as_partner, record,
};
use crate::kit::{arrived, cloud, dead_letters, eventually, post, settings};

/// The fixtures of a folder, by file name.
fn fixtures(folder: &str) -> Vec<(String, String)> {
    let root = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/tenant-logs/fixtures"
    ));
    let mut fixtures: Vec<(String, String)> = fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    fixtures.sort();
    fixtures
}

/// Every `log_id` of the envelope fixtures has this many digits, and nothing else in them has.
fn long_numbers(text: &str) -> Vec<String> {
    let mut numbers: Vec<String> = text
        .split(|character: char| !character.is_ascii_digit())
        .filter(|digits| digits.len() >= 50)
        .map(str::to_owned)
        .collect();
    numbers.sort();
    numbers.dedup();
    numbers
}

fn on_one_line(text: &str) -> String {
    text.trim_matches(['\u{feff}', ' ', '\t', '\n', '\r'])
        .replace(['\n', '\r'], " ")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_envelope_is_opened_and_its_records_keep_their_bytes() {
    let cloud = cloud(CloudOptions::default()).await;
    let envelopes = fixtures("envelopes");
    assert!(envelopes.len() >= 20, "{}", envelopes.len());
    let mut bodies = Vec::new();
    let mut expected = Vec::new();
    for (index, (_, text)) in envelopes.iter().enumerate() {
        // All hold the same two log events: numbers of their own keep them apart.
        let body = text.replace("90020261120", &format!("9{index:010}"));
        expected.extend(long_numbers(&body));
        bodies.push(body);
    }
    assert!(expected.len() > envelopes.len());
    assert_eq!(failed(&cloud, &bodies).await, [0; 0]);

    assert_eq!(cloud.collector.log_ids(), once_each(expected));
    let lines: Vec<String> = bodies.iter().map(|body| on_one_line(body)).collect();
    for event in cloud.collector.events() {
        let (_, record) = event.split_once("\"data\":").unwrap();
        let record = record.strip_suffix('}').unwrap().trim();
        assert!(lines.iter().any(|line| line.contains(record)), "{event}");
    }
    assert_eq!(dead_letters(&cloud.set_aside_queue), [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_log_event_fixture_arrives_once_with_its_own_text() {
    let cloud = cloud(CloudOptions::default()).await;
    let mut fixtures = fixtures("log-events");
    assert!(fixtures.len() >= 40, "{}", fixtures.len());
    for (index, (_, text)) in fixtures.iter_mut().enumerate() {
        // Some have the same `log_id`: numbers of their own keep them apart.
        *text = text.replace("90020261120", &format!("9{index:010}"));
    }
    let bodies: Vec<&str> = fixtures.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(failed(&cloud, &bodies).await, [0; 0]);

    let events = cloud.collector.events();
    for (name, text) in &fixtures {
        // A message that none of our functions sent is not believed that something was redacted.
        let text = on_one_line(text).replace(r#""redacted":["user_name","ip"],"#, "");
        let wrapped = wrapped_by_us(&text);
        let is_it = |event: &&String| {
            **event == text || event.ends_with(&wrapped) || is_wrapped_anew(event, &text)
        };
        assert_eq!(events.iter().filter(is_it).count(), 1, "{name}");
    }
    assert_eq!(events.len(), fixtures.len());
}

/// Whether an event is a text whose `log_id` is none: that is kept behind its record.
fn is_wrapped_anew(event: &str, text: &str) -> bool {
    let record = event.split_once("\"data\":").map_or("", |(_, rest)| rest);
    let record = record.split_once(",\"$log_ids\":");
    record.is_some_and(|(record, _)| text.contains(record))
}

/// How our own wrapper ends around a record; one that is only `{"data":…}` gets its identifier added in front.
fn wrapped_by_us(text: &str) -> String {
    let record = text
        .strip_prefix('{')
        .and_then(|members| members.trim_start().strip_prefix("\"data\":"))
        .and_then(|data| data.trim().strip_suffix('}'))
        .map_or(text, str::trim);
    format!("\"data\":{record}}}")
}

const POISON: [(&str, &str); 5] = [
    ("[1]", "not a log event: not a JSON object"),
    (
        r#"{"hello":1}"#,
        "not a log event: neither `type` nor `log_id`",
    ),
    ("{\"log_id\":x}", "the body is not JSON at byte 10"),
    ("no JSON", "the body is not JSON at byte 0"),
    (" ", "the body is empty"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_set_aside_with_its_reason_and_never_comes_again() {
    let cloud = cloud(CloudOptions::default()).await;
    for (body, _) in POISON {
        cloud.deliver_queue.send(body).unwrap();
    }
    arrived(&cloud).await;
    let mut reasons: Vec<(String, Value)> = dead_letters(&cloud.set_aside_queue)
        .into_iter()
        .map(|dead_letter| {
            assert_eq!(dead_letter["function"], "aws-eventbridge-target");
            assert_eq!(dead_letter["tenant"], "acme");
            assert_eq!(
                (&dead_letter["sink"], &dead_letter["log_id"]),
                (&Value::Null, &Value::Null)
            );
            (
                dead_letter["reason"].as_str().unwrap().to_owned(),
                dead_letter["event"].clone(),
            )
        })
        .collect();
    reasons.sort_by(|one, other| one.0.cmp(&other.0));
    let mut expected: Vec<(&str, &str)> = POISON.to_vec();
    expected.sort_by_key(|(_, reason)| *reason);
    assert_eq!(
        reasons
            .iter()
            .map(|(reason, _)| reason.as_str())
            .collect::<Vec<_>>(),
        expected
            .iter()
            .map(|(_, reason)| *reason)
            .collect::<Vec<_>>(),
    );
    // What is JSON stays JSON, anything else is text.
    let of = |wanted: &str| {
        &reasons
            .iter()
            .find(|(reason, _)| reason.contains(wanted))
            .unwrap()
            .1
    };
    assert_eq!(of("neither"), &json!({"hello":1}));
    assert_eq!(of("byte 10"), "{\"log_id\":x}");
    let counts = cloud.mapping.counts();
    assert_eq!((counts.returned, counts.failed, counts.deleted), (0, 0, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_body_is_set_aside() {
    let cloud = cloud(CloudOptions::default()).await;
    let mut null = record("null", None);
    null["body"] = Value::Null;
    let good = event("1");
    let records = vec![record("none", None), null, record("good", Some(&good))];
    assert_eq!(failures_of(&cloud, records).await, [""; 0]);
    let reasons: Vec<Value> = dead_letters(&cloud.set_aside_queue)
        .into_iter()
        .map(|dead_letter| dead_letter["reason"].clone())
        .collect();
    assert_eq!(reasons, ["the body is empty", "the body is empty"]);
    assert_eq!(cloud.collector.log_ids(), once_each(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_event_never_blocks_the_other_ninety_nine() {
    let cloud = cloud(CloudOptions::default()).await;
    cloud.collector.refuse(vec![Refusal {
        contains: "\"refused-by-the-collector\"".to_owned(),
        status: 422,
    }]);
    let mut bodies: Vec<String> = (0..98).map(|number| event(&number.to_string())).collect();
    bodies.insert(37, "poison".to_owned());
    bodies.insert(64, event("refused-by-the-collector"));
    assert_eq!(failed(&cloud, &bodies).await, [0; 0]);
    let good = (0..98).map(|number| number.to_string());
    assert_eq!(cloud.collector.log_ids(), once_each(good));

    // The same within one body.
    let mut elements: Vec<String> = (100..199)
        .map(|number| event(&number.to_string()))
        .collect();
    elements.insert(50, "7".to_owned());
    assert_eq!(
        failed(&cloud, &[format!("[{}]", elements.join(","))]).await,
        [0; 0]
    );
    let good = (0..98).chain(100..199).map(|number| number.to_string());
    assert_eq!(cloud.collector.log_ids(), once_each(good));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_those_records_fail_of_which_something_is_neither_delivered_nor_set_aside() {
    let cloud = cloud(CloudOptions {
        environment: settings(&[("EXCLUDE_TYPES", "sapi")]),
        timeout: Duration::from_secs(8),
        ..CloudOptions::default()
    })
    .await;
    cloud.collector.refuse(vec![Refusal {
        contains: "\"never\"".to_owned(),
        status: 422,
    }]);
    let bodies = [
        event("good"),
        "poison".to_owned(),
        event_of_type("sapi", "filtered"),
        format!("[{},{},7]", event("first"), event_of_type("sapi", "second")),
        event("never"),
        event("good"),
        format!("[{}]", event_of_type("sapi", "third")),
    ];
    // Nobody is there: neither sink nor dead-letter queue.
    cloud.collector_faults.always(Fault::Status(503));
    cloud.queue_faults.always(Fault::Status(500));
    assert_eq!(failed(&cloud, &bodies).await, [0, 1, 3, 4, 5]);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);

    // The sink is back: what it has is acknowledged, what it can never take waits for the dead-letter queue.
    cloud.collector_faults.clear();
    assert_eq!(failed(&cloud, &bodies).await, [1, 3, 4]);
    assert_eq!(cloud.collector.log_ids(), once_each(["good", "first"]));

    // Both are back: nothing comes again, and nothing is anywhere twice.
    cloud.queue_faults.clear();
    assert_eq!(failed(&cloud, &bodies).await, [0; 0]);
    assert_eq!(cloud.collector.log_ids(), once_each(["good", "first"]));
    let mut set_aside: Vec<Value> = dead_letters(&cloud.set_aside_queue)
        .into_iter()
        .map(|dead_letter| dead_letter["event"].clone())
        .collect();
    set_aside.sort_by_key(ToString::to_string);
    let never: Value = serde_json::from_str(&event("never")).unwrap();
    assert_eq!(set_aside, [Value::from("poison"), Value::from(7), never]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_redelivery_only_the_sink_that_lacks_an_event_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.ndjson");
    let cloud = cloud(CloudOptions {
        file_sink: Some(file.clone()),
        ..CloudOptions::default()
    })
    .await;
    let log_ids: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    cloud.collector_faults.always(Fault::Status(503));
    for log_id in &log_ids {
        cloud.deliver_queue.send(&event(log_id)).unwrap();
    }
    // It is not enough to fail once: the file must stay as it is however often the batch comes.
    eventually("the batch comes a third time", || {
        cloud.mapping.counts().returned >= 150
    })
    .await;
    assert_eq!(log_ids_in(&file), once_each(log_ids.clone()));
    assert_eq!(cloud.collector.log_ids().len(), 0);

    cloud.collector_faults.clear();
    arrived(&cloud).await;
    assert_eq!(cloud.collector.log_ids(), once_each(log_ids.clone()));
    assert_eq!(log_ids_in(&file), once_each(log_ids));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_log_id_reaches_each_sink_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.ndjson");
    let cloud = cloud(CloudOptions {
        file_sink: Some(file.clone()),
        ..CloudOptions::default()
    })
    .await;
    let twice_in_a_body = format!("[{},{}]", event("a"), event("a"));
    let first = [event("a"), event("a"), twice_in_a_body, event("b")];
    assert_eq!(failed(&cloud, &first).await, [0; 0]);
    assert_eq!(
        failed(&cloud, &[event("b"), event("c"), event("a")]).await,
        [0; 0]
    );
    for log_ids in [cloud.collector.log_ids(), log_ids_in(&file)] {
        assert_eq!(log_ids, once_each(["a", "b", "c"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_bus_and_custom_bus_are_alike() {
    let cloud = cloud(CloudOptions {
        mapping: MappingOptions {
            batch_size: 3,
            ..CloudOptions::default().mapping
        },
        ..CloudOptions::default()
    })
    .await;
    let answer = post(&cloud, format!("[{},{}]", event("both"), event("custom"))).await;
    assert_eq!(answer.0, 200);
    for log_id in ["both", "partner"] {
        put_as_partner(&cloud.partner_bus, &event(log_id));
    }
    // Auth0 documents a wrapped detail; a flat one is read as well.
    let flat = r#"{"log_id":"flat","type":"s","date":"2026-11-20T10:30:15.204Z"}"#;
    put_as_partner(&cloud.partner_bus, flat);
    arrived(&cloud).await;

    let expected = once_each(["both", "custom", "partner", "flat"]);
    assert_eq!(cloud.collector.log_ids(), expected);
    let mut events = cloud.collector.events();
    events.sort();
    let mut expected = ["both", "custom", "partner"].map(event).to_vec();
    expected.push(format!(r#"{{"log_id":"flat","data":{flat}}}"#));
    expected.sort();
    assert_eq!(events, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_answered_record_by_record_fails_as_a_whole() {
    let cloud = cloud(CloudOptions::default()).await;
    cloud.collector_faults.always(Fault::Status(403));
    let (one, other) = (event("1"), event("2"));
    // An empty identifier in the answer would make Lambda bring back the whole batch without a word.
    let records = [record("1", Some(&one)), record("", Some(&other))];
    let payload = json!({ "Records": records }).to_string();
    let answer = cloud.target.invoke(payload.clone()).await;
    let Err(InvocationError::Function { error_type, .. }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(error_type, "NoMessageId");

    cloud.collector_faults.clear();
    let answer = cloud.target.invoke(payload).await.unwrap();
    assert_eq!(answer, r#"{"batchItemFailures":[]}"#);
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    assert_eq!(failures_of(&cloud, Vec::new()).await, [""; 0]);
}
