//! Dead letters on SQS.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::{StreamExt, stream};
use relay::settings::Reader;
use relay::{DeadLetters, Delivery, Refusal, Remedy, call_end};
use tenant_logs::{BatchLimits, DeadLetter};
use tokio::time::{Instant, timeout_at};

use crate::connection::{AwsConnection, endpoint};
use crate::error::{CallError, code_name, is_busy};

/// What SQS takes in one message, and in one call.
const MAX_BYTES: usize = 1_048_576;
const LIMITS: BatchLimits = BatchLimits {
    events: 10,
    bytes: MAX_BYTES,
};
const CALLS_AT_ONCE: usize = 8;

/// Which queue.
#[derive(Debug, Clone)]
pub struct DeadLetterQueueSettings {
    url: String,
}

impl DeadLetterQueueSettings {
    /// Reads `DEAD_LETTER_QUEUE_URL`; nothing where the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the URL of a standard SQS queue";
        let url = reader.required_parsed("DEAD_LETTER_QUEUE_URL", want, |text| {
            endpoint(text).filter(|url| url.strip_suffix(".fifo").is_none())
        })?;
        Some(Self { url })
    }
}

/// The SQS queue of dead letters. Calls are made side by side; each entry of an answer is read.
#[derive(Debug)]
pub struct DeadLetterQueue {
    client: Client,
    url: String,
    target: String,
}

impl DeadLetterQueue {
    /// A queue that is reached through this connection.
    pub fn new(connection: &AwsConnection, settings: DeadLetterQueueSettings) -> Self {
        let name = settings.url.rsplit('/').next().unwrap_or_default();
        Self {
            client: connection.sqs(),
            target: format!("dead-letter queue `{name}`"),
            url: settings.url,
        }
    }

    /// Puts one batch of texts with their indices onto the queue.
    async fn put(&self, batch: Vec<(usize, String)>, until: Instant) -> Delivery {
        let indices: Vec<usize> = batch.iter().map(|(index, _)| *index).collect();
        match self.call(batch, until).await {
            Ok(answer) => self.read_answer(&answer),
            // There is nowhere else for a dead letter to go, so it is never set aside in its turn.
            Err(error) => {
                let remedy = match error.remedy() {
                    Remedy::SetAside | Remedy::Stop => Remedy::Stop,
                    Remedy::Retry | Remedy::HandBack => Remedy::Retry,
                };
                Delivery {
                    delivered: Vec::new(),
                    refused: error.refuse(indices.into_iter(), remedy),
                }
            }
        }
    }

    async fn call(
        &self,
        batch: Vec<(usize, String)>,
        until: Instant,
    ) -> Result<SendMessageBatchOutput, CallError> {
        let mut call = self.client.send_message_batch().queue_url(self.url.clone());
        for (index, text) in batch {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(text);
            // An entry lacks nothing; one that did would be left without an answer.
            if let Ok(entry) = entry.build() {
                call = call.entries(entry);
            }
        }
        match timeout_at(call_end(until), call.send()).await {
            Ok(answer) => answer.map_err(|error| CallError::new(&self.target, error)),
            Err(_) => Err(CallError::TimedOut {
                target: self.target.clone(),
            }),
        }
    }

    /// Reads what became of each dead letter: a call that succeeds may still have refused some.
    fn read_answer(&self, answer: &SendMessageBatchOutput) -> Delivery {
        let delivered = answer
            .successful()
            .iter()
            .filter_map(|entry| entry.id().parse().ok());
        let refused = answer.failed().iter().filter_map(|entry| {
            let code = code_name(entry.code()).unwrap_or("a code");
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
        }
    }
}

impl DeadLetters for DeadLetterQueue {
    async fn set_aside(&self, dead_letters: &[DeadLetter<'_>], until: Instant) -> Delivery {
        let split = LIMITS.split(dead_letters.iter().map(text).enumerate(), |(_, text)| {
            text.len()
        });
        // A dead letter is cut to fit, so none is too large; one that were would have no answer, which is not delivered.
        let calls: Vec<_> = split
            .batches
            .into_iter()
            .map(|batch| self.put(batch, until))
            .collect();
        let mut answers = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        let mut delivery = Delivery::default();
        while let Some(answer) = answers.next().await {
            delivery.delivered.extend(answer.delivered);
            delivery.refused.extend(answer.refused);
        }
        delivery
    }
}

/// A dead letter as a message body.
fn text(dead_letter: &DeadLetter<'_>) -> String {
    let whole = allowed(dead_letter.to_json_within(MAX_BYTES));
    if whole.len() <= MAX_BYTES {
        return whole;
    }
    // Escapes are twice as long as what they stand for.
    allowed(dead_letter.to_json_within(MAX_BYTES / 2))
}

/// Escapes the two characters that JSON allows and SQS refuses (`SendMessage`, `InvalidMessageContents`): they occur in
/// strings only.
fn allowed(json: String) -> String {
    let mut text = json;
    for (character, escape) in [('\u{fffe}', "\\ufffe"), ('\u{ffff}', "\\uffff")] {
        if text.contains(character) {
            text = text.replace(character, escape);
        }
    }
    text
}

#[cfg(test)]
mod tests;
