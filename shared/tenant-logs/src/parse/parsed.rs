//! What a body holds, and how much of it is kept.

use std::borrow::Cow;

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
    seen: Seen,
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
}

impl ElementLimits {
    /// Elements that are held at once, where they are not all: a body of usual log events has fewer.
    pub const AT_ONCE: usize = 4_096;

    /// The limits behind a queue, a stream or a topic, which bring again what is not acknowledged: as many elements as a body
    /// of the webhook's own limit may have. What holds more becomes one dead letter.
    pub const BEHIND_TRIGGERS: Self = Self {
        unpacked_bytes: MAX_UNPACKED_BYTES,
        ..Self::of(6_291_456)
    };

    /// The limits of a body of at most so many bytes.
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
    pub(super) fn going_on(seen: Seen, begin: usize, at_once: usize) -> Self {
        Self {
            limits: ElementLimits {
                at_once,
                ..ElementLimits::default()
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
            seen: self.seen,
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
        self.seen = inner.seen;
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
        });
        Parsed {
            log_events: log_events.collect(),
            rejects: rejects.collect(),
            remainder: None,
            limits: self.limits,
            excess: self.excess,
            begin: self.begin,
            seen: self.seen,
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

    /// What was seen before the next element.
    pub(super) fn seen(&self) -> Seen {
        self.seen
    }

    /// Notes that the body goes on at this place, where its last element is the first of them that is a later portion's.
    /// Returns whether this portion is all that is wanted.
    pub(super) fn note_place(&mut self, place: impl FnOnce() -> Place<'a>) -> bool {
        let end = self.begin.saturating_add(self.limits.at_once);
        if self.seen.elements() <= end || self.excess.is_some() {
            return false;
        }
        self.remainder
            .get_or_insert_with(|| Remainder::new(place(), end, self.limits.at_once));
        self.goes_on
    }

    pub(super) fn add(&mut self, log_event: LogEvent<'a>) {
        let turn = self.turn();
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
        let turn = self.turn();
        self.seen.rejects += 1;
        match turn {
            Turn::Now => self.rejects.push(reject),
            Turn::Before | Turn::After => {}
        }
    }

    fn turn(&mut self) -> Turn {
        let limit = self.limits.elements;
        let number = self.seen.elements();
        if number >= limit {
            self.exceed(Unreadable::TooManyElements { limit });
        }
        if self.excess.is_some() || number >= self.begin.saturating_add(self.limits.at_once) {
            Turn::After
        } else if number < self.begin {
            Turn::Before
        } else {
            Turn::Now
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
}
