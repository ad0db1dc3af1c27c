//! From the text of a body to its log events, told apart by content: array, object, JSON Lines, envelopes.
//!
//! Parsing never fails for one bad element: it becomes a reject, and the rest goes on. Only a body whose extent
//! cannot be read is refused as a whole.

mod parsed;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::dead_letter::is_dead_letter;
use crate::element::Element;
use crate::json::{member, scalar, string_content};
use crate::{LogEvent, RejectReason, Unreadable};

pub use parsed::{ElementLimits, Parsed, Reject};

/// Reads every log event of a body.
///
/// # Errors
/// [`Unreadable`] with the byte where reading stopped; then nothing of the body may be used.
pub fn parse(text: &str) -> Result<Parsed<'_>, Unreadable> {
    parse_within(text, ElementLimits::default())
}

/// Reads every log event of a body that has at most so many.
///
/// # Errors
/// As [`parse`], and where a limit is exceeded.
pub fn parse_within(text: &str, limits: ElementLimits) -> Result<Parsed<'_>, Unreadable> {
    parse_into(text, Parsed::within(limits))?.checked()
}

fn parse_into<'a>(text: &'a str, mut parsed: Parsed<'a>) -> Result<Parsed<'a>, Unreadable> {
    let begin = begin_of(text);
    match text.as_bytes().get(begin) {
        None => Err(Unreadable::Empty),
        Some(b'[') => {
            read_array(text, begin, &mut parsed)?;
            Ok(parsed)
        }
        Some(b'{') => match read_value(tail(text, begin)) {
            Ok(mut value) if is_blank(tail(text, begin + value.text.len())) => {
                push_with_logs(&mut value, &mut parsed);
                Ok(parsed)
            }
            Ok(value) => {
                let stopped_at = skip_white_space(text, begin + value.text.len());
                read_lines(text, (begin, stopped_at), parsed)
            }
            Err(offset) => read_lines(text, (begin, begin + offset), parsed),
        },
        Some(_) => read_lines(text, (begin, begin), parsed),
    }
}

/// One JSON value at the start of a text: its extent, and its members where it is an object.
struct Value<'a> {
    text: &'a str,
    element: Option<Element<'a>>,
}

/// Reads the value that begins at the first byte; an error is the offset of the first byte that cannot be read.
fn read_value(text: &str) -> Result<Value<'_>, usize> {
    if let Some((element, end)) = Element::read(text) {
        return Ok(Value {
            text: text.get(..end).unwrap_or(text),
            element: Some(element),
        });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match <&RawValue>::deserialize(&mut deserializer) {
        Ok(raw) => Ok(Value {
            text: raw.get(),
            element: None,
        }),
        Err(error) => Err(offset_of(text, &error)),
    }
}

fn read_array<'a>(text: &'a str, begin: usize, parsed: &mut Parsed<'a>) -> Result<(), Unreadable> {
    each_element(text, begin, |mut value| push(&mut value, parsed))
}

/// Reads the elements of an array one after another.
fn each_element<'a>(
    text: &'a str,
    begin: usize,
    mut take: impl FnMut(Value<'a>),
) -> Result<(), Unreadable> {
    let mut at = skip_white_space(text, begin + 1);
    let mut is_first = true;
    loop {
        match text.as_bytes().get(at) {
            Some(b']') if is_first => break,
            None => return Err(Unreadable::Syntax { offset: at }),
            Some(_) => {}
        }
        is_first = false;
        let value = read_value(tail(text, at)).map_err(|offset| Unreadable::Syntax {
            offset: at + offset,
        })?;
        at = skip_white_space(text, at + value.text.len());
        take(value);
        match text.as_bytes().get(at) {
            Some(b',') => at = skip_white_space(text, at + 1),
            Some(b']') => break,
            _ => return Err(Unreadable::Syntax { offset: at }),
        }
    }
    let after = skip_white_space(text, at + 1);
    if after < text.len() {
        return Err(Unreadable::Syntax { offset: after });
    }
    Ok(())
}

/// Reads JSON Lines; `stopped_at` is where reading the text as one value stopped.
fn read_lines<'a>(
    text: &'a str,
    (begin, stopped_at): (usize, usize),
    mut parsed: Parsed<'a>,
) -> Result<Parsed<'a>, Unreadable> {
    let mut lines = tail(text, begin)
        .split('\n')
        .map(|line| line.trim_matches(WHITE_SPACE))
        .filter(|line| !line.is_empty())
        .peekable();
    let first_is_complete = lines.peek().is_some_and(|line| read_line(line).is_ok());
    if !first_is_complete {
        return Err(Unreadable::Syntax { offset: stopped_at });
    }
    for line in lines {
        match read_line(line) {
            Ok(mut value) => push_with_logs(&mut value, &mut parsed),
            Err(offset) => parsed.reject(Reject {
                text: line,
                reason: RejectReason::Syntax { offset },
                envelope_type: None,
            }),
        }
    }
    Ok(parsed)
}

/// Reads a line that must be one JSON value.
fn read_line(line: &str) -> Result<Value<'_>, usize> {
    let value = read_value(line)?;
    if value.text.len() < line.len() {
        return Err(skip_white_space(line, value.text.len()));
    }
    Ok(value)
}

/// As [`push`], and opens `{"logs":[…]}`, which only a whole body or line can be.
fn push_with_logs<'a>(value: &mut Value<'a>, parsed: &mut Parsed<'a>) {
    let logs = value
        .element
        .as_ref()
        .filter(|element| !element.own.is_log_event() && !element.has_data && !element.has_repeats)
        .and_then(|element| element.logs)
        .filter(|logs| logs.starts_with('['));
    match logs {
        // The array was read once as part of its object, so it cannot fail here; if it did, it would be set aside.
        Some(logs) if read_array(logs, 0, parsed).is_ok() => {}
        _ => push(value, parsed),
    }
}

/// Adds a value to the log events, out of its envelope if it has one, or to the rejects.
fn push<'a>(value: &mut Value<'a>, parsed: &mut Parsed<'a>) {
    let mut reject = Reject {
        text: value.text,
        reason: reason_for(value),
        envelope_type: None,
    };
    let Some(element) = &mut value.element else {
        parsed.reject(reject);
        return;
    };
    if may_be_dead_letter(element) && is_dead_letter(value.text) {
        reject.reason = RejectReason::DeadLetter;
        parsed.reject(reject);
        return;
    }
    let content = enveloped(value.text, element);
    if !matches!(content, Content::Own) {
        reject.envelope_type = envelope_type(element);
    }
    let is_enveloped = !matches!(content, Content::Own);
    let envelope_time = element.envelope_time.filter(|_| is_enveloped);
    let log_event = match content {
        _ if element.has_repeats => Err(RejectReason::BrokenWrapper),
        Content::Own => LogEvent::from_element(value.text, element),
        Content::Detail => from_detail(element),
        Content::Data(data) if data.starts_with('[') => match details(data, &reject) {
            Ok(inner) => {
                let is_ours = is_from_us(value.text);
                for log_event in inner.log_events {
                    parsed.add(log_event.with_envelope(None, is_ours));
                }
                for reject in inner.rejects {
                    parsed.reject(reject);
                }
                return;
            }
            // The array was read once as part of its event, so it cannot fail here; if it did, the event would be set aside.
            Err(_) => Err(reject.reason),
        },
        Content::Data(data) => from_envelope(data, element.redacted).map(|log_event| {
            match named_by_us(value.text, &log_event) {
                Some(log_id) => log_event.with_derived_log_id(log_id),
                None => log_event,
            }
        }),
    };
    match log_event {
        Ok(log_event) => {
            let is_ours = is_enveloped && log_event.has_marks() && is_from_us(value.text);
            let log_event = log_event.with_envelope(envelope_time, is_ours);
            parsed.add(log_event);
        }
        Err(reason) => parsed.reject(Reject { reason, ..reject }),
    }
}

/// Why a value is no log event, where it is none.
fn reason_for(value: &Value<'_>) -> RejectReason {
    if value.element.is_some() || value.text.starts_with('{') {
        RejectReason::NotALogEvent
    } else {
        RejectReason::NotAnObject
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
fn details<'a>(array: &'a str, of: &Reject<'a>) -> Result<Parsed<'a>, Unreadable> {
    let mut parsed = Parsed::default();
    each_element(array, 0, |mut value| {
        let reason = reason_for(&value);
        let log_event = match value.element.as_mut() {
            Some(element) => LogEvent::from_element(value.text, element),
            None => Err(reason),
        };
        match log_event {
            Ok(log_event) => parsed.add(log_event),
            Err(reason) => parsed.reject(Reject {
                text: value.text,
                reason,
                ..of.clone()
            }),
        }
    })?;
    Ok(parsed)
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
    let element = read_line(text).ok().and_then(|value| value.element);
    let mut element = element.ok_or(RejectReason::NotALogEvent)?;
    LogEvent::from_element(text, &mut element)
}

const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The first byte after white space and a byte order mark.
fn begin_of(text: &str) -> usize {
    let begin = skip_white_space(text, 0);
    if tail(text, begin).starts_with(BYTE_ORDER_MARK) {
        return skip_white_space(text, begin + BYTE_ORDER_MARK.len_utf8());
    }
    begin
}

fn skip_white_space(text: &str, from: usize) -> usize {
    let rest = tail(text, from);
    text.len() - rest.trim_start_matches(WHITE_SPACE).len()
}

fn is_blank(text: &str) -> bool {
    text.trim_matches(WHITE_SPACE).is_empty()
}

fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

/// Turns `serde_json`'s line and column, which counts bytes from 1, into an offset.
///
/// Where the text ends too early it counts the last byte there is, and the one that is missing is the next.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let line_begin: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let offset = line_begin + error.column().saturating_sub(1);
    offset.min(text.len())
}

#[cfg(test)]
mod tests;
