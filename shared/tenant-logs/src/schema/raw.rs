//! What a row keeps of its event beside its own fields: all of it, the rest that no field gives back, or nothing.

use std::borrow::Cow;

use super::event_view::EventView;
use super::json_writer::{JsonWriter, is_text};
use crate::event_time::EventTime;
use crate::json::{object_of, quoted, string_content};
use crate::record::Fields;

/// What a row keeps of its event beside its own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Raw {
    /// All of it.
    #[default]
    Whole,
    /// The members that no field gives back exactly, so that the event can be computed from the row.
    Rest,
    /// No part of it.
    None,
}

impl Raw {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Rest, Self::None];

    /// Reads a choice as `RAW` names it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|raw| raw.name() == name)
    }

    /// Its name in `RAW`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Rest => "rest",
            Self::None => "none",
        }
    }
}

/// A member of the record, and the field of the row that it can be read back from.
#[derive(Debug)]
pub(super) struct Given<'a> {
    name: &'static str,
    own: Option<&'a str>,
    field: Option<Cow<'a, str>>,
}

impl<'a> Given<'a> {
    /// A field that holds the member's text where it has one.
    pub(super) fn text(name: &'static str, own: Option<&'a str>) -> Self {
        Self::filled(name, own, own.filter(|json| is_text(json)))
    }

    /// A field that may have been filled from elsewhere.
    pub(super) fn filled(name: &'static str, own: Option<&'a str>, field: Option<&'a str>) -> Self {
        Self::of(name, own, field.map(Cow::Borrowed))
    }

    /// A field that is written anew.
    pub(super) fn of(
        name: &'static str,
        own: Option<&'a str>,
        field: Option<Cow<'a, str>>,
    ) -> Self {
        Self { name, own, field }
    }

    /// Whether it is about this member.
    pub(super) fn is_of(&self, name: &str) -> bool {
        self.name == name
    }

    fn is_exact(&self) -> bool {
        self.own.is_some() && self.own == self.field.as_deref()
    }
}

/// The fields that every schema has.
pub(super) fn always<'a>(view: &'a EventView<'_>) -> [Given<'a>; 3] {
    let own = &view.record.own;
    [
        Given::of("date", own.date, Some(view.time_json())),
        Given::of("type", own.event_type, view.code.as_deref().map(quoted)),
        Given::of("log_id", own.log_id, Some(quoted(view.log_event.log_id()))),
    ]
}

/// The columns that every table has. One of dates forgets how a date was written, so it gives back Auth0's own writing only.
pub(super) fn always_in_tables<'a>(view: &'a EventView<'_>) -> [Given<'a>; 3] {
    let [date, code, log_id] = always(view);
    let date = match view.time {
        EventTime::Plain(_) => date,
        EventTime::Other(_) => Given::of("date", view.record.own.date, Some(Cow::Borrowed(""))),
    };
    [date, code, log_id]
}

/// Where a row keeps what it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    key: &'static str,
    is_column: bool,
}

impl Place {
    /// A member, left out where nothing is kept.
    pub(super) fn member(key: &'static str) -> Self {
        Self {
            key,
            is_column: false,
        }
    }

    /// A column, which is there even then: it tells our rows from those of others, and a sink names in it what it cut.
    pub(super) fn column(key: &'static str) -> Self {
        Self {
            key,
            is_column: true,
        }
    }

    fn write(self, writer: &mut JsonWriter<'_>, write: impl FnOnce(&mut JsonWriter<'_>)) {
        if self.is_column {
            writer.begin_column(self.key);
            write(writer);
            writer.end_column();
        } else {
            let object = writer.begin_object(self.key);
            write(writer);
            writer.end_object(object);
        }
    }
}

/// What stands in a row's rest and is no member of the record, and `data`, which only the whole event has: a record's own
/// member with such a name goes below `$own`.
pub(super) const MARKS: [&str; 8] = [
    "$beside",
    "$filled",
    "$own",
    "data",
    "log_id_derived",
    "redacted",
    "time_of_receipt",
    "trimmed",
];

/// Writes the members that no field gives back exactly, and the marks.
pub(super) fn write_rest(
    view: &EventView<'_>,
    place: Place,
    given: &[Given<'_>],
    writer: &mut JsonWriter<'_>,
) {
    place.write(writer, |writer| {
        write_marks(view, writer);
        let filled: Vec<&str> = given
            .iter()
            .filter(|given| given.own.is_none() && given.field.is_some())
            .map(|given| given.name)
            .collect();
        if !filled.is_empty() {
            writer.member(r#""$filled""#, &format!("[\"{}\"]", filled.join("\",\"")));
        }
        write_members(view, given, writer);
        if let Some(beside) = view.log_event.beside_detail() {
            writer.member(r#""$beside""#, &beside);
        }
    });
}

fn write_members(view: &EventView<'_>, given: &[Given<'_>], writer: &mut JsonWriter<'_>) {
    view.record.own.each(|name, json| {
        let is_given = |given: &&Given<'_>| given.name.as_bytes() == name && given.is_exact();
        if given.iter().find(is_given).is_none() {
            writer.exact_member(&quoted(str::from_utf8(name).unwrap_or_default()), json);
        }
    });
    let mut clashing = Vec::new();
    for (name, json) in &view.record.others {
        let is_mark = |content: Cow<'_, str>| MARKS.contains(&content.as_ref());
        if string_content(name).is_some_and(is_mark) {
            clashing.push((*name, *json));
        } else {
            writer.exact_member(name, json);
        }
    }
    if !clashing.is_empty() {
        writer.member(r#""$own""#, &object_of(clashing.into_iter()));
    }
}

/// Writes what is said of the event and stands in none of its members.
pub(super) fn write_only_marks(view: &EventView<'_>, place: Place, writer: &mut JsonWriter<'_>) {
    place.write(writer, |writer| write_marks(view, writer));
}

fn write_marks(view: &EventView<'_>, writer: &mut JsonWriter<'_>) {
    let log_event = view.log_event;
    if view.is_time_of_receipt {
        writer.member(r#""time_of_receipt""#, "true");
    }
    if log_event.is_log_id_derived() {
        writer.member(r#""log_id_derived""#, "true");
    }
    if !log_event.redacted().is_empty() {
        let paths: Vec<Cow<'_, str>> = log_event
            .redacted()
            .iter()
            .map(|path| quoted(path))
            .collect();
        writer.member(r#""redacted""#, &format!("[{}]", paths.join(",")));
    }
}
