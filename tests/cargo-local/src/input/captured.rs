//! A captured file as webhook bodies: as it is where the webhook takes it so, and otherwise in parts that it takes.

use std::mem::discriminant;

use serde::Deserialize;
use serde_json::value::RawValue;
use tenant_logs::{BatchLimits, LogEvent, decode, parse, split_values};

/// Unpacked text above this is sent in parts, as the webhook would refuse it.
const MAX_BODY_BYTES: usize = 4_000_000;
/// What one part carries, unless one element alone is larger.
const PART: BatchLimits = BatchLimits {
    events: 100,
    bytes: 1_000_000,
};
/// What a body may begin with before its first value.
const LEADING: [char; 5] = ['\u{feff}', ' ', '\t', '\n', '\r'];

/// One value of a file, by what it is as a body of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    /// A list of elements: a body, which another value must not follow.
    List(&'a str),
    /// Any other JSON value.
    Value(&'a str),
    /// No JSON; as the first one it would spoil those after it.
    Unreadable(&'a str),
}

/// Splits a captured file into bodies.
pub(super) fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let as_it_is = || vec![bytes.to_vec()];
    let Ok(text) = decode(bytes, usize::MAX) else {
        return as_it_is();
    };
    let is_small = text.len() <= MAX_BODY_BYTES;
    let text = text.trim_matches(LEADING);
    if is_json(text) {
        return match elements(text) {
            Some(elements) if !is_small => parts_of_list(elements),
            Some(_) | None => as_it_is(),
        };
    }
    // Whether a line each, joined or indented: what is broken between them is a part of its own.
    let lines: Vec<Line<'_>> = split_values(text).map(Line::of).collect();
    // A small file of other values is one body of them, or one that was broken when it was captured.
    let is_in_lines = lines
        .iter()
        .any(|line| line.has_log_events() && (!is_small || matches!(line, Line::List(_))));
    if is_in_lines {
        parts_of_lines(&lines)
    } else {
        as_it_is()
    }
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        if !is_json(line) {
            Self::Unreadable(line)
        } else if elements(line).is_some() {
            Self::List(line)
        } else {
            Self::Value(line)
        }
    }

    fn text(self) -> &'a str {
        match self {
            Self::List(text) | Self::Value(text) | Self::Unreadable(text) => text,
        }
    }

    fn has_log_events(self) -> bool {
        parse(self.text()).is_ok_and(|parsed| !parsed.log_events.is_empty())
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The elements of an array or of `{"logs":[…]}`.
fn elements(text: &str) -> Option<Vec<&str>> {
    #[derive(Deserialize)]
    struct Logs<'a> {
        #[serde(borrow)]
        logs: Vec<&'a RawValue>,
    }
    let raw: Vec<&RawValue> = if text.starts_with('[') {
        serde_json::from_str(text).ok()?
    } else {
        let found: Logs<'_> = serde_json::from_str(text).ok()?;
        let parsed = parse(text).ok()?;
        // An object that is taken as a whole only happens to have such a member.
        let mut taken = parsed.log_events.iter().map(LogEvent::text);
        let mut refused = parsed.rejects.iter().map(|reject| reject.text.as_ref());
        if taken.any(|taken| taken == text) || refused.any(|refused| refused == text) {
            return None;
        }
        found.logs
    };
    Some(raw.into_iter().map(RawValue::get).collect())
}

fn parts_of_list(elements: Vec<&str>) -> Vec<Vec<u8>> {
    let bodies = within_limits(elements).into_iter();
    bodies
        .map(|elements| format!("[{}]", elements.join(",")).into_bytes())
        .collect()
}

fn parts_of_lines(lines: &[Line<'_>]) -> Vec<Vec<u8>> {
    let are_joined = |one: &Line<'_>, next: &Line<'_>| {
        !matches!(one, Line::List(_)) && discriminant(one) == discriminant(next)
    };
    let mut bodies = Vec::new();
    for run in lines.chunk_by(are_joined) {
        match run {
            [Line::List(text)] if text.len() > MAX_BODY_BYTES => {
                bodies.extend(elements(text).map(parts_of_list).unwrap_or_default());
            }
            run => {
                let texts = run.iter().map(|line| line.text());
                let parts = within_limits(texts).into_iter();
                bodies.extend(parts.map(|texts| texts.join("\n").into_bytes()));
            }
        }
    }
    bodies
}

/// What fits no part goes alone, and is answered as the webhook answers it.
fn within_limits<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let split = PART.split(texts, |text| text.len() + 1);
    let alone = split.too_large.into_iter().map(|text| vec![text]);
    split.batches.into_iter().chain(alone).collect()
}

#[cfg(test)]
mod tests;
