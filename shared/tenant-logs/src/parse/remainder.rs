//! Where a body goes on of which only some elements are held at once.
//!
//! The whole body is read before anything of it is used, so what comes later can be read, and is within the limits.

use super::carried::Room;
use super::elements::{read_array, read_packed, read_values};
use super::parsed::{ElementLimits, Parsed, Reject, Seen};
use super::tail;
use crate::{RejectReason, Unreadable};

/// What of a body was read and is not held: its next portion begins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remainder<'a> {
    place: Place<'a>,
    /// The first element of the next portion. What lies before it at the same place was another one's.
    begin: usize,
    limits: ElementLimits,
}

/// An element that stands in no other, and how much was read before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) stands_in: StandsIn,
    pub(super) offset: usize,
    pub(super) seen: Seen,
    pub(super) room: Room,
}

/// What the elements of a text are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StandsIn {
    /// An array, which other values may follow.
    Array,
    /// Values one after another.
    Values,
    /// Whatever is packed in base64.
    Base64,
}

impl<'a> Remainder<'a> {
    pub(super) fn new(place: Place<'a>, begin: usize, limits: ElementLimits) -> Self {
        Self {
            place,
            begin,
            limits,
        }
    }

    /// Reads the next portion.
    pub fn read(&self) -> Parsed<'a> {
        let Place {
            text,
            stands_in,
            offset,
            seen,
            mut room,
        } = self.place;
        let mut parsed = Parsed::going_on(seen, self.begin, self.limits);
        let room = &mut room;
        let read = match stands_in {
            StandsIn::Array => read_array(text, offset, room, &mut parsed),
            StandsIn::Values => read_values(text, offset, room, &mut parsed),
            StandsIn::Base64 => {
                let read = read_packed(text, offset, room, &mut parsed);
                read.ok_or(Unreadable::Empty)
            }
        };
        // It was read before, so it cannot fail here; if it did, it would be set aside.
        if read.is_err() {
            parsed.remainder = None;
            let reason = RejectReason::Syntax { offset: 0 };
            parsed.rejects.push(Reject::new(tail(text, offset), reason));
        }
        parsed
    }
}
