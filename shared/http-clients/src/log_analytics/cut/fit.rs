//! A JSON value in so many bytes: its longest parts are shortened first, and all keep their kind.

use std::borrow::Cow;

use tenant_logs::{array_elements, object_members, string_content};

/// Levels of objects and arrays that are looked into; what lies deeper is left out where it is too long.
const MAX_LEVELS: usize = 32;
/// What replaces a value that cannot be shortened.
const NOTHING: &str = "null";
/// The room that each value has at least, if it needs it: else the last ones are left out.
const MIN_ROOM: usize = 32;

/// One part of an object or array: what is written before its value, the value, and its path.
struct Part<'a> {
    before: String,
    json: &'a str,
    path: String,
}

/// The value in at most so many bytes, at least [`MIN_ROOM`]; adds the path of each part that was shortened.
pub(super) fn fit(json: &str, most: usize, path: &str, cut: &mut Vec<String>) -> String {
    fit_at(json, most, (path, 0), cut)
}

fn fit_at(json: &str, most: usize, (path, level): (&str, usize), cut: &mut Vec<String>) -> String {
    if json.len() <= most {
        return json.to_owned();
    }
    let parts = match json.as_bytes().first() {
        Some(b'"') => {
            cut.push(path.to_owned());
            return fit_string(json, most);
        }
        Some(b'{') if level < MAX_LEVELS => object_members(json).map(|members| {
            let members = members.into_iter().map(|(name, json)| Part {
                before: format!("{name}:"),
                json,
                path: format!("{path}.{}", content(name)),
            });
            ('{', members.collect(), '}')
        }),
        Some(b'[') if level < MAX_LEVELS => array_elements(json).map(|elements| {
            let elements = elements.into_iter().enumerate().map(|(index, json)| Part {
                before: String::new(),
                json,
                path: format!("{path}.{index}"),
            });
            ('[', elements.collect(), ']')
        }),
        _ => None,
    };
    let Some((begin, parts, end)) = parts else {
        cut.push(path.to_owned());
        return NOTHING.to_owned();
    };
    let parts: Vec<Part<'_>> = parts;
    let (kept, room) = kept_parts(&parts, most);
    if kept.len() < parts.len() {
        cut.push(path.to_owned());
    }
    let share = share_of(kept, room);
    let mut fitted = String::with_capacity(most);
    fitted.push(begin);
    for (index, part) in kept.iter().enumerate() {
        if index > 0 {
            fitted.push(',');
        }
        fitted.push_str(&part.before);
        let at = (part.path.as_str(), level + 1);
        fitted.push_str(&fit_at(part.json, share, at, cut));
    }
    fitted.push(end);
    fitted
}

/// The first parts that have room, and the room for their values.
fn kept_parts<'p, 'a>(parts: &'p [Part<'a>], most: usize) -> (&'p [Part<'a>], usize) {
    let room_of = |part: &Part<'_>| part.before.len() + part.json.len().min(MIN_ROOM) + 1;
    let mut left = most.saturating_sub(2);
    let mut count = 0;
    for part in parts {
        match left.checked_sub(room_of(part)) {
            Some(rest) => left = rest,
            None => break,
        }
        count += 1;
    }
    let kept = parts.get(..count).unwrap_or_default();
    let around: usize = kept.iter().map(|part| part.before.len() + 1).sum();
    (kept, most.saturating_sub(2 + around))
}

/// The length that each value may have so that all have room: shorter ones leave theirs to longer ones.
fn share_of(parts: &[Part<'_>], room: usize) -> usize {
    let mut lengths: Vec<usize> = parts.iter().map(|part| part.json.len()).collect();
    lengths.sort_unstable();
    let mut left = room;
    let mut count = lengths.len();
    for length in lengths {
        if length > left / count.max(1) {
            break;
        }
        left -= length;
        count -= 1;
    }
    (left / count.max(1)).max(MIN_ROOM)
}

/// The beginning of a string, cut between characters and never within an escape.
fn fit_string(json: &str, most: usize) -> String {
    let inside = json.strip_prefix('"').unwrap_or(json);
    let room = most.saturating_sub(2);
    let mut end = 0;
    while let Some(length) = character_bytes(inside.get(end..).unwrap_or_default()) {
        if end + length > room {
            break;
        }
        end += length;
    }
    format!("\"{}\"", inside.get(..end).unwrap_or_default())
}

/// Bytes of the first character or escape; a pair of surrogates counts as one. `None` at the end of the string.
fn character_bytes(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    match (first, text.get(1..2)) {
        ('"', _) => None,
        ('\\', Some("u")) if is_pair(text) => Some(12),
        ('\\', Some("u")) => Some(6),
        ('\\', _) => Some(2),
        _ => Some(first.len_utf8()),
    }
}

fn is_pair(text: &str) -> bool {
    let unit = |from: usize| {
        let escape = text.get(from..from + 6)?;
        u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let is_high = unit(0).is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
    is_high && unit(6).is_some_and(|unit| (0xdc00..0xe000).contains(&unit))
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What a name says; the name as it is written where it holds a lone surrogate.
pub(super) fn content(name: &str) -> Cow<'_, str> {
    string_content(name).unwrap_or(Cow::Borrowed(name))
}
