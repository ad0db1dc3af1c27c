//! Values one after another, with line breaks between them or without: JSON Lines, records as Firehose joins them, indented
//! objects, arrays side by side. What cannot be read goes as far as the next line that begins a value, and is found without reading anything
//! twice over and over: a text of unclosed brackets would else take the square of its length.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{BETWEEN_VALUES, WHITE_SPACE, is_blank, skip_between, tail};
use crate::element::Element;
use crate::json::scan::{Scan, Watch};

/// One JSON value at the start of a text: its extent, and its members where it is an object.
pub(super) struct Value<'a> {
    pub(super) text: &'a str,
    pub(super) element: Option<Element<'a>>,
}

/// A part of a text between two values that is none.
pub(super) struct Broken<'a> {
    pub(super) text: &'a str,
    /// The first byte of the part that cannot be read.
    pub(super) offset: usize,
    /// The same byte of the whole text.
    pub(super) stopped_at: usize,
}

/// The values of a text and what is broken between them, in their order.
pub(super) struct Values<'a> {
    text: &'a str,
    /// Where the next one is looked for.
    pub(super) at: usize,
    survey: Survey,
}

impl<'a> Values<'a> {
    pub(super) fn of(text: &'a str, begin: usize) -> Self {
        Self {
            text,
            at: begin,
            survey: Survey::default(),
        }
    }

    /// Returns where the next line begins with a value; the end of the text if none does.
    fn next_line_with_value(&mut self, broken: usize) -> usize {
        let mut from = broken;
        loop {
            if self.survey.end <= from {
                self.survey = Survey::of(self.text, from);
            }
            while let Some(begin) = self.survey.begins.pop_front() {
                if begin > broken {
                    return begin;
                }
            }
            let after = self.text.ceil_char_boundary(from + 1);
            match next_line(self.text, self.survey.end.max(after)) {
                Some(line) => from = line,
                None => return self.text.len(),
            }
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<Value<'a>, Broken<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let begin = skip_between(self.text, self.at);
        let rest = tail(self.text, begin);
        if rest.is_empty() {
            return None;
        }
        Some(match read_part(rest) {
            Ok(value) => {
                self.at = begin + value.text.len();
                Ok(value)
            }
            Err(offset) => {
                self.at = self.next_line_with_value(begin);
                let broken = self.text.get(begin..self.at).unwrap_or(rest);
                let broken = broken.trim_end_matches(WHITE_SPACE);
                Err(Broken {
                    text: broken,
                    offset: offset.min(broken.len()),
                    stopped_at: begin + offset,
                })
            }
        })
    }
}

/// Splits a text into its values and what is broken between them, each as it is written.
pub fn split_values(text: &str) -> impl Iterator<Item = &str> {
    Values::of(text, super::begin_of(text)).map(|part| match part {
        Ok(value) => value.text,
        Err(broken) => broken.text,
    })
}

/// Reads the value that begins at the first byte; an error is the offset of the first byte that cannot be read.
pub(super) fn read_value(text: &str) -> Result<Value<'_>, usize> {
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

/// Reads the value that begins at the first byte, and that no other byte of it may follow: `192.0` is no part of `192.0.2.1`.
pub(super) fn read_part(text: &str) -> Result<Value<'_>, usize> {
    let value = read_value(text)?;
    let end = value.text.len();
    let has_end = value.text.ends_with(['}', ']', '"']);
    let next = tail(text, end).bytes().next();
    match next {
        Some(b'{' | b'[' | b'"' | b' ' | b'\t' | b'\n' | b'\r') | None => Ok(value),
        Some(_) if has_end => Ok(value),
        Some(_) => Err(end),
    }
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

/// What one reading of a text came by: nothing of it need be read again to find where a line begins with a value.
#[derive(Default)]
struct Survey {
    /// Where lines begin with a whole value; of values in one another the outermost.
    begins: VecDeque<usize>,
    /// How far it came.
    end: usize,
}

/// Open brackets at the begin of a line whose end is waited for; deeper ones count as broken.
const MAX_OPEN: usize = 10_000;

impl Survey {
    /// Reads from here until something is no JSON, or until the value that begins here has ended.
    fn of(text: &str, from: usize) -> Self {
        let mut watcher = Watcher {
            text,
            depth: 0,
            open: Vec::new(),
            found: Self {
                begins: VecDeque::new(),
                end: from,
            },
        };
        // Only how far it came counts.
        let _whole = Scan::of(text).watched_value_end(from, &mut watcher);
        watcher.found
    }
}

struct Watcher<'a> {
    text: &'a str,
    depth: usize,
    /// The depth and the begin of brackets that begin a line and have not been closed yet.
    open: Vec<(usize, usize)>,
    found: Survey,
}

impl Watch for Watcher<'_> {
    fn opened(&mut self, begin: usize) {
        self.depth += 1;
        self.found.end = begin;
        if self.open.len() < MAX_OPEN && begins_line(self.text, begin) {
            self.open.push((self.depth, begin));
        }
    }

    fn closed(&mut self, end: usize) {
        self.found.end = end;
        if let Some((_, begin)) = self.open.pop_if(|(depth, _)| *depth == self.depth) {
            let inside = self.found.begins.partition_point(|inner| *inner < begin);
            self.found.begins.truncate(inside);
            self.found.begins.push_back(begin);
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn scalar(&mut self, begin: usize, end: usize) {
        self.found.end = end;
        if begins_line(self.text, begin) && stands_alone(self.text, end) {
            self.found.begins.push_back(begin);
        }
    }
}

/// Whether a string, number or literal that ends here is all of its line, and another value follows it or nothing: a broken
/// object that is indented would else fall into its lines.
fn stands_alone(text: &str, end: usize) -> bool {
    let after = tail(text, end);
    let (line, _) = after.split_once('\n').unwrap_or((after, ""));
    let next = after.trim_start_matches(BETWEEN_VALUES).bytes().next();
    is_blank(line) && next.is_none_or(begins_value)
}

fn begins_value(byte: u8) -> bool {
    matches!(
        byte,
        b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'
    )
}

/// Whether nothing but what may stand between values stands before a byte in its line.
fn begins_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let is_blank = |c: char| c != '\n' && BETWEEN_VALUES.contains(&c);
    let before = before.trim_end_matches(is_blank);
    before.is_empty() || before.ends_with('\n')
}

/// The first byte from here on that begins a line, blanks apart; `None` if there is no more.
fn next_line(text: &str, from: usize) -> Option<usize> {
    let line = if begins_line(text, from) {
        from
    } else {
        from + tail(text, from).find('\n')?
    };
    let begin = skip_between(text, line);
    (begin < text.len()).then_some(begin)
}
