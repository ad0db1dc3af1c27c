//! The operations of the SQS endpoint, as strict as the service.
//!
//! Deliberately absent: FIFO queues, and attributes whose values are bytes.

mod send;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::endpoint::{Queues, refusal};
use super::md5_of_body;
use super::{
    CALL_LIMIT, MESSAGE_LIMIT_BYTES, MessageAttribute, Queue, QueueError, ReceivedMessage,
};
use crate::aws::json::{Refusal, malformed};

/// Performs an operation. `refuses` draws whether an entry is refused on purpose.
pub(super) async fn perform(
    operation: &str,
    input: Value,
    queues: &Queues,
    refuses: impl Fn() -> Option<String>,
) -> Result<Value, Refusal> {
    if operation == "GetQueueUrl" {
        return get_queue_url(&read(input)?, queues);
    }
    let queue = find(&input, queues)?;
    match operation {
        "SendMessage" => send::one(&queue, &read(input)?, refuses),
        "SendMessageBatch" => send::batch(&queue, &read(input)?, refuses),
        "ReceiveMessage" => receive(&queue, read(input)?).await,
        "DeleteMessage" => delete(&queue, &read(input)?),
        "DeleteMessageBatch" => delete_batch(&queue, &read(input)?, refuses),
        "ChangeMessageVisibility" => change_visibility(&queue, &read(input)?),
        "GetQueueAttributes" => get_attributes(&queue, &read(input)?),
        _ => Err(refusal(
            "UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation",
            format!("{operation} is not part of the local cloud"),
        )),
    }
}

fn read<T: DeserializeOwned>(input: Value) -> Result<T, Refusal> {
    serde_json::from_value(input).map_err(|_wrong_type| malformed())
}

fn find(input: &Value, queues: &Queues) -> Result<Arc<Queue>, Refusal> {
    let url = input.get("QueueUrl").and_then(Value::as_str);
    let url = url.ok_or_else(|| missing("QueueUrl"))?;
    queues.get(url).cloned().ok_or_else(no_queue)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueUrl {
    queue_name: String,
}

fn get_queue_url(input: &GetQueueUrl, queues: &Queues) -> Result<Value, Refusal> {
    let found = queues
        .iter()
        .find(|(_, queue)| queue.name() == input.queue_name);
    let (url, _) = found.ok_or_else(no_queue)?;
    Ok(json!({ "QueueUrl": url }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    #[serde(default)]
    max_number_of_messages: Option<usize>,
    #[serde(default)]
    wait_time_seconds: Option<u64>,
    #[serde(default)]
    visibility_timeout: Option<u64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

async fn receive(queue: &Queue, input: Receive) -> Result<Value, Refusal> {
    let most = input.max_number_of_messages.unwrap_or(1);
    if !(1..=CALL_LIMIT).contains(&most) {
        return Err(invalid_value("MaxNumberOfMessages is between 1 and 10"));
    }
    let wait_secs = input.wait_time_seconds.unwrap_or(0);
    if wait_secs > 20 {
        return Err(invalid_value("WaitTimeSeconds is between 0 and 20"));
    }
    let default = queue.options().visibility_timeout;
    let visibility = input
        .visibility_timeout
        .map_or(default, Duration::from_secs);
    if visibility > super::VISIBILITY_LIMIT {
        return Err(invalid_value("VisibilityTimeout is between 0 and 43200"));
    }
    let wait = Duration::from_secs(wait_secs);
    let received = queue.receive_for(most, wait, visibility).await;
    let mut names = input.attribute_names;
    names.extend(input.message_system_attribute_names);
    let own_names = input.message_attribute_names;
    let messages: Vec<Value> = received
        .iter()
        .map(|message| describe(message, &names, &own_names))
        .collect();
    Ok(json!({ "Messages": messages }))
}

fn describe(message: &ReceivedMessage, names: &[String], own_names: &[String]) -> Value {
    let asks_for = |names: &[String], name: &String| {
        let mut names = names.iter();
        names.any(|asked| asked == "All" || asked == name)
    };
    let mut attributes = system_attributes(message);
    attributes.retain(|name, _| asks_for(names, name));
    let own = message.extras.attributes.iter();
    let own = own.filter(|(name, _)| asks_for(own_names, name));
    let own: Map<String, Value> = own
        .map(|(name, attribute)| {
            let MessageAttribute {
                data_type,
                string_value,
            } = attribute;
            (
                name.clone(),
                json!({"DataType": data_type, "StringValue": string_value}),
            )
        })
        .collect();
    let mut described = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": md5_of_body(&message.body),
        "Body": &*message.body,
    });
    if !attributes.is_empty()
        && let Some(object) = described.as_object_mut()
    {
        object.insert("Attributes".to_owned(), Value::Object(attributes));
    }
    if !own.is_empty()
        && let Some(object) = described.as_object_mut()
    {
        object.insert("MessageAttributes".to_owned(), Value::Object(own));
    }
    described
}

/// What SQS says about a message beside its body, all as text.
pub fn system_attributes(message: &ReceivedMessage) -> Map<String, Value> {
    let attributes = [
        ("ApproximateReceiveCount", message.receive_count.to_string()),
        (
            "SentTimestamp",
            message.sent_at.as_millisecond().to_string(),
        ),
        ("SenderId", crate::aws::ACCOUNT.to_owned()),
        (
            "ApproximateFirstReceiveTimestamp",
            message.first_received_at.as_millisecond().to_string(),
        ),
    ];
    let trace_header = message.extras.trace_header.clone();
    let trace_header = trace_header.map(|header| ("AWSTraceHeader", header));
    let entries = attributes
        .into_iter()
        .chain(trace_header)
        .map(|(name, value)| (name.to_owned(), value.into()));
    entries.collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    receipt_handle: String,
}

fn delete(queue: &Queue, input: &Delete) -> Result<Value, Refusal> {
    queue
        .delete(&input.receipt_handle)
        .map_err(|error| refuse(&error))?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteBatch {
    entries: Vec<DeleteEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteEntry {
    id: String,
    receipt_handle: String,
}

fn delete_batch(
    queue: &Queue,
    input: &DeleteBatch,
    refuses: impl Fn() -> Option<String>,
) -> Result<Value, Refusal> {
    check_ids(input.entries.iter().map(|entry| entry.id.as_str()))?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for DeleteEntry { id, receipt_handle } in &input.entries {
        if let Some(code) = refuses() {
            failed.push(failure(id, false, &code, "refused on purpose"));
            continue;
        }
        match queue.delete(receipt_handle) {
            Ok(()) => successful.push(json!({ "Id": id })),
            Err(error) => failed.push(failure(id, true, code_of(&error).1, &error.to_string())),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeVisibility {
    receipt_handle: String,
    visibility_timeout: u64,
}

fn change_visibility(queue: &Queue, input: &ChangeVisibility) -> Result<Value, Refusal> {
    let timeout = Duration::from_secs(input.visibility_timeout);
    let changed = queue.change_visibility(&input.receipt_handle, timeout);
    changed.map_err(|error| refuse(&error))?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetAttributes {
    #[serde(default)]
    attribute_names: Vec<String>,
}

fn get_attributes(queue: &Queue, input: &GetAttributes) -> Result<Value, Refusal> {
    let depth = queue.depth();
    let options = queue.options();
    let mut attributes = json!({
        "QueueArn": queue.arn(),
        "ApproximateNumberOfMessages": depth.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
        "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
        "VisibilityTimeout": options.visibility_timeout.as_secs().to_string(),
        "MaximumMessageSize": MESSAGE_LIMIT_BYTES.to_string(),
    });
    if let (Some(redrive), Some(object)) = (&options.redrive, attributes.as_object_mut()) {
        let policy = json!({
            "deadLetterTargetArn": redrive.dead_letter_queue.arn(),
            "maxReceiveCount": redrive.max_receive_count,
        });
        object.insert("RedrivePolicy".to_owned(), policy.to_string().into());
    }
    let names = &input.attribute_names;
    for name in names {
        if name != "All" && name != "RedrivePolicy" && attributes.get(name).is_none() {
            let message = format!("Unknown Attribute {name}.");
            return Err(refusal(
                "InvalidAttributeName",
                "InvalidAttributeName",
                message,
            ));
        }
    }
    if let Some(object) = attributes.as_object_mut() {
        object.retain(|name, _| names.iter().any(|asked| asked == "All" || asked == name));
    }
    Ok(json!({ "Attributes": attributes }))
}

/// Between one and ten entries, each with its own well-formed identifier.
fn check_ids<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut seen: Vec<&str> = Vec::new();
    for id in ids {
        let is_sound = (1..=80).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_sound {
            let message = "A batch entry id has 1 to 80 letters, digits, hyphens and underscores.";
            let query_code = "AWS.SimpleQueueService.InvalidBatchEntryId";
            return Err(refusal("InvalidBatchEntryId", query_code, message));
        }
        if seen.contains(&id) {
            let query_code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
            let message = format!("Id {id} repeated.");
            return Err(refusal("BatchEntryIdsNotDistinct", query_code, message));
        }
        seen.push(id);
    }
    match seen.len() {
        0 => Err(refusal(
            "EmptyBatchRequest",
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one entry in the request.",
        )),
        1..=CALL_LIMIT => Ok(()),
        count => Err(refusal(
            "TooManyEntriesInBatchRequest",
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            format!("Maximum number of entries per request are 10. You have sent {count}."),
        )),
    }
}

fn failure(id: &str, sender_fault: bool, code: &str, message: &str) -> Value {
    json!({ "Id": id, "SenderFault": sender_fault, "Code": code, "Message": message })
}

fn refuse(error: &QueueError) -> Refusal {
    let (code, query_code) = code_of(error);
    refusal(code, query_code, error.to_string())
}

/// The codes of an error in the JSON protocol and in the older query protocol.
fn code_of(error: &QueueError) -> (&'static str, &'static str) {
    match error {
        QueueError::Empty
        | QueueError::TooLarge { .. }
        | QueueError::TooLong
        | QueueError::InvalidAttribute => {
            ("InvalidParameterValueException", "InvalidParameterValue")
        }
        QueueError::InvalidCharacter => ("InvalidMessageContents", "InvalidMessageContents"),
        QueueError::InvalidReceiptHandle => ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
        QueueError::NotInFlight => (
            "MessageNotInflight",
            "AWS.SimpleQueueService.MessageNotInflight",
        ),
    }
}

fn no_queue() -> Refusal {
    refusal(
        "com.amazonaws.sqs#QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
}

fn missing(name: &str) -> Refusal {
    let message = format!("The request must contain the parameter {name}.");
    refusal(
        "MissingRequiredParameterException",
        "MissingParameter",
        message,
    )
}

fn invalid_value(message: &str) -> Refusal {
    refusal(
        "InvalidParameterValueException",
        "InvalidParameterValue",
        message,
    )
}
