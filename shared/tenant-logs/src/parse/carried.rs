//! Texts within a text: what services carry in a string or in base64, and the records that they wrap around it. Each of
//! those texts may be any form again.

use std::borrow::Cow;

use super::elements::read_array;
use super::look::{CLOUD_EVENT, EVENT_GRID_EVENT, Members, looks_like};
use super::values::Value;
use super::{Parsed, Reject, WHITE_SPACE, begin_of, parse_in, skip_white_space, tail};
use crate::body::{GZIP_MAGIC, into_text};
use crate::json::{array_elements, read_whole_text, string_content};
use crate::{RejectReason, Unreadable, decode_base64, gunzip};

/// Texts that may lie within one another; services wrap three times at most.
const MAX_LEVELS: u8 = 8;
/// Whose records `Records` holds, as Lambda hands them over.
const RECORD_SOURCES: [&str; 3] = ["aws:sqs", "aws:kinesis", "aws:sns"];

/// The members that hold what is carried.
const CONTENTS: [&str; 8] = [
    "Message",
    "Sns",
    "body",
    "kinesis",
    "data",
    "data_base64",
    "detail",
    "Records",
];

/// How much may still be unpacked within a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    max_bytes: usize,
    bytes_left: usize,
    levels_left: u8,
}

/// What carries something else.
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
        if !packed.starts_with(GZIP_MAGIC) {
            return into_text(packed);
        }
        let unpacked = gunzip(&packed, self.bytes_left).map_err(|unreadable| {
            if matches!(unreadable, Unreadable::TooLarge { .. }) {
                let limit = self.max_bytes;
                return Unreadable::TooLarge { limit };
            }
            unreadable
        })?;
        self.bytes_left -= unpacked.len();
        into_text(unpacked)
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
    if members.is_any_repeated(&CONTENTS) {
        // Opened, it would lose all of them but one.
        reject.reason = RejectReason::BrokenWrapper;
        parsed.reject(reject);
        return;
    }
    if let Some(carrier) = Carrier::of(&members, room) {
        let redacted = value.element.as_ref().and_then(|element| element.redacted);
        return open(carrier, redacted, reject, (room, parsed));
    }
    if let Some(form) = looks_like(&members) {
        reject.reason = RejectReason::LooksLike { form };
    }
    parsed.reject(reject);
}

/// Adds what a string holds, as whoever writes JSON twice makes of it; any other value is a reject.
pub(super) fn push_of_string<'a>(
    value: &'a str,
    reject: Reject<'a>,
    room: &mut Room,
    parsed: &mut Parsed<'a>,
) {
    match json_in_string(value) {
        Some(text) => {
            let carrier = Carrier::text("a JSON string", text);
            open(carrier, None, reject, (room, parsed));
        }
        None => parsed.reject(reject),
    }
}

/// Adds what lies in a carrier, or the carrier as a reject if that cannot be read.
fn open<'a>(
    carrier: Carrier<'a>,
    redacted: Option<&'a str>,
    mut reject: Reject<'a>,
    (room, parsed): (&mut Room, &mut Parsed<'a>),
) {
    let form = carrier.form;
    let read = match carrier.content {
        Ok(content) => room.read(content, parsed),
        Err(unreadable) => Some(Err(unreadable)),
    };
    match read {
        Some(Ok(inner)) => {
            let time = carrier.time;
            parsed.absorb(
                inner,
                |log_event| log_event.with_redacted(redacted).or_envelope_time(time),
                |inner| Reject {
                    envelope_type: inner.envelope_type.or_else(|| reject.envelope_type.clone()),
                    carried_in: inner.carried_in.or(Some(form)),
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
    if !begins_as_json(&inner) {
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
            .or_else(|| Self::event(members, room))
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
            let kinesis = Members::of(kinesis);
            let data = kinesis.get("data")?;
            return if kinesis.is_any_repeated(&CONTENTS) {
                None
            } else {
                Self::packed(FORM, data, room)
            };
        }
        members.get("sequenceNumber")?;
        let is_record = members.is("eventSource", "aws:kinesis")
            || members.get("kinesisSchemaVersion").is_some();
        let data = members.get("data").filter(|_| is_record)?;
        Self::packed(FORM, data, room)
    }

    /// An event of a topic or a bus whose data is packed, or a string that holds more than one log event.
    fn event(members: &Members<'a>, room: &mut Room) -> Option<Self> {
        let has = |name| members.get(name).is_some();
        let (form, time, data) = if has("specversion") {
            (CLOUD_EVENT, "time", "data")
        } else if has("eventType") {
            (EVENT_GRID_EVENT, "eventTime", "data")
        } else if has("detail-type") {
            ("an EventBridge event", "time", "detail")
        } else {
            return None;
        };
        let base64 = members
            .get("data_base64")
            .filter(|base64| *base64 != "null");
        let carrier = match base64.filter(|_| form == CLOUD_EVENT) {
            Some(base64) => Self::packed(form, base64, room)?,
            None => Self::text(form, json_in_string(members.get(data)?)?),
        };
        Some(Self {
            time: members.get(time),
            ..carrier
        })
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

/// The text of a JSON string, where that begins as JSON does.
fn json_in_string(json: &str) -> Option<Cow<'_, str>> {
    text_of(json).filter(|text| begins_as_json(text))
}

/// Whether an object or an array begins there.
pub(super) fn begins_as_json(text: &str) -> bool {
    let first = tail(text, begin_of(text)).bytes().next();
    matches!(first, Some(b'{' | b'['))
}

/// The text of a JSON string; half of a surrogate pair in it becomes U+FFFD. It may be as long as the body: it is copied once.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    if json.contains('\\') {
        return read_whole_text(json).map(Cow::Owned);
    }
    string_content(json)
}
