//! A record's members, each as its own JSON, found while the body around it is read.
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

/// Where a record's members are, noted while its body is read: names are looked at only where a schema asks.
#[derive(Debug, Clone)]
pub(crate) struct MemberIndex<'a> {
    /// What the offsets count in.
    text: &'a str,
    /// Begin and end of each member's name and value; those of `details` come before `details` itself.
    members: Vec<[u32; 4]>,
    /// Which of the members are those of `details`.
    details: Range<u32>,
    /// Begin and end of the record itself.
    extent: Range<usize>,
    has_backslash: bool,
}

/// As many members as most records have, those of `details` included.
const USUAL_MEMBERS: usize = 40;

impl<'a> MemberIndex<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            text,
            members: Vec::with_capacity(USUAL_MEMBERS),
            details: 0..0,
            extent: 0..0,
            has_backslash: false,
        }
    }

    /// Notes where the record is.
    pub(crate) fn note_extent(&mut self, extent: Range<usize>) {
        self.extent = extent;
    }

    /// Returns the record's text.
    pub(crate) fn record(&self) -> Option<&'a str> {
        self.text.get(self.extent.clone())
    }

    /// Notes a member.
    #[inline]
    pub(crate) fn note(&mut self, name: Name, begin: usize, end: usize) {
        // A body of four gigabytes is refused long before.
        let offset = |at: usize| u32::try_from(at).unwrap_or_default();
        self.members.push([
            offset(name.begin),
            offset(name.end),
            offset(begin),
            offset(end),
        ]);
    }

    /// Notes the members of `details`. Returns where it ends.
    pub(crate) fn note_details(&mut self, scan: &mut Scan<'a>, begin: usize) -> Option<usize> {
        // Of repeated ones the last counts, and the members of those before are nobody's.
        self.members.drain(self.details());
        self.details = 0..0;
        if scan.byte(begin)? != b'{' {
            return scan.value_end(begin);
        }
        let first = self.member_count();
        let end = scan.object_end(begin, |scan, name, value| {
            let end = scan.value_end(value)?;
            self.note(name, value, end);
            Some(end)
        });
        self.details = first..self.member_count();
        end
    }

    fn member_count(&self) -> u32 {
        // Each takes bytes of a body, which are fewer.
        u32::try_from(self.members.len()).unwrap_or_default()
    }

    /// Returns which of the members are those of `details`.
    fn details(&self) -> Range<usize> {
        let index = |index: u32| usize::try_from(index).unwrap_or_default();
        index(self.details.start)..index(self.details.end)
    }

    /// Notes whether some string so far held an escape.
    pub(crate) fn note_backslash(&mut self, scan: &Scan<'_>) {
        self.has_backslash = scan.has_backslash();
    }

    fn slices(&self, range: Range<usize>) -> impl Iterator<Item = (&'a str, &'a str)> {
        let members = self.members.get(range).unwrap_or_default();
        let slice = |begin: u32, end: u32| {
            let begin = usize::try_from(begin).ok()?;
            self.text.get(begin..usize::try_from(end).ok()?)
        };
        members
            .iter()
            .filter_map(move |[begin, end, value, value_end]| {
                Some((slice(*begin, *end)?, slice(*value, *value_end)?))
            })
    }
}

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
    /// Finds the members of a record that was read with its body.
    pub(crate) fn from_index(index: &MemberIndex<'a>) -> Self {
        let mut record = Self {
            no_escapes: !index.has_backslash,
            ..Self::default()
        };
        let details = index.details();
        let members = || {
            let after = index.slices(details.end..index.members.len());
            index.slices(0..details.start).chain(after)
        };
        for (name, json) in members() {
            match with_name(name, record.no_escapes, |name| record.own.field(name)) {
                Some(field) => *field = Some(json),
                None => record.others.push((name, json)),
            }
        }
        if index.has_backslash {
            // What cannot be decoded fills no field, and stays with what we do not know.
            for (name, json) in members() {
                if let Some(field) = with_name(name, false, |name| record.own.field(name))
                    && *field == Some(json)
                    && !is_readable(json)
                {
                    *field = None;
                    record.others.push((name, json));
                }
            }
        }
        for (name, json) in index.slices(details.clone()) {
            if let Some(field) =
                with_name(name, record.no_escapes, |name| record.details.field(name))
            {
                *field = Some(json);
            }
        }
        repeats::leave_last_of_each(&mut record.others, record.no_escapes);
        if index.has_backslash {
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

    /// Reads the record that a text is; other text has no members.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut index = MemberIndex::of(text);
        let mut scan = Scan::of(text);
        let begin = skip_white_space(text.as_bytes(), 0);
        let _end = scan.object_end(begin, |scan, name, value| {
            let is_details = name_of(text, name).as_ref() == b"details";
            let end = if is_details {
                index.note_details(scan, value)
            } else {
                scan.value_end(value)
            }?;
            index.note(name, value, end);
            Some(end)
        });
        index.note_backslash(&scan);
        Self::from_index(&index)
    }
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
