//! The records of a batch, from SQS or Kinesis: what names each one in the answer, and the texts that it holds.

use std::borrow::Cow;

use relay::Arrival;
use serde::Deserialize;
use tenant_logs::{Unreadable, decode, decode_base64, deserialize_text, parse};

use super::failure_record::payload_of;

/// The largest text that a packed record may have: as much as the ingest function can be told to take.
const MOST_UNPACKED_BYTES: usize = 67_108_864;

/// An event as Lambda hands it over, where it may be a batch; what we do not read is left out.
#[derive(Deserialize)]
pub(super) struct Batch {
    /// None where it is no batch, and so comes from a rule.
    #[serde(rename = "Records")]
    pub(super) records: Option<Vec<Record>>,
}

/// A record of either service.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    #[serde(default)]
    event_source: String,
    message_id: Option<String>,
    #[serde(default, deserialize_with = "deserialize_text")]
    body: Option<String>,
    attributes: Option<Attributes>,
    kinesis: Option<KinesisData>,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(rename = "AWSTraceHeader")]
    trace_header: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KinesisData {
    sequence_number: Option<String>,
    data: Option<String>,
}

/// A text that may hold log events, and the record that it came in.
pub(super) struct Text<'a> {
    /// The record's position in its batch.
    pub(super) origin: usize,
    content: Result<Cow<'a, str>, Unreadable>,
    /// The bytes as they came, where the text is not them.
    raw: Option<Vec<u8>>,
    trace_id: Option<&'a str>,
}

impl Record {
    /// The service that it comes from, by its own word.
    pub(super) fn event_source(&self) -> &str {
        &self.event_source
    }

    /// What names it among the failures of its batch: `messageId`, or for Kinesis the sequence number.
    pub(super) fn identifier(&self) -> Option<&str> {
        let identifier = match &self.kinesis {
            Some(kinesis) => kinesis.sequence_number.as_deref(),
            None => self.message_id.as_deref(),
        };
        // An empty one would make Lambda bring the whole batch again.
        identifier.filter(|identifier| !identifier.is_empty())
    }

    /// The texts that it holds: one, unless it is Lambda's record of a batch that failed.
    pub(super) fn texts(&self, origin: usize) -> Vec<Text<'_>> {
        let attributes = self.attributes.as_ref();
        let trace_id = attributes.and_then(|attributes| attributes.trace_header.as_deref());
        match &self.kinesis {
            Some(kinesis) => vec![kinesis.text(origin)],
            None => texts_of(self.body.as_deref().unwrap_or_default(), origin, trace_id),
        }
    }
}

impl KinesisData {
    /// Base64 always, gzip by content.
    fn text(&self, origin: usize) -> Text<'static> {
        let data = self.data.as_deref().unwrap_or_default();
        let (content, raw) = match decode_base64(data) {
            Ok(raw) => {
                let text = decode(&raw, MOST_UNPACKED_BYTES).map(Cow::into_owned);
                (text.map(Cow::Owned), raw)
            }
            Err(unreadable) => (Err(unreadable), data.as_bytes().to_vec()),
        };
        Text {
            origin,
            content,
            raw: Some(raw),
            trace_id: None,
        }
    }
}

/// A body's text, or the texts inside where it is Lambda's record of an invocation that failed.
pub(super) fn texts_of<'a>(
    body: &'a str,
    origin: usize,
    trace_id: Option<&'a str>,
) -> Vec<Text<'a>> {
    let text = |text: Cow<'a, str>| Text {
        origin,
        content: Ok(text),
        raw: None,
        trace_id,
    };
    let Some(payload) = payload_of(body) else {
        return vec![text(body.into())];
    };
    match serde_json::from_str::<Batch>(payload).map(|batch| batch.records) {
        Ok(Some(records)) => {
            let texts = records.into_iter().map(|record| match record.kinesis {
                Some(kinesis) => Text {
                    trace_id,
                    ..kinesis.text(origin)
                },
                None => text(record.body.unwrap_or_default().into()),
            });
            texts.collect()
        }
        Ok(None) | Err(_) => vec![text(payload.into())],
    }
}

impl Text<'_> {
    /// What it holds, for the flow.
    pub(super) fn arrival(&self) -> Arrival<'_> {
        let (body, parsed) = match &self.content {
            Ok(text) => (text.as_bytes(), parse(text)),
            Err(unreadable) => (&[][..], Err(*unreadable)),
        };
        Arrival {
            body: self.raw.as_deref().unwrap_or(body),
            parsed,
            trace_id: self.trace_id,
            left_out: 0,
        }
    }
}
