//! Appending JSON to a text: keys ready-made, values copied as the JSON that they are, nothing built in between.

use std::fmt::{Display, Write as _};

use crate::json::{needs_no_escapes, push_content};

/// A member's key as [`JsonWriter`] takes it: the comma before it, its name, the colon.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}
pub(super) use key;

/// Where an object or array begins, to take it back where nothing came into it.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(super) struct Begun {
    at: usize,
}

/// Writes one value to the end of a text.
#[derive(Debug)]
pub(super) struct JsonWriter<'o> {
    out: &'o mut String,
}

impl<'o> JsonWriter<'o> {
    pub(super) fn new(out: &'o mut String) -> Self {
        Self { out }
    }

    /// Begins the object that is the row itself.
    pub(super) fn begin_row(&mut self) {
        self.out.push('{');
    }

    /// Ends the row.
    pub(super) fn end_row(&mut self) {
        self.out.push('}');
    }

    /// Begins a member that is an object.
    pub(super) fn begin_object(&mut self, key: &'static str) -> Begun {
        self.begin(key, '{')
    }

    /// Begins a member that is an array.
    pub(super) fn begin_array(&mut self, key: &'static str) -> Begun {
        self.begin(key, '[')
    }

    /// Begins an element that is an object.
    pub(super) fn begin_element(&mut self) -> Begun {
        let begun = Begun { at: self.out.len() };
        self.separate();
        self.out.push('{');
        begun
    }

    fn begin(&mut self, key: &'static str, bracket: char) -> Begun {
        let begun = Begun { at: self.out.len() };
        self.key(key);
        self.out.push(bracket);
        begun
    }

    /// Ends an object; one without members is left out.
    pub(super) fn end_object(&mut self, begun: Begun) {
        self.end(begun, '}');
    }

    /// Begins a member that is an object and is there even without members.
    pub(super) fn begin_column(&mut self, key: &'static str) {
        self.key(key);
        self.out.push('{');
    }

    /// Ends such an object.
    pub(super) fn end_column(&mut self) {
        self.out.push('}');
    }

    /// Ends an array; one without elements is left out.
    pub(super) fn end_array(&mut self, begun: Begun) {
        self.end(begun, ']');
    }

    fn end(&mut self, begun: Begun, bracket: char) {
        if self.is_at_begin() {
            self.out.truncate(begun.at);
        } else {
            self.out.push(bracket);
        }
    }

    /// Whether nothing has come into the innermost object or array yet. No value ends with an opening bracket.
    pub(super) fn is_at_begin(&self) -> bool {
        matches!(self.out.as_bytes().last(), None | Some(b'{' | b'['))
    }

    fn key(&mut self, key: &'static str) {
        if self.is_at_begin() {
            self.out.push_str(key.get(1..).unwrap_or_default());
        } else {
            self.out.push_str(key);
        }
    }

    fn separate(&mut self) {
        if !self.is_at_begin() {
            self.out.push(',');
        }
    }

    /// A member whose value is JSON that we wrote ourselves.
    pub(super) fn fixed(&mut self, key: &'static str, json: &'static str) {
        self.key(key);
        self.out.push_str(json);
    }

    /// Members that we wrote ourselves, each with the comma before it.
    pub(super) fn members(&mut self, members: &'static str) {
        self.key(members);
    }

    /// A member whose value is one of our own words.
    pub(super) fn word(&mut self, key: &'static str, word: &'static str) {
        self.key(key);
        self.push_word(word);
    }

    /// An element that is one of our own words.
    pub(super) fn word_element(&mut self, word: &'static str) {
        self.separate();
        self.push_word(word);
    }

    fn push_word(&mut self, word: &'static str) {
        self.out.push('"');
        self.out.push_str(word);
        self.out.push('"');
    }

    /// A member whose value is a number, or a text that needs no escapes and brings its quotes.
    pub(super) fn display(&mut self, key: &'static str, value: impl Display) {
        self.key(key);
        self.push_display(value);
    }

    fn push_display(&mut self, value: impl Display) {
        // Writing to a text cannot fail.
        let _infallible = write!(self.out, "{value}");
    }

    /// A member whose value is a text of any content.
    pub(super) fn string(&mut self, key: &'static str, text: &str) {
        self.key(key);
        self.out.push('"');
        if needs_no_escapes(text) {
            self.out.push_str(text);
        } else {
            push_escaped(self.out, &[text]);
        }
        self.out.push('"');
    }

    /// A member whose value is a text in several parts.
    pub(super) fn string_of_parts(&mut self, key: &'static str, parts: [&str; 3]) {
        self.key(key);
        self.out.push('"');
        push_escaped(self.out, &parts);
        self.out.push('"');
    }

    /// A member whose value is JSON in several parts.
    pub(super) fn json_of_parts(&mut self, key: &'static str, parts: [&str; 4]) {
        self.key(key);
        for part in parts {
            self.out.push_str(part);
        }
    }

    /// Copies a string that is not empty; leaves out everything else.
    pub(super) fn text(&mut self, key: &'static str, json: Option<&str>) {
        if let Some(json) = json.filter(|json| is_text(json)) {
            self.key(key);
            self.out.push_str(json);
        }
    }

    /// An element, as [`Self::text`].
    pub(super) fn text_element(&mut self, json: Option<&str>) {
        if let Some(json) = json.filter(|json| is_text(json)) {
            self.separate();
            self.out.push_str(json);
        }
    }

    /// An element that is an object whose last member is a text, which comes after `head`.
    pub(super) fn observable(&mut self, head: &'static str, json: Option<&str>) {
        if let Some(json) = json.filter(|json| is_text(json)) {
            self.separate();
            self.out.push_str(head);
            self.out.push_str(json);
            self.out.push('}');
        }
    }

    /// Copies a whole number that is not negative; leaves out everything else.
    pub(super) fn count(&mut self, key: &'static str, json: Option<&str>) {
        let is_count =
            |json: &&str| json.len() < 19 && json.bytes().all(|byte| byte.is_ascii_digit());
        self.any(key, json.filter(is_count));
    }

    /// Copies true or false; leaves out everything else.
    pub(super) fn boolean(&mut self, key: &'static str, json: Option<&str>) {
        if let Some(json @ ("true" | "false")) = json {
            self.key(key);
            self.out.push_str(json);
        }
    }

    /// Copies any value but null.
    pub(super) fn any(&mut self, key: &'static str, json: Option<&str>) {
        if let Some(json) = json.filter(|json| *json != "null") {
            self.key(key);
            self.out.push_str(json);
        }
    }

    /// Copies an object; leaves out everything else.
    pub(super) fn object(&mut self, key: &'static str, json: Option<&str>) {
        self.any(key, json.filter(|json| json.starts_with('{')));
    }

    /// Copies a member, whose name is JSON too, unless it is null.
    pub(super) fn member(&mut self, name: &str, json: &str) {
        if json != "null" {
            self.exact_member(name, json);
        }
    }

    /// Copies a member, whose name is JSON too.
    pub(super) fn exact_member(&mut self, name: &str, json: &str) {
        self.separate();
        self.out.push_str(name);
        self.out.push(':');
        self.out.push_str(json);
    }
}

/// Whether JSON is a string that is not empty.
pub(super) fn is_text(json: &str) -> bool {
    json.len() > 2 && json.starts_with('"')
}

/// Appends what stands between the quotes of a string that holds these texts.
fn push_escaped(out: &mut String, texts: &[&str]) {
    let mut content = Vec::new();
    for text in texts {
        push_content(&mut content, text);
    }
    // Whole characters are copied, so this is text.
    out.push_str(&String::from_utf8(content).unwrap_or_default());
}
