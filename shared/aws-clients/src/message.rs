//! What every message on SQS has: a body of the characters that SQS takes, its attributes, the URL of its queue.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
};
use relay::{ARRAY_BYTES, CallError};
use tenant_logs::BatchLimits;

use crate::boxed_call::BoxedCall;
use crate::connection::endpoint;
use crate::error::call_error;

/// What SQS takes in one message, attributes included.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1_048_576;
/// The log events of a message, an array of which each counts with its comma. SQS takes more, attributes included.
pub const ARRAY_LIMITS: BatchLimits = BatchLimits {
    events: usize::MAX,
    bytes: 1_000_000 - ARRAY_BYTES,
};
/// The attribute that names the function of ours that wrote a message.
pub const PRODUCER: &str = "producer";
/// The type of an attribute's value.
const TEXT: &str = "String";
/// The most characters that a trace may have.
const MAX_TRACE_BYTES: usize = 500;

/// A message as it is sent.
#[derive(Debug, Clone)]
pub struct QueueMessage {
    /// The URL of its queue.
    pub queue_url: String,
    /// Its body, of characters that SQS takes.
    pub body: String,
    /// How long nobody sees it.
    pub delay: Duration,
    /// Its attributes: a name and a text, which is not empty.
    pub attributes: Vec<(&'static str, String)>,
    /// The trace that it belongs to, as AWS writes it.
    pub trace_id: Option<String>,
}

impl QueueMessage {
    /// Its size as SQS counts it, attributes included.
    pub(crate) fn bytes(&self) -> usize {
        let attributes = self.attributes.iter();
        let of_attributes = attributes.map(|(name, text)| name.len() + TEXT.len() + text.len());
        self.body.len() + of_attributes.sum::<usize>()
    }

    /// Whether SQS takes so many bytes.
    pub fn is_sendable(&self) -> bool {
        self.bytes() <= MAX_MESSAGE_BYTES
    }

    /// Sends it once; it is on its queue if that succeeds. `target` says in errors whom we call.
    pub(crate) async fn send(&self, client: &Client, target: &str) -> Result<(), CallError> {
        // Neither delay nor attribute can be too large for its type, or be missing.
        let delay_seconds = i32::try_from(self.delay.as_secs()).unwrap_or(i32::MAX);
        let mut call = client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(&self.body)
            .set_delay_seconds((delay_seconds > 0).then_some(delay_seconds));
        let unmade = |error: BuildError| CallError::Unmade {
            target: target.to_owned(),
            source: error.into(),
        };
        for (name, text) in &self.attributes {
            let value = MessageAttributeValue::builder().data_type(TEXT);
            let value = value.string_value(text).build().map_err(unmade)?;
            call = call.message_attributes(*name, value);
        }
        let trace_id = self.trace_id.as_ref();
        if let Some(trace_id) = trace_id.filter(|id| id.len() <= MAX_TRACE_BYTES) {
            let value = MessageSystemAttributeValue::builder().data_type(TEXT);
            let value = value.string_value(trace_id).build().map_err(unmade)?;
            let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
            call = call.message_system_attributes(name, value);
        }
        let answer = call.send_boxed().await;
        let answer = answer.map_err(|error| call_error(target, error))?;
        match answer.message_id() {
            Some(_) => Ok(()),
            None => Err(CallError::Unreadable {
                target: target.to_owned(),
            }),
        }
    }
}

/// Escapes the two characters that JSON allows and SQS refuses (`SendMessage`, `InvalidMessageContents`): they occur in
/// strings only.
pub fn allowed(json: String) -> String {
    let mut text = json;
    for (character, escape) in ESCAPES {
        if text.contains(character) {
            text = text.replace(character, escape);
        }
    }
    text
}

const ESCAPES: [(char, &str); 2] = [('\u{fffe}', "\\ufffe"), ('\u{ffff}', "\\uffff")];

/// The bytes that a JSON text has once it is [`allowed`].
pub(crate) fn allowed_bytes(json: &str) -> usize {
    let growth = ESCAPES.map(|(character, escape)| {
        json.matches(character).count() * (escape.len() - character.len_utf8())
    });
    json.len() + growth.iter().sum::<usize>()
}

/// The URL of a standard queue.
pub(crate) fn queue_url(text: &str) -> Option<String> {
    endpoint(text).filter(|url| url.strip_suffix(".fifo").is_none())
}

/// The name of a queue, for what is said about it.
pub(crate) fn queue_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
