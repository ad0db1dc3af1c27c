//! Texts within a text: what services carry in a string or in base64, and the records that they wrap around it. Each of
//! those texts may be any form again.

use std::borrow::Cow;

use super::elements::read_array;
use super::look::{Members, looks_like};
use super::values::Value;
use super::{Parsed, Reject, WHITE_SPACE, begin_of, parse_in, skip_white_space, tail};
use crate::json::{JsonReader, array_elements, member, read_json, string_content};
use crate::{RejectReason, Unreadable, decode, decode_base64};

/// Texts that may lie within one another; services wrap three times at most.
const MAX_LEVELS: u8 = 8;
/// Whose records `Records` holds, as Lambda hands them over.
const RECORD_SOURCES: [&str; 3] = ["aws:sqs", "aws:kinesis", "aws:sns"];

/// How much may still be unpacked within a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    max_bytes: usize,
    bytes_left: usize,
    levels_left: u8,
}

/// An object that carries something else.
struct Carrier<'a> {
    form: &'static str,
    content: Result<Content<'a>, Unreadable>,
    /// When it was sent.
    time: Option<&'a str>,
}

enum Content<'a> {
    /// A text of any form.
    Text(Cow<'a, str>),
    /// An array of records.
    Records(&'a str),
}

impl Room {
    pub(super) fn of(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            bytes_left: max_bytes,
            levels_left: MAX_LEVELS,
        }
    }

    /// Reads base64, gunzipped by content; only what gzip makes larger takes room.
    fn unpack(&mut self, base64: &str) -> Result<String, Unreadable> {
        let packed = decode_base64(base64)?;
        let text = match decode(&packed, self.bytes_left.max(packed.len())) {
            Ok(Cow::Borrowed(text)) => return Ok(text.to_owned()),
            Ok(Cow::Owned(text)) if text.len() <= self.bytes_left => text,
            Ok(Cow::Owned(_)) | Err(Unreadable::TooLarge { .. }) => {
                return Err(Unreadable::TooLarge {
                    limit: self.max_bytes,
                });
            }
            Err(unreadable) => return Err(unreadable),
        };
        self.bytes_left -= text.len();
        Ok(text)
    }

    /// Reads what is within a text; `None` if that lies too deep.
    fn inside<'a>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Parsed<'a>, Unreadable>,
    ) -> Option<Result<Parsed<'a>, Unreadable>> {
        self.levels_left = self.levels_left.checked_sub(1)?;
        let parsed = read(self);
        self.levels_left += 1;
        Some(parsed)
    }

    /// Reads what lies within an element, in the limits of what was read before it.
    fn read<'a>(
        &mut self,
        content: Content<'a>,
        parsed: &Parsed<'_>,
    ) -> Option<Result<Parsed<'a>, Unreadable>> {
        self.inside(|room| match content {
            Content::Text(Cow::Borrowed(text)) => parse_in(text, room, parsed.inner()),
            Content::Text(Cow::Owned(text)) => {
                parse_in(&text, room, parsed.inner()).map(Parsed::into_owned)
            }
            Content::Records(array) => {
                let mut inner = parsed.inner();
                let first = skip_white_space(array, 1);
                read_array(array, first, room, &mut inner)?;
                Ok(inner)
            }
        })
    }
}

/// Adds what an object carries that is no log event itself; if it carries nothing, it is a reject.
pub(super) fn push_carried<'a>(
    value: &Value<'a>,
    mut reject: Reject<'a>,
    room: &mut Room,
    parsed: &mut Parsed<'a>,
) {
    let members = Members::of(value.text);
    let Some(carrier) = Carrier::of(&members, room) else {
        if let Some(form) = looks_like(&members) {
            reject.reason = RejectReason::LooksLike { form };
        }
        parsed.reject(reject);
        return;
    };
    let form = carrier.form;
    let read = match carrier.content {
        Ok(content) => room.read(content, parsed),
        Err(unreadable) => Some(Err(unreadable)),
    };
    match read {
        Some(Ok(inner)) => {
            let redacted = value.element.as_ref().and_then(|element| element.redacted);
            let time = carrier.time;
            parsed.absorb(
                inner,
                |log_event| log_event.with_redacted(redacted).or_envelope_time(time),
                |inner| Reject {
                    envelope_type: inner.envelope_type.or_else(|| reject.envelope_type.clone()),
                    ..inner
                },
            );
        }
        Some(Err(unreadable)) => {
            reject.reason = RejectReason::Carrier { form, unreadable };
            parsed.reject(reject);
        }
        None => {
            reject.reason = RejectReason::TooDeep { form };
            parsed.reject(reject);
        }
    }
}

/// Reads a text that is base64 as a whole, as senders pack what must be text; `None` if there is no JSON in it.
pub(super) fn read_base64<'a>(
    text: &str,
    room: &mut Room,
    parsed: &Parsed<'_>,
) -> Option<Parsed<'a>> {
    let inner = room.unpack(text.trim_matches(WHITE_SPACE)).ok()?;
    let first = tail(&inner, begin_of(&inner)).bytes().next();
    if !matches!(first, Some(b'{' | b'[')) {
        return None;
    }
    let inner = room.inside(|room| parse_in(&inner, room, parsed.inner()).map(Parsed::into_owned));
    inner?.ok()
}

impl<'a> Carrier<'a> {
    fn of(members: &Members<'a>, room: &mut Room) -> Option<Self> {
        Self::sns(members)
            .or_else(|| Self::sqs(members))
            .or_else(|| Self::kinesis(members, room))
            .or_else(|| Self::cloud_event(members, room))
            .or_else(|| Self::records(members))
    }

    fn text(form: &'static str, text: Cow<'a, str>) -> Self {
        Self {
            form,
            content: Ok(Content::Text(text)),
            time: None,
        }
    }

    fn packed(form: &'static str, json: &str, room: &mut Room) -> Option<Self> {
        let unpacked = room.unpack(&text_of(json)?);
        Some(Self {
            form,
            content: unpacked.map(|text| Content::Text(text.into())),
            time: None,
        })
    }

    /// A notification, and the record of one that SNS hands to Lambda.
    fn sns(members: &Members<'a>) -> Option<Self> {
        const FORM: &str = "an SNS notification";
        if members.is("EventSource", "aws:sns") {
            return Some(Self::text(FORM, members.get("Sns")?.into()));
        }
        if !members.is("Type", "Notification") || members.get("TopicArn").is_none() {
            return None;
        }
        Some(Self {
            time: members.get("Timestamp"),
            ..Self::text(FORM, text_of(members.get("Message")?)?)
        })
    }

    fn sqs(members: &Members<'a>) -> Option<Self> {
        let is_record =
            members.is("eventSource", "aws:sqs") || members.get("receiptHandle").is_some();
        let body = members.get("body").filter(|body| *body != "null")?;
        members.get("messageId").filter(|_| is_record)?;
        let text = text_of(body).unwrap_or(body.into());
        Some(Self::text("an SQS record", text))
    }

    /// A record as Lambda hands it over, and as EventBridge Pipes does.
    fn kinesis(members: &Members<'a>, room: &mut Room) -> Option<Self> {
        const FORM: &str = "a Kinesis record";
        if let Some(kinesis) = members.get("kinesis") {
            return Self::packed(FORM, member(kinesis, "data")?, room);
        }
        members.get("sequenceNumber")?;
        let is_record = members.is("eventSource", "aws:kinesis")
            || members.get("kinesisSchemaVersion").is_some();
        let data = members.get("data").filter(|_| is_record)?;
        Self::packed(FORM, data, room)
    }

    fn cloud_event(members: &Members<'a>, room: &mut Room) -> Option<Self> {
        members.get("specversion")?;
        let time = members.get("time");
        let packed = Self::packed("a CloudEvent", members.get("data_base64")?, room)?;
        Some(Self { time, ..packed })
    }

    /// What Lambda hands over, where its records carry something.
    fn records(members: &Members<'a>) -> Option<Self> {
        let array = members.get("Records")?;
        let first = *array_elements(array)?.first()?;
        let first = Members::of(first);
        let is_known =
            |source: &&str| first.is("eventSource", source) || first.is("EventSource", source);
        RECORD_SOURCES.iter().find(|source| is_known(source))?;
        Some(Self {
            form: "an event of Lambda",
            content: Ok(Content::Records(array)),
            time: None,
        })
    }
}

/// The text of a JSON string; half of a surrogate pair in it becomes U+FFFD. It may be as long as the body: it is copied once.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    if json.contains('\\') {
        return read_json(json, JsonReader::text).ok().map(Cow::Owned);
    }
    string_content(json)
}
