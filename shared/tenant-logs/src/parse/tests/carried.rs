//! Texts within a text.

use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;

const ONE: &str = r#"{"log_id":"1","data":{"type":"s","ip":"192.0.2.1"}}"#;

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
        "Timestamp": "2026-11-20T10:30:15.204Z",
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
    for records in [
        json!([sqs(ONE), sqs("7")]),
        json!([kinesis(ONE.as_bytes()), kinesis(b"7")]),
        json!([{"EventSource": "aws:sns", "Sns": sns(ONE)}, {"EventSource": "aws:sns", "Sns": sns("7")}]),
    ] {
        check(&json!({"Records": records}).to_string(), "1 | value");
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
    assert_eq!(
        parsed.log_events[0].time().unwrap().to_string(),
        "2026-11-20T10:30:15.204Z"
    );
    let mut event = cloud_event(ONE.as_bytes());
    event["redacted"] = "ip,user_name".into();
    let body = event.to_string();
    let parsed = parse(&body).unwrap();
    assert_eq!(parsed.log_events[0].redacted(), ["ip", "user_name"]);
}

#[test]
fn what_is_carried_and_is_no_log_event_is_a_reject_by_itself() {
    let body = sns(&format!("[{ONE},7,{{\"a\":1}}]")).to_string();
    check(&body, "1 | value | object");
    let parsed = parse(&body).unwrap();
    assert_eq!(parsed.rejects[1].text, "{\"a\":1}");
    let other = json!({"specversion": "1.0", "type": "com.example.Other", "data_base64": STANDARD.encode("{}")});
    check(&other.to_string(), "| object com.example.Other");
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

#[test]
fn other_forms_are_named() {
    let checks = [
        (
            json!({"Type": "SubscriptionConfirmation", "Token": "t", "TopicArn": "a", "Message": "m", "SubscribeURL": "u"}),
            "an SNS subscription confirmation",
        ),
        (
            json!({"messageId": "m", "receiptHandle": "r", "eventSource": "aws:sqs"}),
            "an SQS record",
        ),
        (
            json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]}),
            "an event of Lambda with records",
        ),
        (
            json!({"eventSource": "aws:dynamodb", "dynamodb": {}}),
            "a DynamoDB record",
        ),
        (
            json!({"awslogs": {"data": "H4sI"}}),
            "a CloudWatch Logs subscription",
        ),
        (
            json!({"requestId": "r", "timestamp": 1, "records": [{"data": "e30="}]}),
            "a Firehose delivery",
        ),
        (
            json!({"records": [{"time": "t"}]}),
            "a page of Azure Monitor records",
        ),
        (
            json!({"Data": {}, "Metadata": {}}),
            "an invocation by the Functions host",
        ),
        (json!({"resourceLogs": []}), "an OTLP request"),
        (
            json!({"statusCode": 404, "error": "Not Found", "message": "m"}),
            "an answer of Auth0's API",
        ),
    ];
    for (object, form) in checks {
        check(&object.to_string(), &format!("| {form}"));
        check(&format!("[{ONE},{object}]"), &format!("1 | {form}"));
    }
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
            "| an SNS notification too deep"
        };
        check(&nested, expected);
    }
}
