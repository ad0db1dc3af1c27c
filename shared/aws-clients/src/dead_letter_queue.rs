//! Dead letters on SQS.

use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use relay::settings::Reader;
use relay::{
    BatchCall, CallError, CallLimits, DeadLetters, Delivery, Refusal, Remedy, Sending, TooLarge,
    store_in_calls,
};
use tenant_logs::{BatchLimits, DeadLetter};
use tokio::time::Instant;

use crate::boxed_call::BoxedCall;
use crate::connection::AwsConnection;
use crate::error::{call_error, code_name, is_busy};
use crate::message::{MAX_MESSAGE_BYTES, allowed, queue_name, queue_url};
use crate::sqs_client::SqsClient;

/// What SQS takes in one call: as many bytes as in one message.
const LIMITS: BatchLimits = BatchLimits {
    events: 10,
    bytes: MAX_MESSAGE_BYTES,
};
const CALLS_AT_ONCE: usize = 8;
/// What is always left for the reason, which is written when the event is refused.
const REASON_BYTES: usize = 4_096;
const TOO_LARGE: &str = "over the 1,048,576 bytes of an SQS message, packed too";

/// Which queue.
#[derive(Debug, Clone)]
pub struct DeadLetterQueueSettings {
    url: String,
}

impl DeadLetterQueueSettings {
    /// Reads `DEAD_LETTER_QUEUE_URL`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the URL of a standard SQS queue";
        let url = reader.required_parsed("DEAD_LETTER_QUEUE_URL", want, queue_url)?;
        Some(Self { url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The SQS queue of dead letters. Calls are made side by side; each entry of an answer is read.
#[derive(Debug)]
pub struct DeadLetterQueue {
    client: SqsClient,
    url: String,
    target: String,
}

impl DeadLetterQueue {
    /// A queue that is reached through this connection.
    pub fn new(connection: &AwsConnection, settings: DeadLetterQueueSettings) -> Self {
        let name = queue_name(&settings.url);
        Self {
            client: connection.sqs(),
            target: format!("dead-letter queue `{name}`"),
            url: settings.url,
        }
    }

    /// Reads what became of each dead letter: a call that succeeds may still have refused some.
    fn read_answer(&self, answer: &SendMessageBatchOutput) -> Delivery {
        let delivered = answer
            .successful()
            .iter()
            .filter_map(|entry| entry.id().parse().ok());
        let refused = answer.failed().iter().filter_map(|entry| {
            let code = code_name(entry.code());
            let is_lasting = entry.sender_fault() && !is_busy(entry.code());
            Some(Refusal {
                index: entry.id().parse().ok()?,
                remedy: if is_lasting {
                    Remedy::Stop
                } else {
                    Remedy::Retry
                },
                reason: format!("{} answered {code}", self.target).into(),
            })
        });
        Delivery {
            delivered: delivered.collect(),
            refused: refused.collect(),
            ..Delivery::default()
        }
    }
}

impl DeadLetters for DeadLetterQueue {
    async fn set_aside(&self, dead_letters: &[DeadLetter<'_>], sending: &Sending) -> Delivery {
        let (mut texts, mut indices) = (Vec::new(), Vec::new());
        let mut delivery = Delivery::default();
        for (index, dead_letter) in dead_letters.iter().enumerate() {
            if let Some(text) = text(dead_letter, MAX_MESSAGE_BYTES) {
                texts.push(text);
                indices.push(index);
            } else {
                delivery.refused.push(Refusal {
                    index,
                    remedy: Remedy::HandBack,
                    reason: TOO_LARGE.into(),
                });
            }
        }
        let stored = store_in_calls(self, &texts, sending).await;
        delivery.merge(stored, &indices);
        delivery
    }

    fn can_hold(&self, dead_letter: &DeadLetter<'_>) -> bool {
        // Escapes take six bytes for one at most.
        let is_small = dead_letter.event.kept_bytes() <= MAX_MESSAGE_BYTES / 8;
        is_small || text(dead_letter, MAX_MESSAGE_BYTES - REASON_BYTES).is_some()
    }
}

impl BatchCall<String> for DeadLetterQueue {
    fn target(&self) -> &str {
        &self.target
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: LIMITS,
            item_bytes: MAX_MESSAGE_BYTES,
            calls_at_once: CALLS_AT_ONCE,
            // What does not fit is refused before.
            too_large: TooLarge::Refuse(TOO_LARGE.into()),
        }
    }

    fn bytes(&self, text: &String) -> usize {
        text.len()
    }

    async fn call(&self, texts: &[&String], _until: Instant) -> Result<Delivery, CallError> {
        let mut call = self
            .client
            .get()
            .send_message_batch()
            .queue_url(self.url.clone());
        for (index, text) in texts.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(text.as_str());
            // An entry lacks nothing; one that did would be left without an answer.
            if let Ok(entry) = entry.build() {
                call = call.entries(entry);
            }
        }
        let answer = call.send_boxed().await;
        let answer = answer.map_err(|error| call_error(&self.target, error))?;
        Ok(self.read_answer(&answer))
    }
}

/// Returns a dead letter as a message body of at most so many bytes; `None` if it does not fit, packed neither.
fn text(dead_letter: &DeadLetter<'_>, max_bytes: usize) -> Option<String> {
    let text = allowed(dead_letter.to_json_within(max_bytes)?).into_owned();
    if text.len() <= max_bytes {
        return Some(text);
    }
    // Nothing has to be escaped in what is packed.
    let packed = allowed(dead_letter.to_packed_json()).into_owned();
    (packed.len() <= max_bytes).then_some(packed)
}

#[cfg(test)]
mod tests;
