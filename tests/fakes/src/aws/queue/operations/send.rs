//! `SendMessage` and `SendMessageBatch`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_ids, code_of, failure, refuse};
use crate::aws::json::Refusal;
use crate::aws::queue::endpoint::refusal;
use crate::aws::queue::md5_of_body;
use crate::aws::queue::message;
use crate::aws::queue::{Extras, MESSAGE_LIMIT_BYTES, MessageAttribute, Queue};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    message_body: String,
    #[serde(default)]
    delay_seconds: u64,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
    #[serde(default)]
    message_system_attributes: BTreeMap<String, MessageAttribute>,
}

impl Send {
    /// What stands beside the body. Of the system's attributes a sender may give this one.
    fn extras(&self) -> Extras {
        let trace_header = self.message_system_attributes.get("AWSTraceHeader");
        Extras {
            delay: Duration::from_secs(self.delay_seconds),
            attributes: self.message_attributes.clone(),
            trace_header: trace_header.map(|header| header.string_value.clone()),
        }
    }
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
    if let Some(code) = refuses() {
        let message = format!("refused on purpose as {code}");
        return Err(Refusal {
            status: 500,
            ..Refusal::new("InternalFailure", message)
        });
    }
    let sent = queue.send_with(&input.message_body, input.extras());
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
        .map(|Entry { message, .. }| message::bytes(&message.message_body, &message.extras()))
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
        if let Some(code) = refuses() {
            failed.push(failure(id, false, &code, "refused on purpose"));
            continue;
        }
        match queue.send_with(&message.message_body, message.extras()) {
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
