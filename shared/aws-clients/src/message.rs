//! What every message on SQS has: a body of the characters that SQS takes, its attributes, the URL of its queue.

use std::borrow::Cow;
use std::time::Duration;

use aws_sdk_sqs::Client;
use relay::{ARRAY_BYTES, CallError};
use tenant_logs::{BatchLimits, push_content, push_text};

use crate::boxed_call::send_message;
use crate::connection::endpoint;
use crate::error::call_error;
use crate::written_body::WrittenBody;

/// What SQS takes in one message, attributes included.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1_048_576;
/// The log events of a message, an array of which each counts with its comma. SQS takes more, attributes included.
pub const ARRAY_LIMITS: BatchLimits = BatchLimits {
    events: usize::MAX,
    bytes: 1_000_000 - ARRAY_BYTES,
};
/// The attribute that names the function of ours that wrote a message.
pub const PRODUCER: &str = "producer";
/// Bytes of a call beside the message's body: names, the URL, attributes.
const HEAD_BYTES: usize = 1_024;
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
        let head = MessageHead {
            queue_url: &self.queue_url,
            delay: self.delay,
            attributes: &self.attributes,
            trace_id: self.trace_id.as_deref(),
        };
        let body = head.with(self.body.len(), |out| push_content(out, &self.body));
        send(body, client, target).await
    }
}

/// A message but for its body.
pub(crate) struct MessageHead<'a> {
    pub(crate) queue_url: &'a str,
    pub(crate) delay: Duration,
    pub(crate) attributes: &'a [(&'static str, String)],
    pub(crate) trace_id: Option<&'a str>,
}

impl MessageHead<'_> {
    /// Writes the call as the protocol `awsJson1_0` has it, with a body of about so many bytes, whose text `push_body` writes as
    /// it stands in a JSON string.
    pub(crate) fn with(&self, bytes: usize, push_body: impl FnOnce(&mut Vec<u8>)) -> WrittenBody {
        // Every quote of an event is escaped, and about every tenth byte is one.
        let mut out = Vec::with_capacity(HEAD_BYTES + bytes + bytes / 4);
        out.extend_from_slice(br#"{"QueueUrl":"#);
        push_text(&mut out, self.queue_url);
        out.extend_from_slice(br#","MessageBody":""#);
        push_body(&mut out);
        out.push(b'"');
        let delay_seconds = self.delay.as_secs();
        if delay_seconds > 0 {
            out.extend_from_slice(format!(r#","DelaySeconds":{delay_seconds}"#).as_bytes());
        }
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|(name, text)| (*name, text.as_str()));
        push_attributes(&mut out, "MessageAttributes", attributes);
        let trace_id = self.trace_id.filter(|id| id.len() <= MAX_TRACE_BYTES);
        let trace = trace_id.map(|id| ("AWSTraceHeader", id));
        push_attributes(&mut out, "MessageSystemAttributes", trace.into_iter());
        out.push(b'}');
        out.into()
    }
}

/// Writes what is no empty object.
fn push_attributes<'a>(
    out: &mut Vec<u8>,
    member: &str,
    attributes: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let mut is_empty = true;
    for (name, text) in attributes {
        if is_empty {
            out.extend_from_slice(format!(r#","{member}":{{"#).as_bytes());
        } else {
            out.push(b',');
        }
        is_empty = false;
        push_text(out, name);
        out.extend_from_slice(format!(r#":{{"DataType":"{TEXT}","StringValue":"#).as_bytes());
        push_text(out, text);
        out.push(b'}');
    }
    if !is_empty {
        out.push(b'}');
    }
}

/// Sends a message once, in a call that is written already; it is on its queue if that succeeds.
pub(crate) async fn send(
    call: WrittenBody,
    client: &Client,
    target: &str,
) -> Result<(), CallError> {
    let answer = send_message(client, call).await;
    let answer = answer.map_err(|error| call_error(target, error))?;
    match answer.message_id() {
        Some(_) => Ok(()),
        None => Err(CallError::Unreadable {
            target: target.to_owned(),
        }),
    }
}

/// Escapes the two characters that JSON allows and SQS refuses (`SendMessage`, `InvalidMessageContents`): they occur in
/// strings only.
pub fn allowed<'a>(json: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let mut text = json.into();
    for (character, escape) in ESCAPES {
        if text.contains(character) {
            text = text.replace(character, escape).into();
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
