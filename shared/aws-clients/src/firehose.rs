//! The sink `firehose`: log events as lines, records of `PutRecordBatch`.

use aws_sdk_firehose::Client;
use aws_sdk_firehose::error::BuildError;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use relay::settings::Reader;
use relay::{
    BatchCall, CallError, CallLimits, Delivery, Row, Sending, Sink, SinkKind, TooLarge, ndjson,
    send_in_calls,
};
use tenant_logs::BatchLimits;
use tokio::time::Instant;

use crate::connection::AwsConnection;
use crate::error::{call_error, delivery_of, is_busy};

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
pub(crate) struct FirehoseSettings {
    stream_name: String,
}

impl FirehoseSettings {
    /// Reads `FIREHOSE_STREAM_NAME`; `None` if the reader noted a problem.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the name of a Firehose stream";
        let stream_name = reader.required_parsed("FIREHOSE_STREAM_NAME", want, stream_name)?;
        Some(Self { stream_name })
    }
}

/// A Firehose stream. Calls are made side by side; each record of an answer is read.
#[derive(Debug)]
pub(crate) struct Firehose {
    client: Client,
    stream_name: String,
    target: String,
}

impl Firehose {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub(crate) const KIND: SinkKind = SinkKind::of_any_schema("firehose");

    /// A stream that is reached through this connection.
    pub(crate) fn new(connection: &AwsConnection, settings: FirehoseSettings) -> Self {
        Self {
            client: connection.firehose(),
            target: format!("Firehose stream `{}`", settings.stream_name),
            stream_name: settings.stream_name,
        }
    }
}

impl Sink for Firehose {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        send_in_calls(self, rows, sending).await
    }
}

impl<'a> BatchCall<Row<'a>> for Firehose {
    fn target(&self) -> &str {
        &self.target
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: LIMITS,
            item_bytes: MAX_RECORD_BYTES,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::Refuse("over the 1,024,000 bytes of a Firehose record".into()),
        }
    }

    fn bytes(&self, row: &Row<'a>) -> usize {
        row.json.len() + "\n".len()
    }

    async fn call(&self, rows: &[&Row<'a>], _until: Instant) -> Result<Delivery, CallError> {
        let records: Result<Vec<Record>, BuildError> = rows.iter().map(|row| record(row)).collect();
        let call = self
            .client
            .put_record_batch()
            .delivery_stream_name(self.stream_name.clone())
            // A record lacks nothing; without any the call is refused, which is not delivered.
            .set_records(records.ok());
        let answer = call.send().await;
        let answer = answer.map_err(|error| call_error(&self.target, error))?;
        let records = answer.request_responses().iter();
        let records = records.map(|record| (record.error_code(), record.record_id()));
        Ok(delivery_of("Firehose", records, is_busy))
    }
}

/// A line: Firehose puts records behind each other as they are, so each one ends itself.
fn record(row: &Row<'_>) -> Result<Record, BuildError> {
    Record::builder().data(Blob::new(ndjson([row]))).build()
}

/// What `DeliveryStreamName` takes; anything else would fail every call.
fn stream_name(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (text.len() <= 64 && text.bytes().all(is_allowed)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
