//! The sink `firehose`: log events as lines, records of `PutRecordBatch`.

use futures_util::{StreamExt, stream};
use relay::settings::Reader;
use relay::{Delivery, Refusal, Remedy, Row, Sink, SinkKind, call_end, ndjson};
use tenant_logs::{BatchLimits, Bisection};
use tokio::time::{Instant, timeout_at};

use aws_sdk_firehose::Client;
use aws_sdk_firehose::error::BuildError;
use aws_sdk_firehose::operation::put_record_batch::PutRecordBatchOutput;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;

use crate::connection::AwsConnection;
use crate::error::{CallError, code_name, is_busy};

/// What `PutRecordBatch` takes at once.
const LIMITS: BatchLimits = BatchLimits {
    events: 500,
    bytes: 4 * 1_048_576,
};
/// What one record may have, before base64 (`PutRecordBatch`: 1,000 KiB).
const MAX_RECORD_BYTES: usize = 1_024_000;
/// Calls side by side; one carries up to 4 MiB.
const CALLS_AT_ONCE: usize = 4;

/// Which stream.
#[derive(Debug, Clone)]
pub struct FirehoseSettings {
    stream_name: String,
}

impl FirehoseSettings {
    /// Reads `FIREHOSE_STREAM_NAME`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the name of a Firehose stream";
        let stream_name = reader.required_parsed("FIREHOSE_STREAM_NAME", want, stream_name)?;
        Some(Self { stream_name })
    }
}

/// A Firehose stream. Calls are made side by side; each record of an answer is read.
#[derive(Debug)]
pub struct Firehose {
    client: Client,
    stream_name: String,
    target: String,
}

/// A row with its index among all rows.
type Numbered<'a> = (usize, &'a Row<'a>);

impl Firehose {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind::of_any_schema("firehose");

    /// A stream that is reached through this connection.
    pub fn new(connection: &AwsConnection, settings: FirehoseSettings) -> Self {
        Self {
            client: connection.firehose(),
            target: format!("Firehose stream `{}`", settings.stream_name),
            stream_name: settings.stream_name,
        }
    }

    /// Delivers one batch. A call refused for its content is bisected until the record that is meant stands alone, so
    /// that it takes no other with it.
    async fn deliver(&self, batch: Vec<Numbered<'_>>, until: Instant) -> Delivery {
        let mut delivery = Delivery::default();
        let mut parts = Bisection::new(&batch);
        while let Some(part) = parts.next_part() {
            match self.put(part, until).await {
                Ok(answer) => read_answer(part, &answer, &mut delivery),
                Err(CallError::Content { .. }) if parts.bisect(part) => {}
                Err(error) => {
                    let indices = part.iter().map(|(index, _)| *index);
                    let refused = error.refuse(indices, error.remedy());
                    delivery.refused.extend(refused);
                }
            }
        }
        delivery
    }

    async fn put(
        &self,
        part: &[Numbered<'_>],
        until: Instant,
    ) -> Result<PutRecordBatchOutput, CallError> {
        let records: Result<Vec<Record>, BuildError> =
            part.iter().map(|(_, row)| record(row)).collect();
        let call = self
            .client
            .put_record_batch()
            .delivery_stream_name(self.stream_name.clone())
            // A record lacks nothing; without any the call is refused, which is not delivered.
            .set_records(records.ok())
            .send();
        match timeout_at(call_end(until), call).await {
            Ok(answer) => answer.map_err(|error| CallError::new(&self.target, error)),
            Err(_) => Err(CallError::TimedOut {
                target: self.target.clone(),
            }),
        }
    }
}

impl Sink for Firehose {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], until: Instant) -> Delivery {
        let (fitting, too_large): (Vec<Numbered<'_>>, Vec<Numbered<'_>>) = rows
            .iter()
            .enumerate()
            .partition(|(_, row)| record_bytes(row) <= MAX_RECORD_BYTES);
        let mut delivery = Delivery::default();
        delivery
            .refused
            .extend(too_large.into_iter().map(|(index, _)| Refusal {
                index,
                remedy: Remedy::SetAside,
                reason: "over the 1,024,000 bytes of a Firehose record".into(),
            }));
        let split = LIMITS.split(fitting, |(_, row)| record_bytes(row));
        let calls = split
            .batches
            .into_iter()
            .map(|batch| self.deliver(batch, until));
        let calls: Vec<_> = calls.collect();
        let mut answers = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        while let Some(answer) = answers.next().await {
            delivery.delivered.extend(answer.delivered);
            delivery.refused.extend(answer.refused);
        }
        delivery
    }
}

/// A line: Firehose puts records behind each other as they are, so each one ends itself.
fn record(row: &Row<'_>) -> Result<Record, BuildError> {
    Record::builder().data(Blob::new(ndjson([row]))).build()
}

fn record_bytes(row: &Row<'_>) -> usize {
    row.json.len() + "\n".len()
}

/// Reads what became of each record: a call that succeeds may still have refused some.
///
/// A record that the answer is too short for, or that has neither identifier nor code, has no answer.
fn read_answer(part: &[Numbered<'_>], answer: &PutRecordBatchOutput, delivery: &mut Delivery) {
    for ((index, _), record) in part.iter().zip(answer.request_responses()) {
        match (record.error_code(), record.record_id()) {
            (Some(code), _) => delivery.refused.push(Refusal {
                index: *index,
                remedy: if is_busy(code) {
                    Remedy::Retry
                } else {
                    Remedy::SetAside
                },
                reason: format!("Firehose answered {}", code_name(code).unwrap_or("a code")).into(),
            }),
            (None, Some(_)) => delivery.delivered.push(*index),
            (None, None) => {}
        }
    }
}

/// What `DeliveryStreamName` takes; anything else would fail every call.
fn stream_name(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (text.len() <= 64 && text.bytes().all(is_allowed)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
