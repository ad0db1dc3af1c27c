//! Dead letters through the real target: whatever is acknowledged, its letter gives every byte of it back, and replay opens
//! it again.

mod hidden;
mod memory;

use std::io::Write;

use cargo_local::cloud::{Cloud, CloudOptions};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tenant_logs::{decode_base64, gunzip, sha256_hex};

use crate::kit::replay::Replaying;
use crate::kit::target::{event, failed, failures_of, once_each, record};
use crate::kit::{cloud, dead_letters, settings};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A record as Lambda hands it over from Kinesis.
fn kinesis_record(number: &str, data: &str) -> Value {
    let kinesis = json!({"sequenceNumber": number, "data": data});
    json!({"eventSource": "aws:kinesis", "kinesis": kinesis})
}

/// The bytes that a dead letter gives back.
fn bytes_of(dead_letter: &Value) -> Vec<u8> {
    let event = dead_letter["event"].as_str().unwrap();
    match dead_letter.get("encoding") {
        None => event.as_bytes().to_vec(),
        Some(encoding) => {
            assert_eq!(encoding, "gzip");
            gunzip(&decode_base64(event).unwrap(), 10_000_000).unwrap()
        }
    }
}

/// The only dead letter there is.
fn only_letter(cloud: &Cloud) -> Value {
    let mut dead_letters = dead_letters(&cloud.set_aside_queue);
    assert_eq!(dead_letters.len(), 1);
    dead_letters.remove(0)
}

fn noise(bytes: usize) -> String {
    let mut random = fastrand::Rng::with_seed(7);
    (0..bytes).map(|_| random.alphanumeric()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_three_hundred_events_without_its_bracket_lies_whole_among_the_dead_letters() {
    let cloud = cloud(CloudOptions::default()).await;
    let events: Vec<String> = (0..300).map(|number| event(&number.to_string())).collect();
    let body = format!("[{}", events.join(","));
    assert_eq!(failed(&cloud, &[&body, &event("good")]).await, [0; 0]);
    let dead_letter = only_letter(&cloud);
    assert_eq!(dead_letter["event"], body);
    assert_eq!(dead_letter["size"], body.len());
    assert_eq!(dead_letter["sha256"], sha256_hex(body.as_bytes()));
    assert_eq!(cloud.collector.log_ids(), once_each(["good"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_given_back_as_they_came() {
    let cloud = cloud(CloudOptions::default()).await;
    let torn = gzip(event("1").as_bytes())[..20].to_vec();
    let odd = [
        [event("1").as_bytes(), b"\xff"].concat(),
        gzip(b"[{"),
        torn,
        b"\0\x01".to_vec(),
    ];
    for bytes in &odd {
        let failures = failures_of(&cloud, vec![kinesis_record("1", &base64(bytes))]).await;
        assert_eq!(failures, [""; 0]);
    }
    let dead_letters = dead_letters(&cloud.set_aside_queue);
    let given_back: Vec<Vec<u8>> = dead_letters.iter().map(bytes_of).collect();
    assert_eq!(given_back, odd);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_no_dead_letter_is_handed_back_and_what_fits_packed_is_packed() {
    let cloud = cloud(CloudOptions::default()).await;
    let large = format!("[{}", "so much the same ".repeat(80_000));
    let too_large = format!("[{}", noise(2_000_000));
    let failures = failed(&cloud, &[event("1"), large.clone(), too_large.clone()]).await;
    assert_eq!(failures, [2]);
    let dead_letter = only_letter(&cloud);
    assert_eq!(dead_letter["encoding"], "gzip");
    assert_eq!(bytes_of(&dead_letter), large.as_bytes());
    let records = vec![kinesis_record("7", &base64(too_large.as_bytes()))];
    assert_eq!(failures_of(&cloud, records).await, ["7"]);
    assert_eq!(cloud.collector.log_ids(), once_each(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_a_thousand_things_that_are_no_log_events_makes_so_many_letters_and_of_more_one()
{
    let cloud = cloud(CloudOptions::default()).await;
    let numbers = |count| format!("[{}]", vec!["1"; count].join(","));
    assert_eq!(failed(&cloud, &[numbers(1_000)]).await, [0; 0]);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 1_000);
    assert_eq!(failed(&cloud, &[numbers(1_001)]).await, [0; 0]);
    let dead_letter = dead_letters(&cloud.set_aside_queue).split_off(1_000);
    assert_eq!(dead_letter.len(), 1);
    assert_eq!(bytes_of(&dead_letter[0]), numbers(1_001).as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_opens_every_form_tries_again_and_sets_aside_whole_what_is_still_none() {
    let replaying = Replaying::start(&[]).await;
    let cloud = &replaying.cloud;
    let (one, two) = (event("1"), event("2"));
    let letter = |event: Value, size: usize, encoding: Option<&str>| {
        let mut letter = json!({
            "reason": "no room", "at": "2026-11-20T10:00:00Z", "function": "f", "sink": null,
            "tenant": "acme", "log_id": null, "size": size, "event": event,
        });
        if let Some(encoding) = encoding {
            letter["encoding"] = encoding.into();
        }
        letter
    };
    let packed = |bytes: &[u8]| letter(base64(&gzip(bytes)).into(), bytes.len(), Some("gzip"));
    let unredacted = {
        let mut unredacted = letter(event("3").into(), event("3").len(), None);
        unredacted["unredacted"] = true.into();
        unredacted
    };
    let still_none = packed(b"[1,\xff]");
    let withheld = letter(Value::Null, 7, None);
    let all = [
        letter(one.clone().into(), one.len(), None),
        packed(&gzip(two.as_bytes())),
        unredacted,
        still_none.clone(),
        withheld.clone(),
    ];
    let all: Vec<String> = all.iter().map(Value::to_string).collect();
    replaying.bring(&all).await;
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2", "3"]));
    for _ in 0..2 {
        let again = dead_letters(&cloud.set_aside_queue);
        assert_eq!(again.len(), 2);
        for (name, expected) in still_none.as_object().unwrap() {
            if !["reason", "at", "function"].contains(&name.as_str()) {
                assert!(
                    again.iter().any(|letter| &letter[name] == expected),
                    "{name}"
                );
            }
        }
        assert!(again.iter().any(|letter| letter["event"].is_null()));
        replaying.replay().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_and_goes_to_no_sink_is_set_aside_again_with_the_reason() {
    let replaying = Replaying::start(&[("EXCLUDE_TYPES", "s")]).await;
    let cloud = &replaying.cloud;
    let from_rule = |source: &str, detail: &str| {
        format!(r#"{{"detail-type":"Auth0 log","source":"{source}","detail":{detail}}}"#)
    };
    let foreign = r#"{"detail-type":"Object Created","source":"aws.s3","detail":{"key":"a"}}"#;
    let filtered = from_rule("auth0.com/acme/auth0.logs", &event("1"));
    let in_a_letter = json!({
        "reason": "no room", "at": "2026-11-20T10:00:00Z", "function": "f", "sink": null,
        "tenant": "acme", "log_id": null, "event": [serde_json::from_str::<Value>(&event("2")).unwrap()],
    });
    let all = [
        foreign.to_owned(),
        filtered,
        "[]".to_owned(),
        r#"{"hello":"world"}"#.to_owned(),
        in_a_letter.to_string(),
    ];
    replaying.bring(&all).await;
    let set_aside = dead_letters(&cloud.set_aside_queue);
    let mut told: Vec<(String, String)> = set_aside
        .iter()
        .map(|letter| {
            let text = letter["event"].as_str().map(str::to_owned);
            let event = text.unwrap_or_else(|| letter["event"].to_string());
            (letter["reason"].as_str().unwrap().to_owned(), event)
        })
        .collect();
    told.sort();
    let reasons: Vec<&str> = told.iter().map(|(reason, _)| reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "cannot be replayed: a filter stops it",
            "cannot be replayed: a filter stops it; set aside before: no room",
            "cannot be replayed: there is no log event in it",
            "not a log event: looks like an EventBridge event whose detail is no log event",
            "not a log event: neither `type` nor `log_id`",
        ]
    );
    for text in [
        "\"log_id\":\"1\"",
        "\"log_id\":\"2\"",
        "[]",
        "aws.s3",
        "hello",
    ] {
        assert!(told.iter().any(|(_, event)| event.contains(text)), "{text}");
    }
    // From the queue of what comes in now, the same are filtered, and nothing is set aside.
    let before = dead_letters(&cloud.set_aside_queue).len();
    let now = from_rule("auth0.com/acme/auth0.logs", &event("3"));
    let failures = failures_of(cloud, vec![record("a", Some(&now))]).await;
    assert_eq!(failures, [""; 0]);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), before);
    assert!(cloud.collector.log_ids().is_empty());
}
