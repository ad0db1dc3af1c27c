//! The elements of a text one after another, in an array or side by side, each with the place where a later portion of the body may begin.

use std::ops::ControlFlow;

use super::carried::{Room, read_base64};
use super::remainder::{Place, StandsIn};
use super::values::{Value, Values, read_value};
use super::{Parsed, Reject, begin_of, push, skip_white_space, tail};
use crate::{RejectReason, Unreadable};

/// Reads a text that is base64 as a whole, from here on.
pub(super) fn read_packed<'a>(
    text: &'a str,
    offset: usize,
    room: &mut Room,
    parsed: &mut Parsed<'a>,
) -> Option<()> {
    let place = Place {
        text,
        stands_in: StandsIn::Base64,
        offset,
        seen: parsed.seen(),
        room: *room,
    };
    let inner = read_base64(tail(text, offset), room, parsed)?;
    parsed.absorb(inner, |log_event| log_event, |reject| reject);
    parsed.note_place(|| place);
    Some(())
}

/// Reads the elements of an array, from the one on that begins here, and the values that follow it.
pub(super) fn read_array<'a>(
    text: &'a str,
    first: usize,
    room: &mut Room,
    parsed: &mut Parsed<'a>,
) -> Result<(), Unreadable> {
    match read_elements(text, first, room, parsed)? {
        Some(end) => read_values(text, end, room, parsed),
        None => Ok(()),
    }
}

/// Reads the elements of an array, from the one on that begins here. Returns where it ends; `None` if not all were wanted.
fn read_elements<'a>(
    text: &'a str,
    first: usize,
    room: &mut Room,
    parsed: &mut Parsed<'a>,
) -> Result<Option<usize>, Unreadable> {
    each_element(text, first, |offset, mut value| {
        let (seen, room_before) = (parsed.seen(), *room);
        push(&mut value, room, parsed);
        let is_all = parsed.note_place(|| Place {
            text,
            stands_in: StandsIn::Array,
            offset,
            seen,
            room: room_before,
        });
        flow(is_all)
    })
}

fn flow(is_all: bool) -> ControlFlow<()> {
    if is_all {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// Reads the elements of an array one after another, as long as they are taken. Returns where the array ends, where it was
/// read to its end.
pub(super) fn each_element<'a>(
    text: &'a str,
    first: usize,
    mut take: impl FnMut(usize, Value<'a>) -> ControlFlow<()>,
) -> Result<Option<usize>, Unreadable> {
    let mut at = first;
    let mut is_first = true;
    loop {
        match text.as_bytes().get(at) {
            Some(b']') if is_first => return Ok(Some(at + 1)),
            None => return Err(Unreadable::Syntax { offset: at }),
            Some(_) => {}
        }
        is_first = false;
        let begin = at;
        let value = read_value(tail(text, at)).map_err(|offset| Unreadable::Syntax {
            offset: at + offset,
        })?;
        at = skip_white_space(text, at + value.text.len());
        if take(begin, value).is_break() {
            return Ok(None);
        }
        match text.as_bytes().get(at) {
            Some(b',') => at = skip_white_space(text, at + 1),
            Some(b']') => return Ok(Some(at + 1)),
            _ => return Err(Unreadable::Syntax { offset: at }),
        }
    }
}

/// Reads one value or several, from the one on that begins here. The first one of a text must be complete.
pub(super) fn read_values<'a>(
    text: &'a str,
    begin: usize,
    room: &mut Room,
    parsed: &mut Parsed<'a>,
) -> Result<(), Unreadable> {
    let mut values = Values::of(text, begin);
    loop {
        let (offset, seen, room_before) = (values.at, parsed.seen(), *room);
        let Some(part) = values.next() else {
            return Ok(());
        };
        match part {
            Ok(array) if array.text.starts_with('[') => {
                // It is whole. Its elements have places of their own.
                let array_begin = values.at - array.text.len();
                let first = skip_white_space(text, array_begin + 1);
                if read_elements(text, first, room, parsed)?.is_none() {
                    return Ok(());
                }
                continue;
            }
            Ok(mut value) => {
                push_with_logs(&mut value, tail(text, values.at), room, parsed);
            }
            Err(broken) if offset == begin_of(text) => {
                // What does not even begin like an object is no JSON from its first byte on.
                let is_object = tail(text, begin).starts_with('{');
                let offset = if is_object { broken.stopped_at } else { begin };
                return Err(Unreadable::Syntax { offset });
            }
            Err(broken) => {
                let offset = broken.offset;
                parsed.reject(Reject::new(broken.text, RejectReason::Syntax { offset }));
            }
        }
        let is_all = parsed.note_place(|| Place {
            text,
            stands_in: StandsIn::Values,
            offset,
            seen,
            room: room_before,
        });
        if is_all {
            return Ok(());
        }
    }
}

/// As [`push`], and opens `{"logs":[…]}`, which only a whole body or one of its values can be.
fn push_with_logs<'a>(
    value: &mut Value<'a>,
    after: &str,
    room: &mut Room,
    parsed: &mut Parsed<'a>,
) {
    let logs = value
        .element
        .as_ref()
        .filter(|element| !element.own.is_log_event() && !element.has_data && !element.has_repeats)
        .and_then(|element| element.logs)
        .filter(|logs| logs.starts_with('['));
    let Some(logs) = logs else {
        return push(value, room, parsed);
    };
    let first = skip_white_space(logs, 1);
    let mut inner = parsed.inner();
    // The array was read once as part of its object, so it cannot fail here; if it did, it would be set aside.
    match read_array(logs, first, room, &mut inner) {
        Ok(()) => {
            // Where nothing follows it, the next portion begins in the array.
            let is_last = begin_of(after) == after.len();
            let remainder = inner.remainder.take().filter(|_| is_last);
            parsed.absorb(inner, |log_event| log_event, |reject| reject);
            if parsed.remainder.is_none() {
                parsed.remainder = remainder;
            }
        }
        Err(_) => push(value, room, parsed),
    }
}
