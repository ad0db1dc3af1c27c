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

    /// Whether one of these members is there more than once.
    pub(super) fn is_any_repeated(&self, names: &[&str]) -> bool {
        names.iter().any(|name| {
            let keys = self.0.iter().filter_map(|(key, _)| string_content(key));
            keys.filter(|key| key == name).count() > 1
        })
    }

    /// Whether a member is this text.
    pub(super) fn is(&self, name: &str, text: &str) -> bool {
        let value = self.get(name).and_then(string_content);
        value.is_some_and(|value| value == text)
    }
}

pub(super) const CLOUD_EVENT: &str = "a CloudEvent";
pub(super) const EVENT_GRID_EVENT: &str = "an Event Grid event";

/// Forms by members that all of their objects have; the first that fits counts.
const FORMS: &[(&str, &[&str])] = &[
    // Notifications, queues and streams.
    (
        "an SNS subscription confirmation",
        &["SubscribeURL", "Token"],
    ),
    ("an SNS notification", &["TopicArn", "Message"]),
    ("an SQS record", &["messageId", "receiptHandle"]),
    (
        "a message as SQS's API answers it",
        &["MessageId", "ReceiptHandle"],
    ),
    ("a Kinesis record", &["kinesisSchemaVersion"]),
    ("a Kinesis record", &["kinesis", "eventSource"]),
    (
        "a Kinesis record as its API answers it",
        &["SequenceNumber", "PartitionKey"],
    ),
    ("a DynamoDB record", &["dynamodb", "eventSource"]),
    ("an S3 notification", &["s3", "eventSource"]),
    (
        "a Kafka record",
        &["topic", "partition", "offset", "timestamp"],
    ),
    (
        "an event of Lambda with Kafka records",
        &["bootstrapServers", "records"],
    ),
    ("an Amazon MQ record", &["messageID", "data"]),
    ("a RabbitMQ record", &["basicProperties", "data"]),
    (
        "an event of Lambda with RabbitMQ records",
        &["rmqMessagesByQueue"],
    ),
    (
        "an event of Lambda with Amazon MQ records",
        &["messages", "eventSource"],
    ),
    ("an event of Lambda with records", &["Records"]),
    ("a Firehose delivery", &["deliveryStreamArn", "records"]),
    ("a Firehose delivery", &["requestId", "records"]),
    ("a Firehose record", &["recordId", "data"]),
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
        "an HTTP request as the Functions host gives it",
        &["Url", "Method", "Headers"],
    ),
    ("an invocation by the Functions host", &["Data", "Metadata"]),
    ("an event of Event Hubs", &["EnqueuedTimeUtc", "Body"]),
    (
        "an event of Event Hubs",
        &["SequenceNumber", "Offset", "Body"],
    ),
    ("a page of Azure Monitor records", &["records"]),
    ("a Pub/Sub message", &["message", "subscription"]),
    // Envelopes whose content is no log event, or which have none.
    (
        "an event of an Auth0 event stream",
        &["specversion", "a0stream"],
    ),
    (
        "a CloudEvent whose data is no log event",
        &["specversion", "data"],
    ),
    ("a CloudEvent without data", &["specversion"]),
    (
        "an Event Grid event whose data is no log event",
        &["eventType", "data"],
    ),
    (
        "an Event Grid event without data",
        &["eventType", "eventTime"],
    ),
    (
        "an EventBridge event whose detail is no log event",
        &["detail-type", "detail"],
    ),
    ("an EventBridge event without detail", &["detail-type"]),
    // What other programs write.
    ("a Splunk event", &["event", "sourcetype"]),
    ("a Splunk event", &["event", "time"]),
    ("a Datadog log", &["ddsource"]),
    ("a Datadog log", &["ddtags"]),
    ("a hit of Elasticsearch", &["_index", "_source"]),
    ("a Loki push", &["streams"]),
    ("a GELF message", &["short_message"]),
    ("an OTLP request", &["resourceLogs"]),
    ("an OCSF event", &["class_uid"]),
    ("an ECS document", &["@timestamp", "ecs"]),
    ("a row of Log Analytics", &["TimeGenerated"]),
    ("an answer of Auth0's API", &["statusCode", "error"]),
    ("a page of Auth0's Management API", &["logs"]),
    ("a user of Auth0's", &["user_id", "identities"]),
];

/// Returns the form that an object has, as far as its members tell.
pub(super) fn looks_like(members: &Members<'_>) -> Option<&'static str> {
    let has = |name: &&str| members.get(name).is_some();
    let mut forms = FORMS.iter();
    let found = forms.find(|(_, names)| names.iter().all(has));
    found.map(|(form, _)| *form)
}
