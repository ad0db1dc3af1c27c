//! The records of a batch, from SQS or Kinesis, as Lambda or EventBridge Pipes hands them over: what names each one in
//! the answer, and the texts that it holds.

use std::borrow::Cow;

use relay::{ComesAgain, IncomingBody, Marks};
use tenant_logs::{
    ElementLimits, JsonReader, MAX_UNPACKED_BYTES, UnexpectedJson, Unreadable, decode_base64,
    decode_owned, parse_within, read_json,
};

use super::BATCH_SOURCES;
use super::failure_record::payload_of;
use super::message::MessageFacts;
use crate::settings::ReplayQueue;

/// Whose records come without anybody who reads which of them failed: SNS.
const DIRECT_SOURCE: &str = "aws:sns";

/// A record of either service.
#[derive(Default)]
pub(super) struct Record {
    event_source: String,
    message_id: Option<String>,
    body: Option<String>,
    facts: MessageFacts,
    kinesis: Option<KinesisData>,
}

#[derive(Default)]
struct KinesisData {
    sequence_number: Option<String>,
    data: Option<String>,
}

/// A text that may hold log events, and the record that it came in.
pub(super) struct Text<'a> {
    /// The record's position in its batch.
    pub(super) origin: usize,
    comes_again: ComesAgain,
    content: Result<Cow<'a, str>, Unreadable>,
    /// The bytes as they came, where the text is not them.
    raw: Option<Vec<u8>>,
    trace_id: Option<&'a str>,
    /// What SQS tells of the message, where it is one.
    facts: Option<&'a MessageFacts>,
    marks: Marks,
    /// Whether it lay among the dead letters.
    is_returned: bool,
}

/// The records of a queue or a stream that an event holds: an object's, or the array that EventBridge Pipes make of them.
/// `None` if it is anything else, as a rule or a topic brings it.
pub(super) fn records_of(event: &str) -> Result<Option<Vec<Record>>, UnexpectedJson> {
    if event.trim_start().starts_with('[') {
        let records = read_json(event, read_records).unwrap_or_default();
        // Where one is anything else, it would be lost as a record without a text.
        let is_batch = !records.is_empty() && records.iter().all(Record::is_of_batch);
        return Ok(is_batch.then_some(records));
    }
    let mut records = None;
    read_json(event, |event| {
        event.object(|name, value| {
            match name {
                "Records" => records = value.optional(read_records)?,
                _ => value.skip()?,
            }
            Ok(())
        })
    })?;
    let is_direct = |records: &Vec<Record>| {
        let first = records.first();
        first.is_some_and(|record| record.event_source == DIRECT_SOURCE)
    };
    Ok(records.filter(|records| !is_direct(records)))
}

fn read_records(array: &mut JsonReader<'_>) -> Result<Vec<Record>, UnexpectedJson> {
    let mut records = Vec::new();
    array.array(|record| {
        records.push(Record::read(record)?);
        Ok(())
    })?;
    Ok(records)
}

impl Record {
    fn read(reader: &mut JsonReader<'_>) -> Result<Self, UnexpectedJson> {
        let mut record = Self::default();
        reader.object(|name, value| {
            match name {
                "eventSource" | "EventSource" => {
                    record.event_source = value.optional(JsonReader::text)?.unwrap_or_default();
                }
                "messageId" => record.message_id = value.optional(JsonReader::text)?,
                "body" => record.body = value.optional(JsonReader::text_or_json)?,
                "eventSourceARN" => {
                    let arn = value.optional(JsonReader::text)?;
                    record.facts.queue_arn = arn.unwrap_or_default();
                }
                "attributes" => {
                    value.optional(|attributes| record.facts.read_system(attributes))?;
                }
                "messageAttributes" => {
                    value.optional(|attributes| record.facts.read_own(attributes))?;
                }
                "kinesis" => record.kinesis = value.optional(KinesisData::read)?,
                // As EventBridge Pipes have them.
                "sequenceNumber" | "data" => {
                    let kinesis = record.kinesis.get_or_insert_default();
                    kinesis.read_member(name, value)?;
                }
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(record)
    }

    /// The service that it comes from, by its `eventSource`.
    pub(super) fn event_source(&self) -> &str {
        &self.event_source
    }

    /// Whether it can be named among the failures of a batch.
    fn is_of_batch(&self) -> bool {
        BATCH_SOURCES.contains(&self.event_source()) && self.identifier().is_some()
    }

    /// What names it among the failures of its batch: `messageId`, or for Kinesis the sequence number.
    pub(super) fn identifier(&self) -> Option<&str> {
        let identifier = match &self.kinesis {
            Some(kinesis) => kinesis.sequence_number.as_deref(),
            None => self.message_id.as_deref(),
        };
        // An empty one would make Lambda retry the whole batch.
        identifier.filter(|identifier| !identifier.is_empty())
    }

    fn has_text(&self) -> bool {
        self.kinesis.is_some() || self.body.is_some()
    }

    /// Takes out what a record of a stream holds, in base64.
    pub(super) fn take_data(&mut self) -> Option<String> {
        let kinesis = self.kinesis.as_mut()?;
        Some(kinesis.data.take().unwrap_or_default())
    }

    /// The texts that it holds: one, unless it is Lambda's record of a batch that failed; `data` is what was taken out of it.
    /// What comes from the queue `replay` lay among the dead letters.
    pub(super) fn texts(
        &self,
        data: Option<String>,
        origin: usize,
        replay: &ReplayQueue,
    ) -> Vec<Text<'_>> {
        if let Some(data) = data {
            return vec![text_of_stream(data, origin)];
        }
        let trace_id = self.facts.trace_header.as_deref();
        let mut texts = texts_of(self.body(), origin, trace_id, ComesAgain::InPart);
        for text in &mut texts {
            text.facts = Some(&self.facts);
            text.is_returned |= replay.is(&self.facts.queue_arn);
            if self.facts.producer.is_some() {
                text.marks = Marks::Believed;
            }
        }
        texts
    }

    /// Its body, empty where there is none.
    pub(super) fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// What SQS tells of it; `None` if it is of a stream.
    pub(super) fn message_facts(&self) -> Option<&MessageFacts> {
        self.kinesis.is_none().then_some(&self.facts)
    }
}

impl KinesisData {
    fn read(reader: &mut JsonReader<'_>) -> Result<Self, UnexpectedJson> {
        let mut kinesis = Self::default();
        reader.object(|name, value| kinesis.read_member(name, value))?;
        Ok(kinesis)
    }

    fn read_member(
        &mut self,
        name: &str,
        value: &mut JsonReader<'_>,
    ) -> Result<(), UnexpectedJson> {
        match name {
            "sequenceNumber" => self.sequence_number = value.optional(JsonReader::text)?,
            "data" => self.data = value.optional(JsonReader::text)?,
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// What a record of a stream holds: base64 always, gzip by content.
fn text_of_stream(data: String, origin: usize) -> Text<'static> {
    let (content, raw) = match decode_base64(&data) {
        Ok(raw) => decode_owned(raw, MAX_UNPACKED_BYTES),
        Err(unreadable) => (Err(unreadable), Some(data.into_bytes())),
    };
    Text {
        origin,
        comes_again: ComesAgain::WithAllBehind,
        content: content.map(Cow::Owned),
        raw,
        trace_id: None,
        facts: None,
        marks: Marks::OfOurEnvelopes,
        is_returned: false,
    }
}

/// A body's text, of which `comes_again` does, or the texts inside if it is Lambda's record of an invocation that failed,
/// which comes again whole.
pub(super) fn texts_of<'a>(
    body: &'a str,
    origin: usize,
    trace_id: Option<&'a str>,
    comes_again: ComesAgain,
) -> Vec<Text<'a>> {
    let text = |text: Cow<'a, str>| Text {
        origin,
        comes_again,
        content: Ok(text),
        raw: None,
        trace_id,
        facts: None,
        marks: Marks::OfOurEnvelopes,
        is_returned: false,
    };
    let Some(payload) = payload_of(body) else {
        return vec![text(body.into())];
    };
    let mut texts = match records_of(payload) {
        Ok(Some(records)) if records.iter().all(Record::has_text) => {
            let texts = records.into_iter();
            let texts = texts.map(|mut record| match record.take_data() {
                Some(data) => text_of_stream(data, origin),
                None => Text {
                    marks: match record.facts.producer {
                        Some(_) => Marks::Believed,
                        None => Marks::OfOurEnvelopes,
                    },
                    ..text(record.body.unwrap_or_default().into())
                },
            });
            texts.collect()
        }
        Ok(_) | Err(_) => vec![text(payload.into())],
    };
    for text in &mut texts {
        text.comes_again = ComesAgain::Together(origin);
        text.trace_id = trace_id;
        text.is_returned = true;
    }
    texts
}

impl Text<'_> {
    /// What it holds, for the flow.
    pub(super) fn incoming_body(&self) -> IncomingBody<'_> {
        let (body, parsed) = match &self.content {
            Ok(text) => (
                text.as_bytes(),
                parse_within(text, ElementLimits::BEHIND_TRIGGERS),
            ),
            Err(unreadable) => (&[][..], Err(*unreadable)),
        };
        IncomingBody {
            trace_id: self.trace_id,
            marks: self.marks,
            is_returned: self.is_returned,
            sinks: self.facts.and_then(|facts| facts.sinks.as_deref()),
            waits_since: self.facts.and_then(MessageFacts::first),
            comes_again: self.comes_again,
            ..IncomingBody::new(self.raw.as_deref().unwrap_or(body), parsed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_aws_would_not_send_harms_no_other() {
        let payload = r#"{"Records":[
            {"messageId":"1","eventSource":null,"body":{ "log_id":"1" },"attributes":null},
            {"messageId":"2","eventSource":"aws:sqs","body":"\ud800 {\"log_id\":\"2\"}","attributes":{"AWSTraceHeader":"t"}},
            {"messageId":null,"body":null}
        ]}"#;
        let records = records_of(payload).ok().flatten().unwrap();
        let [first, second, third] = records.try_into().ok().unwrap();
        assert_eq!(first.event_source(), "");
        assert_eq!(first.body.as_deref(), Some(r#"{ "log_id":"1" }"#));
        assert_eq!(second.identifier(), Some("2"));
        assert_eq!(second.body.as_deref(), Some(r#"\ud800 {"log_id":"2"}"#));
        assert_eq!(second.facts.trace_header.as_deref(), Some("t"));
        assert_eq!((third.identifier(), third.body.as_deref()), (None, None));
        assert!(records_of(r#"{"Records":5}"#).is_err());
        assert!(records_of(r#"{"Records":["x"]}"#).is_err());
        let record = r#"{"messageId":"1","eventSource":"aws:sqs","body":"{}"}"#;
        for direct in [
            r#"{"Records":null,"detail":{}}"#.to_owned(),
            format!(r#"[{record},{{"log_id":"1","data":{{"type":"s"}}}}]"#),
            format!("[{record},7]"),
            "[]".to_owned(),
        ] {
            assert!(matches!(records_of(&direct), Ok(None)), "{direct}");
        }
        let piped = records_of(&format!("[{record},{record}]"));
        assert_eq!(piped.ok().flatten().unwrap().len(), 2);
    }
}
