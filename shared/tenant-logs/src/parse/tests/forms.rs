//! Forms of other services and programs, by their names.

use serde_json::{Value, json};

use super::*;

const ONE: &str = r#"{"log_id":"1","data":{"type":"s"}}"#;

fn check_named(checks: &[(Value, &str)]) {
    for (object, form) in checks {
        check(&object.to_string(), &format!("| {form}"));
        check(&format!("[{ONE},{object}]"), &format!("1 | {form}"));
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
    ];
    check_named(&checks);
}

#[test]
fn forms_of_other_services_and_programs_are_named() {
    let checks = [
        (
            json!({"topic": "t", "partition": 0, "offset": 1, "timestamp": 1, "key": "", "value": "e30=", "eventSource": "aws:kafka"}),
            "a Kafka record",
        ),
        (
            json!({"eventSource": "aws:kafka", "bootstrapServers": "b", "records": {"t-0": []}}),
            "an event of Lambda with Kafka records",
        ),
        (
            json!({"messageID": "1", "data": "e30=", "eventSource": "aws:amq", "messageType": "jms/text-message"}),
            "an Amazon MQ record",
        ),
        (
            json!({"basicProperties": {}, "redelivered": false, "data": "e30=", "eventSource": "aws:rmq"}),
            "a RabbitMQ record",
        ),
        (
            json!({"EnqueuedTimeUtc": "t", "Body": "e30="}),
            "an event of Event Hubs",
        ),
        (
            json!({"ddsource": "auth0", "message": "{}"}),
            "a Datadog log",
        ),
        (
            json!({"logGroup": "g", "logEvents": [{"message": "{}"}]}),
            "a CloudWatch Logs subscription",
        ),
        (
            json!({"MessageId": "m", "ReceiptHandle": "r", "Body": "{}"}),
            "a message as SQS's API answers it",
        ),
        (
            json!({"event": {"a": 1}, "time": 1, "sourcetype": "auth0"}),
            "a Splunk event",
        ),
        (
            json!({"message": {"data": "e30="}, "subscription": "s"}),
            "a Pub/Sub message",
        ),
        (
            json!({"specversion": "1.0", "type": "t", "data": "hello"}),
            "a CloudEvent whose data is no log event t",
        ),
        (
            json!({"statusCode": 404, "error": "Not Found", "message": "m"}),
            "an answer of Auth0's API",
        ),
    ];
    check_named(&checks);
}
