//! What a body holds, and how much of it is kept.

use std::borrow::Cow;

use crate::{LogEvent, MAX_UNPACKED_BYTES, RejectReason, Unreadable};

/// What a body holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// Its log events, in their order.
    pub log_events: Vec<LogEvent<'a>>,
    /// Its elements or lines that are no log events.
    pub rejects: Vec<Reject<'a>>,
    limits: ElementLimits,
    /// The limit that is exceeded; then nothing is kept any more.
    excess: Option<Unreadable>,
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
}

impl ElementLimits {
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

    /// Itself, unless a limit is exceeded.
    pub(super) fn checked(self) -> Result<Self, Unreadable> {
        match self.excess {
            Some(excess) => Err(excess),
            None => Ok(self),
        }
    }

    /// The same with nothing borrowed from its text.
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
            limits: self.limits,
            excess: self.excess,
        }
    }

    /// Whether there is no element and no line at all.
    pub fn is_empty(&self) -> bool {
        self.log_events.is_empty() && self.rejects.is_empty()
    }

    pub(super) fn add(&mut self, log_event: LogEvent<'a>) {
        if self.has_room() {
            self.log_events.push(log_event);
        }
    }

    pub(super) fn reject(&mut self, reject: Reject<'a>) {
        let limit = self.limits.rejects;
        if self.rejects.len() >= limit {
            self.exceed(Unreadable::TooManyRejects { limit });
        } else if self.has_room() {
            self.rejects.push(reject);
        }
    }

    fn has_room(&mut self) -> bool {
        let limit = self.limits.elements;
        if self.log_events.len() + self.rejects.len() >= limit {
            self.exceed(Unreadable::TooManyElements { limit });
        }
        self.excess.is_none()
    }

    fn exceed(&mut self, excess: Unreadable) {
        self.excess.get_or_insert(excess);
        self.log_events = Vec::new();
        self.rejects = Vec::new();
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
