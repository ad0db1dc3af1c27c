//! `SendMessage` and `SendMessageBatch`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_ids, code_of, failure, refuse};
use crate::aws::json::Refusal;
use crate::aws::queue::endpoint::refusal;
use crate::aws::queue::md5_of_body;
use crate::aws::queue::{MESSAGE_LIMIT_BYTES, Queue};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    message_body: String,
    #[serde(default)]
    delay_seconds: u64,
    #[serde(default)]
    message_attributes: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendBatch {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    #[serde(flatten)]
    message: Send,
}

pub(super) fn one(
    queue: &Queue,
    input: &Send,
    refuses: impl Fn() -> Option<String>,
) -> Result<Value, Refusal> {
    refuse_attributes(input)?;
    if let Some(code) = refuses() {
        let message = format!("refused on purpose as {code}");
        return Err(Refusal {
            status: 500,
            ..Refusal::new("InternalFailure", message)
        });
    }
    let delay = Duration::from_secs(input.delay_seconds);
    let sent = queue.send_delayed(&input.message_body, delay);
    let message_id = sent.map_err(|error| refuse(&error))?;
    let digest = md5_of_body(&input.message_body);
    Ok(json!({ "MessageId": message_id, "MD5OfMessageBody": digest }))
}

pub(super) fn batch(
    queue: &Queue,
    input: &SendBatch,
    refuses: impl Fn() -> Option<String>,
) -> Result<Value, Refusal> {
    check_ids(input.entries.iter().map(|entry| entry.id.as_str()))?;
    let bytes: usize = input
        .entries
        .iter()
        .map(|entry| entry.message.message_body.len())
        .sum();
    if bytes > MESSAGE_LIMIT_BYTES {
        return Err(refusal(
            "BatchRequestTooLong",
            "AWS.SimpleQueueService.BatchRequestTooLong",
            format!(
                "Batch requests cannot be longer than {MESSAGE_LIMIT_BYTES} bytes. You have sent {bytes} bytes."
            ),
        ));
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for Entry { id, message } in &input.entries {
        refuse_attributes(message)?;
        if let Some(code) = refuses() {
            failed.push(failure(id, false, &code, "refused on purpose"));
            continue;
        }
        let delay = Duration::from_secs(message.delay_seconds);
        match queue.send_delayed(&message.message_body, delay) {
            Ok(message_id) => successful.push(json!({
                "Id": id,
                "MessageId": message_id,
                "MD5OfMessageBody": md5_of_body(&message.message_body),
            })),
            Err(error) => failed.push(failure(id, true, code_of(&error).1, &error.to_string())),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn refuse_attributes(message: &Send) -> Result<(), Refusal> {
    if message.message_attributes.is_none() {
        return Ok(());
    }
    Err(refusal(
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
        "the local cloud takes no message attributes",
    ))
}
