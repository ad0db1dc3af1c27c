//! Gathering a batch from a queue, and the event that Lambda makes of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::MappingOptions;
use fakes::aws::REGION;
use fakes::aws::queue::{
    MESSAGE_LIMIT_BYTES, Queue, ReceivedMessage, md5_of_body, system_attributes,
};

/// The payload limit of an invocation is 6 MB, and bodies grow when they are quoted.
const PAYLOAD_BUDGET_BYTES: usize = 6_000_000;

/// What a record carries beside its body, generously.
const RECORD_OVERHEAD_BYTES: usize = 700;

/// The largest message, when every byte of it is escaped.
const RECORD_LIMIT_BYTES: usize = 2 * MESSAGE_LIMIT_BYTES + RECORD_OVERHEAD_BYTES;

/// How long one look into an empty queue takes.
const POLL: Duration = Duration::from_secs(20);

/// Waits for a first message, then gathers until the batch is full, the window is over or the
/// mapping stops.
pub(super) async fn gather(
    queue: &Queue,
    options: &MappingOptions,
    stopped: &mut watch::Receiver<bool>,
) -> Vec<ReceivedMessage> {
    let mut messages: Vec<ReceivedMessage> = Vec::new();
    let mut budget_bytes = PAYLOAD_BUDGET_BYTES;
    let mut deadline = Instant::now() + POLL;
    // As many are asked for as fit in any case, so that none has to be given back.
    while messages.len() < options.batch_size && budget_bytes >= RECORD_LIMIT_BYTES {
        let most = (options.batch_size - messages.len()).min(budget_bytes / RECORD_LIMIT_BYTES);
        let wait = deadline.saturating_duration_since(Instant::now());
        let received = tokio::select! {
            received = queue.receive(most, wait) => received,
            _ = stopped.changed() => break,
        };
        if received.is_empty() {
            break;
        }
        if messages.is_empty() {
            deadline = Instant::now() + options.window;
        }
        for message in received {
            let size = quoted_bytes(&message.body) + RECORD_OVERHEAD_BYTES;
            budget_bytes = budget_bytes.saturating_sub(size);
            messages.push(message);
        }
    }
    messages
}

fn quoted_bytes(body: &Arc<str>) -> usize {
    let escaped = body
        .bytes()
        .filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t'));
    body.len() + escaped.count()
}

/// The event of a batch, as a function with an SQS trigger gets it.
pub(super) fn event(queue: &Queue, messages: &[ReceivedMessage]) -> Vec<u8> {
    let arn = queue.arn();
    let records: Vec<Value> = messages
        .iter()
        .map(|message| record(message, &arn))
        .collect();
    json!({ "Records": records }).to_string().into_bytes()
}

fn record(message: &ReceivedMessage, arn: &str) -> Value {
    json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": &*message.body,
        "attributes": system_attributes(message),
        "messageAttributes": attributes(message),
        "md5OfBody": md5_of_body(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    })
}

/// The attributes as Lambda tells them, which is not as SQS does.
fn attributes(message: &ReceivedMessage) -> Map<String, Value> {
    let attributes = message.extras.attributes.iter();
    let told = attributes.map(|(name, attribute)| {
        let told = json!({
            "stringValue": attribute.string_value,
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": attribute.data_type,
        });
        (name.clone(), told)
    });
    told.collect()
}
