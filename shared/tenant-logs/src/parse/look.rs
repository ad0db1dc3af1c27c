//! What an object looks like that is no log event: a reason that names the form says more than what it lacks.

use crate::json::{object_members, string_content};

/// An object's members.
pub(super) struct Members<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Members<'a> {
    /// Of another value: none.
    pub(super) fn of(object: &'a str) -> Self {
        Self(object_members(object).unwrap_or_default())
    }

    /// Returns a member's value, the last one where it is repeated.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let mut members = self.0.iter().rev();
        let found = members.find(|(key, _)| string_content(key).is_some_and(|key| key == name));
        found.map(|(_, value)| *value)
    }

    /// Whether a member is this text.
    pub(super) fn is(&self, name: &str, text: &str) -> bool {
        let value = self.get(name).and_then(string_content);
        value.is_some_and(|value| value == text)
    }
}

/// Forms by members that all of their objects have; the first that fits counts.
const FORMS: [(&str, &[&str]); 26] = [
    (
        "an SNS subscription confirmation",
        &["SubscribeURL", "Token"],
    ),
    ("an SNS notification", &["TopicArn", "Message"]),
    ("an SQS record", &["messageId", "receiptHandle"]),
    ("a Kinesis record", &["kinesisSchemaVersion"]),
    ("a Kinesis record", &["kinesis", "eventSource"]),
    ("a DynamoDB record", &["dynamodb", "eventSource"]),
    ("an S3 notification", &["s3", "eventSource"]),
    ("an event of Lambda with records", &["Records"]),
    ("a Firehose delivery", &["deliveryStreamArn", "records"]),
    ("a Firehose delivery", &["requestId", "records"]),
    ("a CloudWatch Logs subscription", &["awslogs"]),
    ("a CloudWatch Logs subscription", &["logGroup", "logEvents"]),
    (
        "a failure record of Lambda",
        &["requestContext", "requestPayload"],
    ),
    (
        "a failure record of Lambda",
        &["requestContext", "responseContext"],
    ),
    (
        "an HTTP request as Lambda gets it",
        &["requestContext", "headers"],
    ),
    (
        "an event of an Auth0 event stream",
        &["specversion", "a0stream"],
    ),
    ("an invocation by the Functions host", &["Data", "Metadata"]),
    ("a page of Azure Monitor records", &["records"]),
    ("a Pub/Sub message", &["message", "subscription"]),
    ("a Splunk event", &["event", "sourcetype"]),
    ("an OTLP request", &["resourceLogs"]),
    ("an OCSF event", &["class_uid"]),
    ("an ECS document", &["@timestamp", "ecs"]),
    ("a row of Log Analytics", &["TimeGenerated"]),
    ("an answer of Auth0's API", &["statusCode", "error"]),
    ("a page of Auth0's Management API", &["logs"]),
];

/// Returns the form that an object has, as far as its members tell.
pub(super) fn looks_like(members: &Members<'_>) -> Option<&'static str> {
    let has = |name: &&str| members.get(name).is_some();
    let mut forms = FORMS.iter();
    let found = forms.find(|(_, names)| names.iter().all(has));
    found.map(|(form, _)| *form)
}
