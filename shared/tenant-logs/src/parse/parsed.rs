//! What a body holds, and how much of it is kept.

use std::borrow::Cow;
use std::fmt;

use super::remainder::{Place, Remainder};
use crate::{LogEvent, MAX_UNPACKED_BYTES, RejectReason, Unreadable};

/// What a body holds, or a portion of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// Its log events, in their order.
    pub log_events: Vec<LogEvent<'a>>,
    /// Its elements or lines that are no log events.
    pub rejects: Vec<Reject<'a>>,
    /// Where the body goes on, if it has more elements than are held at once.
    pub remainder: Option<Remainder<'a>>,
    limits: ElementLimits,
    /// The limit that is exceeded; then nothing is kept any more.
    excess: Option<Unreadable>,
    /// The elements before this one are another portion's.
    begin: usize,
    /// The elements from this one on are, too; `None` as long as there is room.
    end: Option<usize>,
    seen: Seen,
    /// Bytes of the elements that are held.
    bytes: usize,
    /// Whether the body was read to its end before.
    goes_on: bool,
}

/// The elements that were seen so far, kept or not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    log_events: usize,
    rejects: usize,
    /// Those of the log events that are another portion's, before this one.
    skipped: usize,
}

/// Whose element the next one is.
enum Turn {
    /// An earlier portion's.
    Before,
    Now,
    /// A later portion's, or nobody's where a limit is exceeded.
    After,
}

/// How many elements a body may have, so that memory is bounded by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElementLimits {
    /// Elements or lines, log events or not.
    pub elements: usize,
    /// Elements or lines that are no log events: each becomes a dead letter, which is larger than it.
    pub rejects: usize,
    /// Bytes that texts within the body may have when they are unpacked, all of them together.
    pub unpacked_bytes: usize,
    /// Elements or lines that are held at once: a small one takes many times its bytes.
    pub at_once: usize,
    /// Bytes of the elements that are held at once, with a comma after each; a larger element is held alone.
    pub bytes_at_once: usize,
}

impl ElementLimits {
    /// Elements that are held at once of one body, and about as many of several: each takes half a kilobyte on its way beside
    /// its text. A message's million bytes of events as large as Auth0's are fewer.
    pub const AT_ONCE: usize = 2_000;

    /// The limits behind a queue, a stream or a topic, which bring again what is not acknowledged: as many elements as a body
    /// of the webhook's own limit may have. What holds more becomes one dead letter.
    pub const BEHIND_TRIGGERS: Self = Self {
        unpacked_bytes: MAX_UNPACKED_BYTES,
        bytes_at_once: usize::MAX,
        ..Self::of(6_291_456)
    };

    /// The limits of a body of at most so many bytes. What is held at once is what a queue or a topic takes at once; only of
    /// log events that are smaller than Auth0's it is less.
    pub const fn of(max_body_bytes: usize) -> Self {
        Self {
            elements: if max_body_bytes < 64 {
                1
            } else {
                max_body_bytes / 64
            },
            rejects: 1_000,
            unpacked_bytes: max_body_bytes,
            at_once: Self::AT_ONCE,
            bytes_at_once: 1_000_000,
        }
    }
}

impl Default for ElementLimits {
    /// No limits.
    fn default() -> Self {
        Self {
            elements: usize::MAX,
            rejects: usize::MAX,
            unpacked_bytes: MAX_UNPACKED_BYTES,
            at_once: usize::MAX,
            bytes_at_once: usize::MAX,
        }
    }
}

impl<'a> Parsed<'a> {
    pub(super) fn within(limits: ElementLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// The next portion of a body that was read to its end before, and was within its limits then.
    pub(super) fn going_on(seen: Seen, begin: usize, limits: ElementLimits) -> Self {
        Self {
            limits: ElementLimits {
                elements: usize::MAX,
                rejects: usize::MAX,
                ..limits
            },
            begin,
            seen: Seen {
                skipped: seen.log_events,
                ..seen
            },
            goes_on: true,
            ..Self::default()
        }
    }

    /// For what lies within an element: it counts on from here, and is absorbed once it is read.
    pub(super) fn inner<'b>(&self) -> Parsed<'b> {
        Parsed {
            limits: self.limits,
            begin: self.begin,
            end: self.end,
            seen: self.seen,
            bytes: self.bytes,
            ..Parsed::default()
        }
    }

    /// Takes what lay within an element, changed by where it lay.
    pub(super) fn absorb(
        &mut self,
        inner: Self,
        log_event: impl FnMut(LogEvent<'a>) -> LogEvent<'a>,
        reject: impl FnMut(Reject<'a>) -> Reject<'a>,
    ) {
        (self.seen, self.end, self.bytes) = (inner.seen, inner.end, inner.bytes);
        match inner.excess {
            Some(excess) => self.exceed(excess),
            None if self.excess.is_some() => {}
            None => {
                let log_events = inner.log_events.into_iter().map(log_event);
                self.log_events.extend(log_events);
                self.rejects.extend(inner.rejects.into_iter().map(reject));
            }
        }
    }

    /// Itself, unless a limit is exceeded.
    pub(super) fn checked(self) -> Result<Self, Unreadable> {
        match self.excess {
            Some(excess) => Err(excess),
            None => Ok(self),
        }
    }

    /// The same with nothing borrowed from its text. Where that goes on is known to what it lies in.
    pub(super) fn into_owned(self) -> Parsed<'static> {
        let log_events = self.log_events.into_iter().map(LogEvent::into_owned);
        let rejects = self.rejects.into_iter().map(|reject| Reject {
            text: Cow::Owned(reject.text.into_owned()),
            reason: reject.reason,
            envelope_type: reject
                .envelope_type
                .map(|text| Cow::Owned(text.into_owned())),
            carried_in: reject.carried_in,
        });
        Parsed {
            log_events: log_events.collect(),
            rejects: rejects.collect(),
            remainder: None,
            limits: self.limits,
            excess: self.excess,
            begin: self.begin,
            end: self.end,
            seen: self.seen,
            bytes: self.bytes,
            goes_on: self.goes_on,
        }
    }

    /// Whether there is no element and no line at all.
    pub fn is_empty(&self) -> bool {
        self.log_events.is_empty() && self.rejects.is_empty()
    }

    /// How many log events of the body come before these.
    pub fn log_events_before(&self) -> usize {
        self.seen.skipped
    }

    /// Whether a limit is exceeded, so that nothing is kept any more.
    pub(super) fn is_over(&self) -> bool {
        self.excess.is_some()
    }

    /// What was seen before the next element.
    pub(super) fn seen(&self) -> Seen {
        self.seen
    }

    /// Notes that the body goes on at this place, where its last element is the first of them that is a later portion's.
    /// Returns whether this portion is all that is wanted.
    pub(super) fn note_place(&mut self, place: impl FnOnce() -> Place<'a>) -> bool {
        let Some(end) = self.end.filter(|_| self.excess.is_none()) else {
            return false;
        };
        let limits = self.limits;
        self.remainder
            .get_or_insert_with(|| Remainder::new(place(), end, limits));
        self.goes_on
    }

    pub(super) fn add(&mut self, log_event: LogEvent<'a>) {
        let turn = self.turn(log_event.text().len());
        self.seen.log_events += 1;
        match turn {
            Turn::Before => self.seen.skipped += 1,
            Turn::Now => self.log_events.push(log_event),
            Turn::After => {}
        }
    }

    pub(super) fn reject(&mut self, reject: Reject<'a>) {
        let limit = self.limits.rejects;
        if self.seen.rejects >= limit {
            self.exceed(Unreadable::TooManyRejects { limit });
        }
        let turn = self.turn(reject.text.len());
        self.seen.rejects += 1;
        match turn {
            Turn::Now => self.rejects.push(reject),
            Turn::Before | Turn::After => {}
        }
    }

    fn turn(&mut self, bytes: usize) -> Turn {
        let limit = self.limits.elements;
        let number = self.seen.elements();
        if number >= limit {
            self.exceed(Unreadable::TooManyElements { limit });
        }
        if self.excess.is_some() || self.end.is_some() {
            return Turn::After;
        }
        if number < self.begin {
            return Turn::Before;
        }
        let with_this = self.bytes.saturating_add(bytes + ",".len());
        let has_room = with_this <= self.limits.bytes_at_once || number == self.begin;
        if number - self.begin < self.limits.at_once && has_room {
            self.bytes = with_this;
            Turn::Now
        } else {
            self.end = Some(number);
            Turn::After
        }
    }

    fn exceed(&mut self, excess: Unreadable) {
        self.excess.get_or_insert(excess);
        self.log_events = Vec::new();
        self.rejects = Vec::new();
        self.remainder = None;
    }
}

impl Seen {
    fn elements(self) -> usize {
        self.log_events + self.rejects
    }
}

/// An element or line that is no log event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject<'a> {
    /// The element's or line's own text.
    pub text: Cow<'a, str>,
    /// Why it is none.
    pub reason: RejectReason,
    /// The type that its envelope names, where it came in one: another publisher's, perhaps.
    pub envelope_type: Option<Cow<'a, str>>,
    /// The form of what carried it, where something did.
    pub carried_in: Option<&'static str>,
}

impl<'a> Reject<'a> {
    pub(super) fn new(text: impl Into<Cow<'a, str>>, reason: RejectReason) -> Self {
        Self {
            text: text.into(),
            reason,
            envelope_type: None,
            carried_in: None,
        }
    }
}

/// Why it is no log event, and what it lay in.
impl fmt::Display for Reject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(formatter)?;
        match self.carried_in {
            Some(form) => write!(formatter, ", within {form}"),
            None => Ok(()),
        }
    }
}
