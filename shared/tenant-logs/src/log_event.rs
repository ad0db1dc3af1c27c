//! One entry of a tenant's log, with its own JSON text.

mod beside;

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use crate::RejectReason;
use crate::digest::{Hashing, derived_log_id};
use crate::element::{Data, Element, RecordFields};
use crate::event_time::{EventTime, read_time};
use crate::json::{member, scalar};
use crate::record::Record;
use crate::redaction::{is_index, split_unescaped};

/// A log event: the text it came as, and the few fields we route, batch and remember by.
///
/// The text is never changed except by redaction; unknown fields and unknown types pass through untouched.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about what came with the record"
)]
pub struct LogEvent<'a> {
    text: Cow<'a, str>,
    form: Form,
    log_id: Cow<'a, str>,
    log_id_derived: bool,
    /// Whether the `log_id` was derived from this very text, and by no function before.
    is_named_here: bool,
    event_type: Option<Cow<'a, str>>,
    /// As JSON.
    date: Option<Cow<'a, str>>,
    /// The time of the cloud's envelope.
    envelope_time: Option<Timestamp>,
    redacted: Vec<String>,
    /// Every path that our own rules treat, in whatever event.
    rules: Option<Arc<Vec<String>>>,
    /// Whether something stands beside `data` that no wrapper has.
    has_more: bool,
    /// Whether `redacted` or `log_id_derived` stands beside `data`.
    has_marks: bool,
    /// Whether one of these, or the `log_id` there, is written otherwise than we write it.
    is_written_otherwise: bool,
    /// Whether the envelope says that one of our own functions wrote it.
    is_enveloped_by_us: bool,
    /// The record in its wrapper, until the text is replaced or owned.
    wrapped: Option<&'a str>,
}

/// The same text, read the same way: what was found in it follows.
impl PartialEq for LogEvent<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
            && self.form == other.form
            && self.log_id == other.log_id
            && self.log_id_derived == other.log_id_derived
            && self.event_type == other.event_type
            && self.date == other.date
            && self.redacted == other.redacted
    }
}

impl Eq for LogEvent<'_> {}

/// How the text holds the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `{"log_id", "data", …}`: the text is what goes onto a bus.
    Detail,
    /// `{"data", …}` without a usable `log_id` beside it.
    WrappedWithoutId,
    /// The record itself.
    Bare,
}

impl<'a> LogEvent<'a> {
    /// Reads a wrapped or bare record, or says why the object is no log event.
    pub(crate) fn from_element(
        text: &'a str,
        element: &mut Element<'a>,
    ) -> Result<Self, RejectReason> {
        if element.is_broken_wrapper() {
            return Err(RejectReason::BrokenWrapper);
        }
        let data = element.data.take();
        let own = &element.own;
        match data {
            Some(data) if data.fields.is_log_event() => Ok(Self::wrapped(text, element, &data)),
            // An identifier around a record that has nothing we read.
            Some(data) if own.event_type.is_none() && own.log_id.and_then(scalar).is_some() => {
                Ok(Self::wrapped(text, element, &data))
            }
            Some(_) | None if own.is_log_event() => Ok(Self::bare(text, element)),
            Some(_) | None => Err(RejectReason::NotALogEvent),
        }
    }

    fn wrapped(text: &'a str, element: &Element<'a>, data: &Data<'a>) -> Self {
        let beside = element.own.log_id.and_then(scalar);
        let form = if beside.is_some() {
            Form::Detail
        } else {
            Form::WrappedWithoutId
        };
        let own = &data.fields;
        let found = beside.or_else(|| log_id_of(own));
        let mut event = Self::unidentified(text, form, own);
        event.wrapped = Some(data.text);
        let has_odd_log_id = element.own.log_id.is_some() && form == Form::WrappedWithoutId;
        event.has_more = element.has_more || has_odd_log_id;
        event.has_marks = element.redacted.is_some() || element.log_id_derived.is_some();
        event.is_written_otherwise = beside::is_written_otherwise(element);
        event.redacted = element.redacted.map(redacted_paths).unwrap_or_default();
        event.identify(found);
        event.log_id_derived |= element
            .log_id_derived
            .is_some_and(|derived| derived == "true");
        event
    }

    fn bare(text: &'a str, element: &Element<'a>) -> Self {
        let own = &element.own;
        let mut event = Self::unidentified(text, Form::Bare, own);
        event.identify(log_id_of(own));
        event
    }

    fn unidentified(text: &'a str, form: Form, own: &RecordFields<'a>) -> Self {
        Self {
            text: Cow::Borrowed(text),
            form,
            log_id: Cow::Borrowed(""),
            log_id_derived: false,
            is_named_here: false,
            event_type: own.event_type.and_then(scalar),
            date: own.date.map(Cow::Borrowed),
            envelope_time: None,
            redacted: Vec::new(),
            rules: None,
            has_more: false,
            has_marks: false,
            is_written_otherwise: false,
            is_enveloped_by_us: false,
            wrapped: None,
        }
    }

    fn identify(&mut self, found: Option<Cow<'a, str>>) {
        if let Some(log_id) = found {
            self.log_id = log_id;
        } else {
            self.log_id = Cow::Owned(derived_log_id(self.record(), Hashing::plain()));
            self.log_id_derived = true;
            self.is_named_here = true;
        }
    }

    /// Whether its `log_id` was derived from this very text.
    pub(crate) fn is_named_here(&self) -> bool {
        self.is_named_here
    }

    /// Gives it another `log_id` that is derived, or was before.
    pub(crate) fn rename(&mut self, log_id: impl Into<Cow<'a, str>>) {
        self.log_id = log_id.into();
        self.is_named_here = false;
    }

    /// Adds the paths that an envelope says were redacted before.
    pub(crate) fn with_redacted(mut self, paths: Option<&str>) -> Self {
        self.redacted
            .extend(paths.map(redacted_paths).unwrap_or_default());
        self
    }

    /// Identifies the event within its tenant, across every path that brings it.
    pub fn log_id(&self) -> &str {
        &self.log_id
    }

    /// Whether the `log_id` is our own hash of the record, because Auth0 sent none.
    pub fn is_log_id_derived(&self) -> bool {
        self.log_id_derived
    }

    /// The type code, unknown ones too; `None` if there is none.
    pub fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// The record's `date` as a time, where it can be read as one.
    pub fn date(&self) -> Option<Timestamp> {
        read_time(self.date.as_deref()?)
    }

    /// When it happened: its date, else the time of the envelope that it came in, else that in its `log_id`.
    pub fn time(&self) -> Option<Timestamp> {
        self.event_time().map(EventTime::timestamp)
    }

    pub(crate) fn event_time(&self) -> Option<EventTime> {
        let envelope = self.envelope_time;
        EventTime::of(self.date.as_deref(), envelope, &self.log_id)
    }

    /// Returns when it happened by the date that is left of the record, which nothing stands in for where it is redacted.
    pub(crate) fn event_time_of(&self, date: Option<&str>) -> Option<EventTime> {
        let envelope = self.envelope_time;
        EventTime::of(date, envelope.filter(|_| !self.hides("date")), &self.log_id)
    }

    /// Adds what the envelope says that it came in: its time, and whether it is one of ours.
    pub(crate) fn with_envelope(mut self, time: Option<&str>, is_ours: bool) -> Self {
        self.is_enveloped_by_us |= is_ours;
        self.with_time_of(time)
    }

    fn with_time_of(mut self, time: Option<&str>) -> Self {
        self.envelope_time = time.and_then(read_time);
        self
    }

    /// Adds the time of what an envelope, or a bare event, came in.
    pub(crate) fn or_envelope_time(self, time: Option<&str>) -> Self {
        match self.envelope_time {
            Some(_) => self,
            None => self.with_time_of(time),
        }
    }

    /// Notes what our own rules treat.
    pub(crate) fn note_rules(&mut self, rules: &Arc<Vec<String>>) {
        self.rules = Some(Arc::clone(rules));
    }

    /// Whether nothing was redacted, or would be.
    pub(crate) fn hides_nothing(&self) -> bool {
        self.redacted.is_empty() && self.rules.as_deref().is_none_or(Vec::is_empty)
    }

    /// Whether a member was redacted, or would be: itself, a part of it, or what it is a part of.
    pub(crate) fn hides(&self, path: &str) -> bool {
        let rules = self.rules.as_deref().map_or(&[][..], Vec::as_slice);
        let mut paths = self.redacted.iter().chain(rules);
        paths.any(|rule| is_about(rule, path))
    }

    /// Whether a place may be filled from another: not where a redaction rule is about either.
    pub(crate) fn may_fill(&self, place: &str, from: &str) -> bool {
        !self.hides(place) && !self.hides(from)
    }

    /// The date, unless it is redacted: for what stands around the record.
    pub fn shown_date(&self) -> Option<Timestamp> {
        self.date().filter(|_| !self.hides("date"))
    }

    /// The type code, unless it is redacted: for what stands around the record.
    pub fn shown_event_type(&self) -> Option<&str> {
        self.event_type().filter(|_| !self.hides("type"))
    }

    /// The paths that were redacted, here or before.
    pub fn redacted(&self) -> &[String] {
        &self.redacted
    }

    /// The event's own text, without a cloud's envelope.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The flat record, as Auth0 wrote it.
    pub fn record(&self) -> &str {
        match self.form {
            Form::Bare => &self.text,
            Form::Detail | Form::WrappedWithoutId => {
                let data = self.wrapped.or_else(|| member(&self.text, "data"));
                data.unwrap_or("null")
            }
        }
    }

    /// `{"log_id", "data"}`: the element's own text, byte for byte, where it came like that; a bare record is wrapped, and
    /// one in a wrapper that lacks the `log_id` anew, with what else stood in that.
    pub fn detail(&self) -> Cow<'_, str> {
        match self.form {
            Form::Detail => Cow::Borrowed(&self.text),
            Form::WrappedWithoutId | Form::Bare => {
                let (before, record, after) = self.detail_parts();
                Cow::Owned([&before, record, &after].concat())
            }
        }
    }

    /// Returns what [`Self::detail`] does, in parts that need not be put together, each a whole number of JSON tokens.
    ///
    /// Where the first is empty, the second is a detail; else it is the record.
    pub(crate) fn detail_parts(&self) -> (Cow<'_, str>, &str, Cow<'static, str>) {
        match self.form {
            Form::Detail => ("".into(), self.text(), "".into()),
            Form::WrappedWithoutId | Form::Bare => {
                let (before, after) = self.wrapper(self.beside().as_deref());
                (before.into(), self.record(), after)
            }
        }
    }

    /// The record's members.
    pub(crate) fn members(&self) -> Record<'_> {
        Record::of(self.record())
    }

    /// The event with nothing borrowed from the body it came in.
    pub fn into_owned(self) -> LogEvent<'static> {
        LogEvent {
            text: Cow::Owned(self.text.into_owned()),
            form: self.form,
            log_id: Cow::Owned(self.log_id.into_owned()),
            log_id_derived: self.log_id_derived,
            is_named_here: self.is_named_here,
            event_type: self.event_type.map(|text| Cow::Owned(text.into_owned())),
            date: self.date.map(|text| Cow::Owned(text.into_owned())),
            envelope_time: self.envelope_time,
            redacted: self.redacted,
            rules: self.rules,
            has_more: self.has_more,
            has_marks: self.has_marks,
            is_written_otherwise: self.is_written_otherwise,
            is_enveloped_by_us: self.is_enveloped_by_us,
            wrapped: None,
        }
    }
}

fn log_id_of<'a>(own: &RecordFields<'a>) -> Option<Cow<'a, str>> {
    let log_id = own.log_id.and_then(scalar);
    log_id.or_else(|| own.underscore_id.and_then(scalar))
}

/// Whether a rule leads to a member, to a part of it, or to what it is a part of; indexes of arrays count for nothing.
fn is_about(rule: &str, path: &str) -> bool {
    let steps = rule.split('.').filter(|step| !is_index(step));
    steps.zip(path.split('.')).all(|(step, name)| step == name)
}

/// Reads `["a","b"]`, or `"a,b"` as CloudEvents extensions hold it.
fn redacted_paths(json: &str) -> Vec<String> {
    if let Ok(paths) = serde_json::from_str(json) {
        return paths;
    }
    let joined: String = serde_json::from_str(json).unwrap_or_default();
    // A backslash escapes the comma in a name.
    let paths = split_unescaped(&joined, ',').into_iter().map(str::trim);
    paths
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
