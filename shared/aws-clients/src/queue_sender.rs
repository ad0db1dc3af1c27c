//! Sends messages to any queue of this account: what a sink lacks goes back to the queue that it came from.

use relay::{BatchCall, CallError, CallLimits, Delivery, Sending, TooLarge, send_in_calls};
use tenant_logs::BatchLimits;
use tokio::time::Instant;

use crate::connection::AwsConnection;
use crate::message::{MAX_MESSAGE_BYTES, QueueMessage};
use crate::sqs_client::SqsClient;

/// Calls side by side.
const CALLS_AT_ONCE: usize = 8;

/// A sender of messages. A call is a message, and calls are made side by side.
#[derive(Debug)]
pub struct QueueSender {
    client: SqsClient,
    dead_letter_queue_url: String,
}

impl QueueSender {
    /// A sender that reaches queues through this connection.
    pub(crate) fn new(connection: &AwsConnection, dead_letter_queue_url: String) -> Self {
        Self {
            client: connection.sqs(),
            dead_letter_queue_url,
        }
    }

    /// The URL of the dead-letter queue.
    pub fn dead_letter_queue_url(&self) -> &str {
        &self.dead_letter_queue_url
    }

    /// The URL of the queue that an ARN names, in the form that the dead-letter queue's has; `None` if it names none.
    pub fn queue_url(&self, arn: &str) -> Option<String> {
        let mut parts = arn.strip_prefix("arn:")?.split(':').skip(1);
        let (service, _region) = (parts.next()?, parts.next()?);
        let (account, name) = (parts.next()?, parts.next()?);
        let is_word = |text: &str| {
            let mut bytes = text.bytes();
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !text.is_empty() && bytes.all(is_allowed)
        };
        let is_queue = service == "sqs" && is_word(account) && is_word(name);
        if !is_queue || parts.next().is_some() {
            return None;
        }
        let (scheme, rest) = self.dead_letter_queue_url.split_once("://")?;
        let host = rest.split('/').next()?;
        Some(format!("{scheme}://{host}/{account}/{name}"))
    }

    /// Sends messages, and returns what became of each.
    pub async fn send(&self, messages: &[QueueMessage], sending: &Sending) -> Delivery {
        send_in_calls(self, messages, &sending.in_shares()).await
    }
}

impl BatchCall<QueueMessage> for QueueSender {
    fn target(&self) -> &'static str {
        "a queue"
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: BatchLimits {
                events: 1,
                bytes: MAX_MESSAGE_BYTES,
            },
            item_bytes: MAX_MESSAGE_BYTES,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::Refuse("over the 1,048,576 bytes of an SQS message".into()),
        }
    }

    fn bytes(&self, message: &QueueMessage) -> usize {
        message.bytes()
    }

    async fn call(
        &self,
        messages: &[&QueueMessage],
        _until: Instant,
    ) -> Result<Delivery, CallError> {
        for message in messages {
            message.send(self.client.get(), self.target()).await?;
        }
        Ok(Delivery::all_delivered(messages.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_endpoint::connection;

    #[test]
    fn a_queue_is_found_where_the_dead_letter_queue_is() {
        let check = |dead_letters: &str, arn: &str, expected: Option<&str>| {
            let connection = connection("http://127.0.0.1:9", &[]);
            let sender = QueueSender::new(&connection, dead_letters.to_owned());
            assert_eq!(sender.queue_url(arn).as_deref(), expected, "{arn}");
        };
        let regional = "https://sqs.us-east-1.amazonaws.com/123456789012/letters";
        check(
            regional,
            "arn:aws:sqs:us-east-1:123456789012:deliver",
            Some("https://sqs.us-east-1.amazonaws.com/123456789012/deliver"),
        );
        check(
            "https://sqs.cn-north-1.amazonaws.com.cn/1/letters",
            "arn:aws-cn:sqs:cn-north-1:1:a_queue-1",
            Some("https://sqs.cn-north-1.amazonaws.com.cn/1/a_queue-1"),
        );
        check(
            "http://127.0.0.1:4566/1/letters",
            "arn:aws:sqs:us-east-1:1:deliver",
            Some("http://127.0.0.1:4566/1/deliver"),
        );
        check(regional, "arn:aws:kinesis:us-east-1:1:stream/logs", None);
        check(regional, "arn:aws:sqs:us-east-1:1:../other", None);
        check(regional, "arn:aws:sqs:us-east-1:1", None);
        check(regional, "arn:aws:sqs:us-east-1:1:deliver:more", None);
        check(regional, "", None);
    }
}
