//! Texts within a text.

use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;

const TIME: &str = "2026-11-20T10:30:14Z";
const SNS_TIME: &str = "2026-11-20T10:30:15.204Z";
const ONE: &str = r#"{"log_id":"1","data":{"type":"s","ip":"192.0.2.1"}}"#;

fn string(text: &str) -> String {
    Value::from(text).to_string()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn sns(message: &str) -> Value {
    json!({
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:auth0",
        "Message": message,
        "Timestamp": SNS_TIME,
        "SignatureVersion": "1",
    })
}

fn sqs(body: &str) -> Value {
    json!({"messageId": "m", "receiptHandle": "r", "body": body, "attributes": {}, "eventSource": "aws:sqs"})
}

fn kinesis(data: &[u8]) -> Value {
    json!({"kinesis": {"sequenceNumber": "7", "data": STANDARD.encode(data)}, "eventSource": "aws:kinesis"})
}

fn piped_kinesis(data: &[u8]) -> Value {
    json!({"kinesisSchemaVersion": "1.0", "sequenceNumber": "7", "data": STANDARD.encode(data), "eventSource": "aws:kinesis"})
}

fn cloud_event(data: &[u8]) -> Value {
    json!({"specversion": "1.0", "id": "e", "source": "s", "type": "com.auth0.Log", "data_base64": STANDARD.encode(data)})
}

fn bus(detail: &str) -> String {
    format!(r#"{{"detail-type":"Auth0 log","source":"x","id":"e","detail":{detail}}}"#)
}

#[test]
fn every_carrier_is_opened_bare_in_an_array_and_joined() {
    for body in [
        ONE.to_owned(),
        bus(ONE),
        format!("[{ONE}]"),
        format!("{ONE}\n"),
    ] {
        let carriers = [
            sns(&body),
            json!({"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns(&body)}),
            sqs(&body),
            kinesis(body.as_bytes()),
            kinesis(&gzip(&body)),
            piped_kinesis(body.as_bytes()),
            piped_kinesis(&gzip(&body)),
            cloud_event(body.as_bytes()),
            cloud_event(&gzip(&body)),
        ];
        for carrier in carriers {
            check(&carrier.to_string(), "1");
            check(&format!("[{carrier},{carrier}]"), "1 1");
            check(&format!("{carrier}{carrier}"), "1 1");
            let pretty = serde_json::to_string_pretty(&carrier).unwrap();
            check(&format!("{pretty}\n{pretty}"), "1 1");
        }
    }
    let sns_record = |message| json!({"EventSource": "aws:sns", "Sns": sns(message)});
    for (records, form) in [
        (json!([sqs(ONE), sqs("7")]), "an SQS record"),
        (
            json!([kinesis(ONE.as_bytes()), kinesis(b"7")]),
            "a Kinesis record",
        ),
        (
            json!([sns_record(ONE), sns_record("7")]),
            "an SNS notification",
        ),
    ] {
        let body = json!({"Records": records}).to_string();
        check(&body, &format!("1 | value in {form}"));
    }
}

#[test]
fn carriers_within_carriers_are_opened_too() {
    let joined = format!("{ONE}{ONE}");
    check(&json!([sqs(&sns(ONE).to_string())]).to_string(), "1");
    check(&json!([sqs(&sns(&bus(ONE)).to_string())]).to_string(), "1");
    check(
        &sqs(&cloud_event(ONE.as_bytes()).to_string()).to_string(),
        "1",
    );
    check(
        &sns(&json!({"Records": [sqs(&joined)]}).to_string()).to_string(),
        "1 1",
    );
    check(
        &piped_kinesis(&gzip(&sns(&joined).to_string())).to_string(),
        "1 1",
    );
    // As senders pack what must be text.
    check(&sqs(&STANDARD.encode(gzip(&joined))).to_string(), "1 1");
    check(&sns(&STANDARD.encode(ONE)).to_string(), "1");
    check(&STANDARD.encode(gzip(&format!("[{ONE}]"))), "1");
    check(&format!("{}\n", STANDARD.encode(ONE)), "1");
}

#[test]
fn what_is_carried_keeps_its_bytes_and_takes_what_its_carrier_says() {
    let spaced = ONE.replace(':', " : ");
    let body = sns(&spaced).to_string();
    let parsed = parse(&body).unwrap();
    assert_eq!(parsed.log_events[0].text(), spaced);
    assert_eq!(parsed.log_events[0].time().unwrap().to_string(), SNS_TIME);
    let mut event = cloud_event(ONE.as_bytes());
    event["redacted"] = "ip,user_name".into();
    let body = event.to_string();
    let parsed = parse(&body).unwrap();
    assert_eq!(parsed.log_events[0].redacted(), ["ip", "user_name"]);
}

#[test]
fn what_is_carried_and_is_no_log_event_is_a_reject_by_itself() {
    let body = sns(&format!("[{ONE},7,{{\"a\":1}}]")).to_string();
    let form = "an SNS notification";
    check(&body, &format!("1 | value in {form} | object in {form}"));
    let parsed = parse(&body).unwrap();
    assert_eq!(parsed.rejects[1].text, "{\"a\":1}");
    let other = json!({"specversion": "1.0", "type": "com.example.Other", "data_base64": STANDARD.encode("{}")});
    check(
        &other.to_string(),
        "| object com.example.Other in a CloudEvent",
    );
    // The innermost form is named.
    let body = sqs(&sns("{\"a\":1}").to_string()).to_string();
    check(&body, "| object in an SNS notification");
    let reject = &parse(&body).unwrap().rejects[0];
    assert_eq!(
        reject.to_string(),
        "not a log event: neither `type` nor `log_id`, within an SNS notification"
    );
}

#[test]
fn what_cannot_be_opened_is_set_aside_whole_with_the_name_of_its_form() {
    let checks = [
        (
            sns("hello"),
            "an SNS notification: the body is not JSON at byte 0",
        ),
        (sns(""), "an SNS notification: the body is empty"),
        (sqs("[1,"), "an SQS record: the body is not JSON at byte 3"),
        (
            kinesis(b"\xff"),
            "a Kinesis record: the body is not UTF-8 from byte 0 on",
        ),
        (
            kinesis(b"\x1f\x8b\x08"),
            "a Kinesis record: the body is not valid gzip",
        ),
        (
            cloud_event(b"{"),
            "a CloudEvent: the body is not JSON at byte 1",
        ),
        (
            json!({"kinesis": {"data": "***"}, "eventSource": "aws:kinesis"}),
            "a Kinesis record: the body is not valid base64 at byte 0",
        ),
    ];
    for (carrier, reason) in checks {
        let body = format!("[{ONE},{carrier}]");
        check(&body, &format!("1 | {reason}"));
        assert_eq!(parse(&body).unwrap().rejects[0].text, carrier.to_string());
    }
}

/// As whoever writes JSON twice makes of it.
#[test]
fn a_string_that_holds_json_is_opened_wherever_a_value_may_stand() {
    let (one, two) = (string(ONE), string(&format!("[{ONE},{ONE}]")));
    check(&one, "1");
    check(&format!("[{one},{two}]"), "1 1 1");
    check(&format!("{one}\n{two}"), "1 1 1");
    check(&json!([sns(&format!("[{one}]"))]).to_string(), "1");
    check(&string(&format!(" \u{feff}{ONE}\n{ONE}")), "1 1");
    check(&string(&sns(ONE).to_string()), "1");
    check(
        &format!("[{},{one}]", string("{\"a\":1}")),
        "1 | object in a JSON string",
    );
    check(
        &format!("[{one},{}]", string("{\"a\":")),
        "1 | a JSON string: the body is not JSON at byte 5",
    );
    check(r#"["hello","","7"]"#, "| value | value | value");
    let mut nested = ONE.to_owned();
    for _ in 0..9 {
        nested = format!("[{}]", string(&nested));
    }
    check(&nested, "| a JSON string too deep in a JSON string");
}

#[test]
fn an_event_whose_data_is_a_string_of_several_log_events_is_opened() {
    for data in [
        format!("{ONE}{ONE}"),
        format!("[{ONE},{ONE}]"),
        format!("[{ONE}]\n[{ONE}]"),
        sns(&format!("{ONE}\n{ONE}")).to_string(),
    ] {
        for event in [
            json!({"specversion": "1.0", "type": "com.auth0.Log", "id": "e", "time": TIME, "data": data}),
            json!({"id": "e", "topic": "t", "eventType": "com.auth0.Log", "eventTime": TIME, "data": data}),
            json!({"detail-type": "Auth0 log", "source": "s", "time": TIME, "detail": data}),
        ] {
            check(&event.to_string(), "1 1");
            let body = event.to_string();
            let parsed = parse(&body).unwrap();
            let time = parsed.log_events[1].time().unwrap().to_string();
            let expected = if data.contains("TopicArn") {
                SNS_TIME
            } else {
                TIME
            };
            assert_eq!(time, expected, "{data}");
        }
    }
}

#[test]
fn of_two_texts_that_an_object_carries_none_is_lost() {
    let twice = |carrier: Value, name: &str| {
        let content = carrier[name].to_string();
        let body = carrier.to_string();
        body.replacen('{', &format!("{{\"{name}\":{content},"), 1)
    };
    for body in [
        twice(sns(ONE), "Message"),
        twice(sqs(ONE), "body"),
        twice(kinesis(ONE.as_bytes()), "kinesis"),
        twice(piped_kinesis(ONE.as_bytes()), "data"),
        twice(cloud_event(ONE.as_bytes()), "data_base64"),
        twice(json!({"Records": [sqs(ONE)]}), "Records"),
    ] {
        let found = summary(&format!("[{body},{ONE}]"));
        assert!(found.starts_with("1 | broken"), "{found}");
        assert_eq!(parse(&body).unwrap().rejects[0].text, body);
    }
    let inner = kinesis(ONE.as_bytes()).to_string();
    let inner = inner.replace("\"data\":", "\"data\":\"e30=\",\"data\":");
    check(&inner, "| a Kinesis record");
}

#[test]
fn only_so_much_is_unpacked_and_only_so_deep() {
    let large = format!("[{}]", vec![ONE; 100].join(","));
    let body = json!([
        kinesis(&gzip(&large)),
        kinesis(&gzip(&large)),
        kinesis(ONE.as_bytes())
    ]);
    let count = |max_bytes: usize| {
        let body = body.to_string();
        let parsed = parse_within(
            &body,
            ElementLimits {
                unpacked_bytes: max_bytes,
                ..ElementLimits::default()
            },
        )
        .unwrap();
        (parsed.log_events.len(), parsed.rejects.len())
    };
    assert_eq!(count(2 * large.len()), (201, 0));
    assert_eq!(count(2 * large.len() - 1), (101, 1));
    assert_eq!(count(large.len() - 1), (1, 2));

    let mut nested = ONE.to_owned();
    for level in 1..=9 {
        nested = sns(&nested).to_string();
        let expected = if level <= 8 {
            "1"
        } else {
            "| an SNS notification too deep in an SNS notification"
        };
        check(&nested, expected);
    }
}
