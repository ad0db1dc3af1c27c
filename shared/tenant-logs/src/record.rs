//! A record's members, each as its own JSON.
//!
//! Only those have a field that we route by or that some schema writes; the others are kept with their names. A
//! repeated member counts as its last occurrence.

mod fields;
mod repeats;

use std::borrow::Cow;
use std::ops::Range;

use crate::json::scan::{Name, Scan, skip_white_space};
use crate::json::string_content;

pub(crate) use fields::{
    Actor, Assigned, Auth, AuthUser, Authenticator, Body, Details, DetailsError, ErrorPayload,
    Fields, Fingerprints, Location, Members, References, Request, Response,
};
pub(crate) use repeats::leave_last_of_each;

/// As many members as most records and their details have.
const USUAL_MEMBERS: usize = 24;

/// Members of an object as they are written, names and values.
type Written<'a> = Vec<(&'a str, &'a str)>;

/// A record with its members where we look for them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record<'a> {
    pub(crate) own: Members<'a>,
    pub(crate) details: Details<'a>,
    /// Members that we do not know, names and values as they are written.
    pub(crate) others: Vec<(&'a str, &'a str)>,
    /// Whether no string of the record is written with escapes, which alone can write half of a surrogate pair.
    pub(crate) no_escapes: bool,
}

impl<'a> Record<'a> {
    /// Reads the record that a text is; other text has no members.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut members = Vec::with_capacity(USUAL_MEMBERS);
        let mut details = Vec::with_capacity(USUAL_MEMBERS);
        let mut scan = Scan::of(text);
        let begin = skip_white_space(text.as_bytes(), 0);
        let _end = scan.object_end(begin, |scan, name, value| {
            let end = if name_of(text, name).as_ref() == b"details" {
                // Of repeated ones the last counts, and the members of those before are nobody's.
                details.clear();
                note_members(text, scan, value, &mut details)
            } else {
                scan.value_end(value)
            }?;
            note(text, name, value..end, &mut members)?;
            Some(end)
        });
        Self::with(&members, &details, !scan.has_backslash())
    }

    fn with(members: &Written<'a>, details: &Written<'a>, no_escapes: bool) -> Self {
        let mut record = Self {
            no_escapes,
            ..Self::default()
        };
        for (name, json) in members {
            match with_name(name, no_escapes, |name| record.own.field(name)) {
                Some(field) => *field = Some(json),
                None => record.others.push((name, json)),
            }
        }
        if !no_escapes {
            // What cannot be decoded fills no field, and stays with what we do not know.
            for (name, json) in members {
                if let Some(field) = with_name(name, false, |name| record.own.field(name))
                    && *field == Some(json)
                    && !is_readable(json)
                {
                    *field = None;
                    record.others.push((name, json));
                }
            }
        }
        for (name, json) in details {
            if let Some(field) = with_name(name, no_escapes, |name| record.details.field(name)) {
                *field = Some(json);
            }
        }
        leave_last_of_each(&mut record.others, no_escapes);
        if !no_escapes {
            record.details.leave_out_unreadable();
        }
        record
    }

    /// The same with its `details` read from another text, if there is one.
    pub(crate) fn with_details(self, details: Option<&'a str>) -> Self {
        match details {
            Some(details) => Self {
                details: read_object(Some(details), self.no_escapes),
                ..self
            },
            None => self,
        }
    }
}

/// Adds the members of the object that begins at this byte; another value has none. Returns where it ends.
fn note_members<'a>(
    text: &'a str,
    scan: &mut Scan<'a>,
    begin: usize,
    into: &mut Written<'a>,
) -> Option<usize> {
    if scan.byte(begin)? != b'{' {
        return scan.value_end(begin);
    }
    scan.object_end(begin, |scan, name, value| {
        let end = scan.value_end(value)?;
        note(text, name, value..end, into)?;
        Some(end)
    })
}

fn note<'a>(text: &'a str, name: Name, value: Range<usize>, into: &mut Written<'a>) -> Option<()> {
    into.push((text.get(name.begin..name.end)?, text.get(value)?));
    Some(())
}

/// Whether JSON is no string, or one that can be decoded.
fn is_readable(json: &str) -> bool {
    !json.starts_with('"') || string_content(json).is_some()
}

/// Gives the content of a name that is written as JSON; an empty one where it cannot be decoded.
#[inline]
fn with_name<T>(written: &str, no_escapes: bool, take: impl FnOnce(&[u8]) -> T) -> T {
    match written.as_bytes() {
        [b'"', content @ .., b'"'] if no_escapes => take(content),
        _ => take(string_content(written).unwrap_or_default().as_bytes()),
    }
}

/// Reads the members of an object into the fields of a struct; other JSON has none.
pub(crate) fn read_object<'a, T: Fields<'a>>(json: Option<&'a str>, no_escapes: bool) -> T {
    let mut into = T::default();
    if let Some(json) = json.filter(|json| json.starts_with('{')) {
        let _end = Scan::of(json).object_end(0, |scan, name, value| {
            let end = scan.value_end(value)?;
            if let Some(field) = into.field(&name_of(json, name)) {
                *field = json.get(value..end);
            }
            Some(end)
        });
    }
    if !no_escapes {
        into.leave_out_unreadable();
    }
    into
}

/// The content of a name; an empty one where it cannot be decoded.
fn name_of(text: &str, name: Name) -> Cow<'_, [u8]> {
    if name.no_escapes {
        let plain = text.as_bytes().get(name.begin + 1..name.end - 1);
        return Cow::Borrowed(plain.unwrap_or_default());
    }
    let decoded = text.get(name.begin..name.end).and_then(string_content);
    Cow::Owned(decoded.unwrap_or_default().into_owned().into_bytes())
}
