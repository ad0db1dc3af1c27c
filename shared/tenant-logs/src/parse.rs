//! From the text of a body to its log events, told apart by content: array, object, values one after another, envelopes,
//! texts within texts.
//!
//! Parsing never fails for one bad element: it becomes a reject, and the rest goes on. Only a body whose extent
//! cannot be read is refused as a whole.

mod carried;
mod elements;
mod look;
mod parsed;
mod remainder;
mod values;

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::body::{GZIP_MAGIC, into_text};
use crate::dead_letter::is_dead_letter;
use crate::element::Element;
use crate::json::{member, scalar, scan, string_content};
use crate::{LogEvent, RejectReason, Unreadable, decode_base64, gunzip};
use carried::{Room, begins_as_json, push_carried, push_of_string};
use elements::{each_element, read_array, read_packed, read_values};
use look::{CLOUD_EVENT, EVENT_GRID_EVENT};
use values::{Value, read_value};

pub use parsed::{ElementLimits, Parsed, Reject};
pub use remainder::Remainder;
pub use values::split_values;

/// Reads every log event of a body.
///
/// # Errors
/// [`Unreadable`] with the byte where reading stopped; then nothing of the body may be used.
pub fn parse(text: &str) -> Result<Parsed<'_>, Unreadable> {
    parse_within(text, ElementLimits::default())
}

/// Reads every log event of a body that has at most so many; what is packed within the body is no log event where it has
/// more bytes than that, all of it together. All of it is read, and the first portion of it is held.
///
/// # Errors
/// As [`parse`], and where a limit is exceeded.
pub fn parse_within(text: &str, limits: ElementLimits) -> Result<Parsed<'_>, Unreadable> {
    let mut room = Room::of(limits.unpacked_bytes);
    parse_in(text, &mut room, Parsed::within(limits))?.checked()
}

/// Returns the JSON that a body is in base64, unpacked to at most so many bytes, and any other body as it is. So it need not be
/// unpacked again for each portion, and what it was packed in is not held.
///
/// # Errors
/// [`Unreadable`] where gzip in base64 holds no JSON.
pub fn out_of_base64(text: Cow<'_, str>, max_bytes: usize) -> Result<Cow<'_, str>, Unreadable> {
    let begin = begin_of(&text);
    let body = tail(&text, begin);
    if body.starts_with(['{', '[']) {
        return Ok(text);
    }
    let Ok(packed) = decode_base64(body.trim_matches(WHITE_SPACE)) else {
        return Ok(text);
    };
    let inner = if packed.starts_with(GZIP_MAGIC) {
        drop(text);
        gunzip(&packed, max_bytes).and_then(into_text)
    } else {
        match into_text(packed) {
            Ok(inner) if begins_as_json(&inner) => Ok(inner),
            Ok(_) | Err(_) => return Ok(text),
        }
    };
    let inner = inner.ok().filter(|inner| begins_as_json(inner));
    inner
        .map(Cow::Owned)
        .ok_or(Unreadable::Syntax { offset: begin })
}

fn parse_in<'a>(
    text: &'a str,
    room: &mut Room,
    mut parsed: Parsed<'a>,
) -> Result<Parsed<'a>, Unreadable> {
    let begin = begin_of(text);
    match text.as_bytes().get(begin) {
        None => return Err(Unreadable::Empty),
        Some(b'[') => {
            let first = skip_white_space(text, begin + 1);
            read_array(text, first, room, &mut parsed)?;
        }
        Some(_) => {
            if let Err(unreadable) = read_values(text, begin, room, &mut parsed) {
                read_packed(text, begin, room, &mut parsed).ok_or(unreadable)?;
            }
        }
    }
    Ok(parsed)
}

/// Adds a value to the log events, out of its envelope if it has one, or to the rejects.
fn push<'a>(value: &mut Value<'a>, room: &mut Room, parsed: &mut Parsed<'a>) {
    if parsed.is_over() {
        return;
    }
    let mut reject = Reject::new(value.text, reason_for(value.text));
    let Some(element) = &mut value.element else {
        return push_of_string(value.text, reject, room, parsed);
    };
    if may_be_dead_letter(element) && is_dead_letter(value.text) {
        reject.reason = RejectReason::DeadLetter;
        parsed.reject(reject);
        return;
    }
    let content = enveloped(value.text, element);
    let is_enveloped = !matches!(content, Content::Own);
    if is_enveloped {
        reject.envelope_type = envelope_type(element);
    }
    let envelope_time = element.envelope_time.filter(|_| is_enveloped);
    // The array was read once as part of its event, so it cannot fail here; if it did, the event would be set aside.
    if let Content::Data(array) = content
        && array.starts_with('[')
        && !element.has_repeats
        && let Ok(inner) = details(array, element, &reject, parsed)
    {
        let is_ours = is_from_us(value.text);
        let enveloped = |event: LogEvent<'a>| event.with_envelope(envelope_time, is_ours);
        return parsed.absorb(inner, enveloped, |reject| reject);
    }
    let log_event = match content {
        _ if element.has_repeats => Err(RejectReason::BrokenWrapper),
        Content::Own => LogEvent::from_element(value.text, element),
        Content::Detail => from_detail(element),
        Content::Data(data) => from_envelope(data, element.redacted).map(|mut log_event| {
            if let Some(log_id) = named_by_us(value.text, &log_event) {
                log_event.rename(log_id);
            }
            log_event
        }),
    };
    match log_event {
        Ok(log_event) => {
            let is_ours = is_enveloped && log_event.has_marks() && is_from_us(value.text);
            let log_event = log_event.with_envelope(envelope_time, is_ours);
            parsed.add(log_event);
        }
        Err(RejectReason::BrokenWrapper) => parsed.reject(Reject {
            reason: RejectReason::BrokenWrapper,
            ..reject
        }),
        Err(_) => push_carried(value, reject, room, parsed),
    }
}

/// Why a value is no log event, where it is none.
fn reason_for(value: &str) -> RejectReason {
    match value.as_bytes().first() {
        Some(b'{') => RejectReason::NotALogEvent,
        Some(b'[') => RejectReason::LooksLike {
            form: "an array within an array",
        },
        Some(_) | None => RejectReason::NotAnObject,
    }
}

/// A dead letter has no type, unlike every record, and nothing of an envelope; its `log_id` alone would make it a log event.
fn may_be_dead_letter(element: &Element<'_>) -> bool {
    let is_enveloped = element.is_cloud_event || element.is_event_grid || element.detail.is_some();
    element.own.event_type.is_none() && element.data.is_none() && !is_enveloped
}

/// Where the record of an object is.
enum Content<'a> {
    /// In the object itself.
    Own,
    /// In an EventBridge event.
    Detail,
    /// In a CloudEvent or an event of Event Grid's own schema.
    Data(&'a str),
}

/// Tells a cloud's envelope, where the object is one.
fn enveloped<'a>(text: &'a str, element: &Element<'a>) -> Content<'a> {
    if element.detail.is_some() && element.data.is_none() {
        let is_event = element.envelope_type.is_some() || !element.own.is_log_event();
        return if is_event {
            Content::Detail
        } else {
            Content::Own
        };
    }
    if element.is_cloud_event || element.is_event_grid {
        return Content::Data(member(text, "data").unwrap_or("null"));
    }
    Content::Own
}

fn envelope_type<'a>(element: &Element<'a>) -> Option<Cow<'a, str>> {
    let named = element.envelope_type.or(element.own.event_type)?;
    scalar(named)
}

/// The `log_id` that we derived before a cloud's front end rewrote the record, which may change its hash: our CloudEvents
/// have it as their `id`.
fn named_by_us<'a>(envelope: &'a str, log_event: &LogEvent<'_>) -> Option<Cow<'a, str>> {
    if !log_event.is_log_id_derived() {
        return None;
    }
    let of_envelope = |name| member(envelope, name).and_then(string_content);
    let is_ours = of_envelope("type")? == "com.auth0.Log" && is_from_us(envelope);
    of_envelope("id").filter(|id| is_ours && !id.is_empty())
}

/// Whether an envelope says that one of our own functions put it onto a bus or a topic, where nobody else may.
fn is_from_us(envelope: &str) -> bool {
    let source = member(envelope, "source").and_then(string_content);
    source.is_some_and(|source| source.starts_with("auth0.com/"))
}

fn from_detail<'a>(envelope: &mut Element<'a>) -> Result<LogEvent<'a>, RejectReason> {
    let Some(detail) = envelope.detail.as_mut() else {
        return Err(RejectReason::NotALogEvent);
    };
    match &mut detail.element {
        Some(element) => LogEvent::from_element(detail.text, element)
            .map(|log_event| log_event.with_redacted(envelope.redacted)),
        None => from_envelope(detail.text, envelope.redacted),
    }
}

/// Reads the array of details that an event carries, as our own `com.auth0.Logs` do; `of` is the reject for the whole event.
fn details<'a>(
    array: &'a str,
    envelope: &Element<'_>,
    of: &Reject<'a>,
    parsed: &Parsed<'_>,
) -> Result<Parsed<'a>, Unreadable> {
    let form = if envelope.is_cloud_event {
        CLOUD_EVENT
    } else {
        EVENT_GRID_EVENT
    };
    let mut inner = parsed.inner();
    let first = skip_white_space(array, 1);
    each_element(array, first, |_, mut value| {
        let log_event = match value.element.as_mut() {
            Some(element) => LogEvent::from_element(value.text, element),
            None => Err(reason_for(value.text)),
        };
        match log_event {
            Ok(log_event) => inner.add(log_event),
            Err(reason) => inner.reject(Reject {
                text: value.text.into(),
                reason,
                carried_in: Some(form),
                ..of.clone()
            }),
        }
        ControlFlow::Continue(())
    })?;
    Ok(inner)
}

/// Reads the object, or the object inside a JSON string, that an envelope carries.
fn from_envelope<'a>(
    inner: &'a str,
    redacted: Option<&'a str>,
) -> Result<LogEvent<'a>, RejectReason> {
    let log_event = match string_content(inner) {
        Some(json) => log_event_of(&json)?.into_owned(),
        None => log_event_of(inner)?,
    };
    Ok(log_event.with_redacted(redacted))
}

fn log_event_of(text: &str) -> Result<LogEvent<'_>, RejectReason> {
    // Nothing may follow it.
    let value = read_value(text)
        .ok()
        .filter(|value| value.text.len() == text.len());
    let element = value.and_then(|value| value.element);
    let mut element = element.ok_or(RejectReason::NotALogEvent)?;
    LogEvent::from_element(text, &mut element)
}

const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
/// What may stand before a value and between two: white space, the byte order mark that each of several files begins with,
/// and the record separator of JSON text sequences (RFC 7464).
const BETWEEN_VALUES: [char; 6] = [' ', '\t', '\n', '\r', '\u{feff}', '\u{1e}'];

/// The first byte of the first value.
fn begin_of(text: &str) -> usize {
    skip_between(text, 0)
}

fn skip_between(text: &str, from: usize) -> usize {
    let rest = tail(text, from);
    text.len() - rest.trim_start_matches(BETWEEN_VALUES).len()
}

fn skip_white_space(text: &str, from: usize) -> usize {
    scan::skip_white_space(text.as_bytes(), from)
}

fn is_blank(text: &str) -> bool {
    text.trim_matches(WHITE_SPACE).is_empty()
}

fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
