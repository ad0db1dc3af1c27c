//! What stands beside a record in its wrapper: marks of our own, and what no wrapper has.

use std::borrow::Cow;

use super::{Form, LogEvent};
use crate::element::Element;
use crate::json::{object_members, object_of, scalar, string_content};
use crate::record::leave_last_of_each;

/// What only our own functions write beside a record.
const MARKS: [&str; 2] = ["redacted", "log_id_derived"];

impl LogEvent<'_> {
    /// Whether it says of itself that something was redacted in it, or that its `log_id` is derived.
    pub(crate) fn has_marks(&self) -> bool {
        self.has_marks || !self.redacted.is_empty()
    }

    /// Whether its envelope says that one of our own functions put it onto a bus or a topic.
    pub fn is_enveloped_by_us(&self) -> bool {
        self.is_enveloped_by_us
    }

    /// Whether it can come again by itself. It cannot where its envelope tells what nothing else does: when it happened, or
    /// that it is one of our own functions that names it or redacted it.
    pub fn stands_alone(&self) -> bool {
        let is_named_by_envelope = self.log_id_derived && !self.is_named_here && !self.has_marks;
        let is_timed_by_envelope = self.envelope_time.is_some() && self.date().is_none();
        !(self.is_enveloped_by_us || is_named_by_envelope || is_timed_by_envelope)
    }

    /// Returns the text that brings the event again by itself: its detail, or as it came where its `log_id` is derived, so
    /// that whoever reads it derives the same one, by the key where there is one. `None` if it does not stand alone.
    pub fn alone(&self) -> Option<Cow<'_, str>> {
        if !self.stands_alone() {
            None
        } else if self.is_named_here {
            Some(Cow::Borrowed(self.text()))
        } else {
            Some(self.detail())
        }
    }

    /// Takes out what it says of itself, where anybody could have written that: `redacted` and `log_id_derived`.
    pub fn take_out_marks(&mut self) {
        self.redacted = Vec::new();
        if !self.has_marks {
            return;
        }
        self.has_marks = false;
        self.log_id_derived = self.is_named_here;
        let members = object_members(&self.text).unwrap_or_default();
        let members = members.into_iter().filter(|(name, _)| {
            string_content(name).is_none_or(|name| !MARKS.contains(&name.as_ref()))
        });
        self.text = Cow::Owned(object_of(members));
        self.wrapped = None;
    }

    /// What stands beside the record that no wrapper has, as an object; `None` as a rule.
    pub(crate) fn beside(&self) -> Option<String> {
        if !self.has_more {
            return None;
        }
        let members = object_members(&self.text)?;
        let is_log_id = |(name, _): &&(&str, &str)| is_named(name, "log_id");
        // Of several the last one counts, and it alone is told by the event's own.
        let last_log_id = members.iter().rev().find(is_log_id).copied();
        let is_of_wrapper = |member: &(&str, &str)| match string_content(member.0).as_deref() {
            Some("log_id") => Some(*member) == last_log_id && is_log_id_or_none(member.1),
            Some(name) => name == "data" || MARKS.contains(&name),
            None => false,
        };
        let members = members.iter().copied();
        Some(object_of(members.filter(|member| !is_of_wrapper(member))))
    }

    /// Returns what of the detail is neither its record nor told by our own `log_id` and marks, as an object in which nothing
    /// is named twice; `None` as a rule.
    pub(crate) fn beside_detail(&self) -> Option<String> {
        if !self.has_more && !self.is_written_otherwise {
            return None;
        }
        let beside = match self.form {
            Form::Detail => Cow::Borrowed(self.text()),
            Form::WrappedWithoutId | Form::Bare => Cow::Owned(with_other_log_ids(&self.beside()?)),
        };
        let mut members = object_members(&beside)?;
        leave_last_of_each(&mut members, false);
        let is_told = |(name, json): &(&str, &str)| match string_content(name).as_deref() {
            Some("data") => true,
            Some("log_id") => is_our_log_id(json),
            Some("redacted") => is_our_list(json),
            Some("log_id_derived") => is_our_derived(json),
            Some(_) | None => false,
        };
        let others: Vec<_> = members.iter().filter(|member| !is_told(member)).collect();
        (!others.is_empty()).then(|| object_of(others.into_iter().copied()))
    }

    /// Puts a redacted record in the place of the original one, and names the paths; `beside` is an object of what stood
    /// beside it.
    pub(crate) fn replace_record(
        &mut self,
        record: &str,
        beside: &str,
        mut newly_redacted: Vec<String>,
    ) {
        self.redacted.append(&mut newly_redacted);
        let (before, after) = self.wrapper(Some(beside));
        self.text = Cow::Owned([&before, record, &after].concat());
        self.has_marks = true;
        self.is_written_otherwise = false;
        self.form = Form::Detail;
        self.wrapped = None;
    }

    /// What comes before the record and after it in a detail that we write ourselves; `beside` is an object of what else
    /// stood beside it.
    pub(super) fn wrapper(&self, beside: Option<&str>) -> (String, Cow<'static, str>) {
        let others = beside.map(with_other_log_ids).unwrap_or_default();
        let others = members_of(&others);
        let log_id = serde_json::Value::from(self.log_id.as_ref());
        let derived = if self.log_id_derived {
            r#","log_id_derived":true"#
        } else {
            ""
        };
        let redacted = if self.redacted.is_empty() {
            String::new()
        } else {
            let paths = serde_json::Value::from(self.redacted.as_slice());
            format!(r#","redacted":{paths}"#)
        };
        let before = format!(r#"{{"log_id":{log_id}{derived}{redacted},"data":"#);
        let after = if others.is_empty() {
            Cow::Borrowed("}")
        } else {
            Cow::Owned(format!(",{others}}}"))
        };
        (before, after)
    }
}

/// Returns what stood beside a record as it stands beside our own `log_id`: what else was called so is a list of another
/// name, so that nothing is lost and no name is there twice.
fn with_other_log_ids(beside: &str) -> String {
    let members = object_members(beside).unwrap_or_default().into_iter();
    let is_log_id = |(name, _): &(&str, &str)| is_named(name, "log_id");
    let (log_ids, mut others): (Vec<_>, Vec<_>) = members.partition(is_log_id);
    let log_ids: Vec<&str> = log_ids.into_iter().map(|(_, json)| json).collect();
    let list = format!("[{}]", log_ids.join(","));
    if !log_ids.is_empty() {
        others.push((r#""$log_ids""#, &list));
    }
    object_of(others.into_iter())
}

fn is_named(name: &str, expected: &str) -> bool {
    string_content(name).is_some_and(|name| name == expected)
}

/// Whether something in a wrapper is written otherwise than we write it.
pub(super) fn is_written_otherwise(element: &Element<'_>) -> bool {
    let is_other =
        |json: Option<&str>, is_ours: fn(&str) -> bool| json.is_some_and(|json| !is_ours(json));
    is_other(element.own.log_id, is_our_log_id)
        || is_other(element.redacted, is_our_list)
        || is_other(element.log_id_derived, is_our_derived)
}

/// Whether a `log_id` is a text: Auth0's wrapper may have a number.
fn is_our_log_id(json: &str) -> bool {
    json.starts_with('"')
}

/// Whether `redacted` is a list of paths.
fn is_our_list(json: &str) -> bool {
    serde_json::from_str(json).is_ok_and(|paths: Vec<String>| !paths.is_empty())
}

fn is_our_derived(json: &str) -> bool {
    json == "true"
}

/// Whether a wrapper's `log_id` is one, or says that there is none.
fn is_log_id_or_none(json: &str) -> bool {
    scalar(json).is_some() || matches!(json, "null" | "\"\"")
}

/// The members of an object that [`object_of`] wrote, without its brackets.
fn members_of(object: &str) -> &str {
    let members = object.strip_prefix('{').unwrap_or_default();
    members.strip_suffix('}').unwrap_or_default()
}

#[cfg(test)]
mod tests;
