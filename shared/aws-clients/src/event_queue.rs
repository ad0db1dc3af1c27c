//! The sink `event-queue`: the log events of a request as one message, an array.

use std::time::Duration;

use relay::settings::Reader;
use relay::{
    BatchCall, CallError, CallLimits, Delivery, Row, Sending, Sink, SinkKind, TooLarge,
    send_in_calls,
};
use tenant_logs::push_content;
use tokio::time::Instant;

use crate::connection::AwsConnection;
use crate::message::{
    ARRAY_LIMITS, MessageHead, PRODUCER, allowed, allowed_bytes, queue_name, queue_url, send,
};
use crate::sqs_client::SqsClient;

/// Calls side by side; one carries up to a megabyte.
const CALLS_AT_ONCE: usize = 4;

/// Which queue.
#[derive(Debug, Clone)]
pub struct EventQueueSettings {
    url: String,
}

impl EventQueueSettings {
    /// Reads `EVENT_QUEUE_URL`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the URL of a standard SQS queue";
        let url = reader.required_parsed("EVENT_QUEUE_URL", want, queue_url)?;
        Some(Self { url })
    }
}

/// The SQS queue before the target. A call is a message, and calls are made side by side.
#[derive(Debug)]
pub struct EventQueue {
    client: SqsClient,
    url: String,
    target: String,
    producer: &'static str,
}

impl EventQueue {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind::of_raw("event-queue");

    /// A queue that is reached through this connection; `producer` is the function that its messages name.
    pub fn new(
        connection: &AwsConnection,
        settings: EventQueueSettings,
        producer: &'static str,
    ) -> Self {
        Self {
            client: connection.sqs(),
            target: format!("event queue `{}`", queue_name(&settings.url)),
            url: settings.url,
            producer,
        }
    }
}

impl Sink for EventQueue {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        // A queue is at least once, ledger or not.
        send_in_calls(self, rows, &sending.in_shares()).await
    }
}

impl<'a> BatchCall<Row<'a>> for EventQueue {
    fn target(&self) -> &str {
        &self.target
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: ARRAY_LIMITS,
            item_bytes: ARRAY_LIMITS.bytes,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::Refuse("over the 1,000,000 bytes of a message".into()),
        }
    }

    /// A log event with its comma.
    fn bytes(&self, row: &Row<'a>) -> usize {
        allowed_bytes(&row.json) + 1
    }

    async fn call(&self, rows: &[&Row<'a>], _until: Instant) -> Result<Delivery, CallError> {
        let trace_id = rows.first().and_then(|row| row.trace_id);
        let head = MessageHead {
            queue_url: &self.url,
            delay: Duration::ZERO,
            attributes: &[(PRODUCER, self.producer.to_owned())],
            trace_id,
        };
        let bytes: usize = rows.iter().map(|row| row.json.len() + 1).sum();
        let message = head.with(bytes, |out| push_array(out, rows));
        send(message, self.client.get(), &self.target).await?;
        Ok(Delivery::all_delivered(rows.len()))
    }
}

/// Writes log events as an array that stands in a JSON string. It may have a megabyte, so it is written once.
fn push_array(out: &mut Vec<u8>, rows: &[&Row<'_>]) {
    for (index, row) in rows.iter().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        push_content(out, &allowed(&*row.json));
    }
    out.push(b']');
}

#[cfg(test)]
mod tests;
