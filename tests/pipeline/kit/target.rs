//! The target side of a cloud: batches made by hand, and counting what arrived.

use std::collections::BTreeMap;
use std::path::Path;

use cargo_local::cloud::{Cloud, PARTNER_SOURCE};
use fakes::aws::event_bus::{Entry, EventBus};
use fakes::aws::queue::Extras;
use serde_json::{Map, Value, json};

/// A wrapped log event of this type code.
pub(crate) fn event_of_type(event_type: &str, log_id: &str) -> String {
    format!(
        r#"{{"log_id":"{log_id}","data":{{"type":"{event_type}","date":"2026-11-20T10:30:15.204Z","user_name":"Łucja Example","ip":"2001:db8::7"}}}}"#
    )
}

/// A wrapped log event.
pub(crate) fn event(log_id: &str) -> String {
    event_of_type("s", log_id)
}

/// One record as Lambda hands it over from SQS; no body at all where there is none.
pub(crate) fn record(message_id: &str, body: Option<&str>) -> Value {
    let mut record = json!({
        "messageId": message_id,
        "receiptHandle": "receipt",
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:deliver",
        "awsRegion": "us-east-1",
    });
    if let Some(body) = body {
        record["body"] = body.into();
    }
    record
}

/// Invokes the target with records, and returns the identifiers that failed.
pub(crate) async fn failures_of(cloud: &Cloud, records: Vec<Value>) -> Vec<String> {
    let payload = json!({ "Records": records }).to_string();
    let answer = cloud.target.invoke(payload).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    let identifier = |failure: &Value| failure["itemIdentifier"].as_str().unwrap().to_owned();
    failures.iter().map(identifier).collect()
}

/// Invokes the target with a record a body, and returns which of them failed, by index.
pub(crate) async fn failed(cloud: &Cloud, bodies: &[impl AsRef<str>]) -> Vec<usize> {
    let numbered = bodies.iter().enumerate();
    let records = numbered.map(|(index, body)| record(&index.to_string(), Some(body.as_ref())));
    let failures = failures_of(cloud, records.collect()).await;
    failures
        .iter()
        .map(|index| index.parse().unwrap())
        .collect()
}

/// Puts an event onto a bus as Auth0's partner source does.
pub(crate) fn put_as_partner(bus: &EventBus, detail: &str) {
    let entry = Entry {
        source: PARTNER_SOURCE.to_owned(),
        detail_type: "Auth0 log".to_owned(),
        detail: detail.to_owned(),
        ..Entry::default()
    };
    bus.put(&entry).unwrap();
}

/// How often each `log_id` is in a file of lines; every line must be JSON.
pub(crate) fn log_ids_in(path: &Path) -> BTreeMap<String, u64> {
    let mut log_ids = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let log_id = event["log_id"].as_str().unwrap().to_owned();
        *log_ids.entry(log_id).or_default() += 1;
    }
    log_ids
}

/// Each of these once.
pub(crate) fn once_each(
    log_ids: impl IntoIterator<Item = impl Into<String>>,
) -> BTreeMap<String, u64> {
    log_ids
        .into_iter()
        .map(|log_id| (log_id.into(), 1))
        .collect()
}

/// Attributes as Lambda hands them over.
pub(crate) fn attributes(extras: &Extras) -> Value {
    let attributes = extras.attributes.iter();
    let of_lambda = attributes.map(|(name, attribute)| {
        let text = attribute.string_value.as_str();
        (
            name.clone(),
            json!({"stringValue": text, "dataType": "String"}),
        )
    });
    Value::Object(of_lambda.collect::<Map<_, _>>())
}
