//! The records of a batch, from SQS or Kinesis: what names each one in the answer, and the texts that it holds.

use std::borrow::Cow;
use std::collections::HashMap;

use relay::Arrival;
use serde::Deserialize;
use tenant_logs::{Unreadable, decode, decode_base64, parse};

use super::failure_record::payload_of;

/// The largest text that a packed record may have: as much as the ingest function can be told to take.
const MOST_UNPACKED_BYTES: usize = 67_108_864;

/// A batch as Lambda's event source mappings hand it over; what we do not read is left out.
#[derive(Deserialize)]
pub(super) struct Batch {
    #[serde(rename = "Records")]
    pub(super) records: Vec<Record>,
}

/// A record of either service.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    message_id: Option<String>,
    body: Option<String>,
    attributes: Option<HashMap<String, String>>,
    kinesis: Option<KinesisData>,
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
        let trace_id = self.attributes.as_ref().and_then(|attributes| {
            let trace_id = attributes.get("AWSTraceHeader");
            trace_id.map(String::as_str)
        });
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
    match serde_json::from_str::<Batch>(payload) {
        Ok(batch) => {
            let texts = batch
                .records
                .into_iter()
                .map(|record| match record.kinesis {
                    Some(kinesis) => Text {
                        trace_id,
                        ..kinesis.text(origin)
                    },
                    None => text(record.body.unwrap_or_default().into()),
                });
            texts.collect()
        }
        Err(_) => vec![text(payload.into())],
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
        }
    }
}
