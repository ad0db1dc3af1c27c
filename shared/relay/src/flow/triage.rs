//! What a trigger brought, sorted: log events that pass, and dead letters for what is none.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tenant_logs::{
    DeadLetter, DeadLetterEvent, Keep, LargeBody, LogEvent, Redaction, Reject, RejectReason,
    Timestamp, Unparsed, Unreadable, known_event_type, shows_its_event,
};

use crate::counters::{InvocationCounters, Kinds};
use crate::flow::portions::Arrival;
use crate::flow::{ComesAgain, IncomingBody, Marks, OnExhaustion, Relay, Stays};
use crate::ports::Sink;

/// The sorted content of some bodies.
pub(super) struct Triage<'a> {
    /// When the invocation began: the time of its dead letters.
    pub(super) begun: Timestamp,
    pub(super) accepted: Vec<Accepted<'a>>,
    /// Log events out of dead letters, by the index of the one sink that their dead letter names.
    pub(super) returned: BTreeMap<usize, Vec<Accepted<'a>>>,
    pub(super) rejected: Vec<Rejected<'a>>,
    pub(super) counters: InvocationCounters,
    pub(super) kinds: Kinds,
}

/// A log event that goes to the sinks, and the body it came in.
pub(super) struct Accepted<'a> {
    pub(super) origin: Origin<'a>,
    /// Its place among the log events of its body, if it can come again alone; a dead letter brings again all that it holds,
    /// and an envelope may tell what nothing else does.
    pub(super) place: Option<usize>,
    pub(super) log_event: LogEvent<'a>,
}

/// A body that brings log events: its position, and what its trigger says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) position: usize,
    pub(super) trace_id: Option<&'a str>,
    pub(super) sinks: Option<&'a str>,
    /// Whether it is for a sink that the function does not have.
    pub(super) is_for_others: bool,
    pub(super) waits_since: Option<Timestamp>,
    /// Whether it lay among the dead letters.
    pub(super) is_returned: bool,
    pub(super) stays: Option<Stays<'a>>,
    pub(super) comes_again: ComesAgain,
}

impl<'a> Origin<'a> {
    fn of(position: usize, body: &IncomingBody<'a>) -> Self {
        Self {
            position,
            trace_id: body.trace_id,
            sinks: body.sinks,
            is_for_others: false,
            waits_since: body.waits_since,
            is_returned: body.is_returned,
            stays: body.stays,
            comes_again: body.comes_again,
        }
    }

    /// The place of one of its log events, if that can come again alone: as it came, so it is asked before anything of it is
    /// changed.
    fn place_alone(&self, place: usize, log_event: &LogEvent<'_>) -> Option<usize> {
        let is_alone = self.comes_again == ComesAgain::InPart && log_event.stands_alone();
        is_alone.then_some(place)
    }

    /// Whether it is for a sink.
    pub(super) fn is_for(&self, sink: &str) -> bool {
        let mut names = self.named_sinks().peekable();
        names.peek().is_none() || names.any(|name| name == sink)
    }

    /// The sinks that it names.
    pub(super) fn named_sinks(&self) -> impl Iterator<Item = &'a str> {
        let names = self.sinks.unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty())
    }
}

/// What is no log event, as a dead letter.
pub(super) struct Rejected<'a> {
    pub(super) origin: Origin<'a>,
    pub(super) dead_letter: DeadLetter<'a>,
    /// Whether it lay among the dead letters before.
    pub(super) is_returned: bool,
}

impl Rejected<'_> {
    /// Whether its text is left out of its dead letter, and nobody was told before.
    pub(super) fn is_newly_withheld(&self) -> bool {
        !self.is_returned && self.dead_letter.event.is_withheld()
    }
}

impl<S: Sink, L, D> Relay<S, L, D> {
    /// Filters and redacts the log events, and writes a dead letter for each element that is none.
    pub(super) fn take_in<'a>(&'a self, portion: Vec<Arrival<'a>>, begun: Timestamp) -> Triage<'a> {
        let mut triage = Triage {
            begun,
            accepted: Vec::new(),
            returned: BTreeMap::new(),
            rejected: Vec::new(),
            counters: InvocationCounters::default(),
            kinds: Kinds::default(),
        };
        for arrival in portion {
            self.take_body(arrival, &mut triage);
        }
        triage
    }

    fn take_body<'a>(&'a self, Arrival { position, body }: Arrival<'a>, triage: &mut Triage<'a>) {
        let origin = Origin::of(position, &body);
        let is_for_others = self.others(&origin).next().is_some();
        let origin = Origin {
            is_for_others,
            ..origin
        };
        triage.counters.received += body.left_out;
        triage.counters.filtered += body.left_out;
        let parsed = match body.parsed {
            Ok(parsed) => parsed,
            Err(unreadable) => {
                triage.counters.received += 1;
                triage.counters.unreadable += 1;
                let dead_letter =
                    self.dead_letter_of_body(unreadable, body.body, body.large, triage.begun);
                triage.reject(origin, dead_letter);
                return;
            }
        };
        triage.counters.received += parsed.log_events.len() + parsed.rejects.len();
        triage.accepted.reserve(parsed.log_events.len());
        if body.is_returned && parsed.is_empty() {
            triage.counters.received += 1;
            self.set_empty_aside(body.body, origin, triage);
        }
        let before = parsed.log_events_before();
        for (place, log_event) in parsed.log_events.into_iter().enumerate() {
            let accepted = Accepted {
                origin,
                place: origin.place_alone(before + place, &log_event),
                log_event,
            };
            match self.accept(accepted, body.marks, triage) {
                Some(stopped) if body.is_returned => self.set_filtered_aside(stopped, triage),
                Some(_) => triage.counters.filtered += 1,
                None => {}
            }
        }
        for reject in parsed.rejects {
            if (body.is_others)(&reject) {
                triage.counters.filtered += 1;
            } else {
                self.reject(reject, origin, triage);
            }
        }
    }

    /// Takes a log event for every sink; returns it, not counted yet, if the filter stops it.
    pub(super) fn accept<'a>(
        &self,
        mut accepted: Accepted<'a>,
        marks: Marks,
        triage: &mut Triage<'a>,
    ) -> Option<Accepted<'a>> {
        let log_event = &mut accepted.log_event;
        let is_believed = match marks {
            Marks::TakenOut => false,
            Marks::OfOurEnvelopes => log_event.is_enveloped_by_us(),
            Marks::Believed => true,
        };
        if !is_believed {
            log_event.take_out_marks();
        }
        self.redaction.identify(log_event, random_log_id);
        triage.note_type(&accepted.log_event);
        if !self.filter.passes(accepted.log_event.event_type()) {
            return Some(accepted);
        }
        if self.redaction.redact(&mut accepted.log_event) {
            triage.counters.redacted += 1;
        }
        triage.accepted.push(accepted);
        None
    }

    fn reject<'a>(&'a self, reject: Reject<'a>, origin: Origin<'a>, triage: &mut Triage<'a>) {
        // Nobody packs dead letters into other texts, so one that came like that goes back to where it lay.
        if let Cow::Borrowed(text) = reject.text
            && reject.reason == RejectReason::DeadLetter
            && self.replay_destinations.is_some()
        {
            self.take_back(text, origin, triage);
        } else {
            triage.reject(origin, self.reject_dead_letter(reject, triage.begun));
        }
    }

    fn reject_dead_letter<'a>(&'a self, reject: Reject<'a>, at: Timestamp) -> DeadLetter<'a> {
        let reason = reject.to_string();
        if let Some(event) = readable(&reject, &self.redaction) {
            return self.dead_letter_of(reason, event, at);
        }
        let text = match reject.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        self.unparsed_dead_letter(reason, text, at)
    }

    /// How much is kept of a body that cannot be read: a webhook refuses it, and its sender has it; behind every other
    /// trigger it is acknowledged.
    fn kept_of_bodies(&self) -> Keep {
        match self.on_exhaustion {
            OnExhaustion::SetAside => Keep::Beginning,
            OnExhaustion::HandBack => Keep::Whole,
        }
    }

    /// A dead letter for text that cannot be parsed. Where a redaction is set, which cannot be applied to it, it may be
    /// withheld.
    pub(super) fn unparsed_dead_letter<'a>(
        &'a self,
        reason: String,
        text: Cow<'a, [u8]>,
        at: Timestamp,
    ) -> DeadLetter<'a> {
        let unparsed = Unparsed::new(text, self.kept_at_most(Keep::Whole), &self.redaction);
        self.dead_letter_of(reason, DeadLetterEvent::Unparsed(unparsed), at)
    }

    /// The same for a body that cannot be read as a whole, held or not.
    fn dead_letter_of_body<'a>(
        &'a self,
        unreadable: Unreadable,
        body: &'a [u8],
        large: Option<&'a LargeBody>,
        at: Timestamp,
    ) -> DeadLetter<'a> {
        let keep = self.kept_at_most(self.kept_of_bodies());
        let unparsed = match large {
            Some(large) => Unparsed::of_large(large, keep, &self.redaction),
            None => Unparsed::new(body, keep, &self.redaction),
        };
        self.dead_letter_of(
            unreadable.to_string(),
            DeadLetterEvent::Unparsed(unparsed),
            at,
        )
    }

    fn kept_at_most(&self, keep: Keep) -> Keep {
        let is_withheld = self.withholds_unreadable && !self.redaction.is_empty();
        if is_withheld { Keep::Nothing } else { keep }
    }

    /// A dead letter of what reached no sink.
    pub(super) fn dead_letter_of<'a>(
        &'a self,
        reason: String,
        event: DeadLetterEvent<'a>,
        at: Timestamp,
    ) -> DeadLetter<'a> {
        DeadLetter {
            reason: reason.into(),
            at,
            function: self.function,
            sink: None,
            tenant: self.tenant.as_str(),
            log_id: None,
            event,
        }
    }
}

/// An identifier that nothing can be told from.
fn random_log_id() -> String {
    let (first, second) = (fastrand::u128(..), fastrand::u128(..));
    format!("{first:032x}{second:032x}")
}

impl<'a> Triage<'a> {
    /// Takes the dead letter of what is no log event.
    fn reject(&mut self, origin: Origin<'a>, dead_letter: DeadLetter<'a>) {
        self.rejected.push(Rejected {
            origin,
            dead_letter,
            is_returned: false,
        });
    }

    /// Takes the dead letter of what lay among the dead letters before.
    pub(super) fn reject_again(&mut self, origin: Origin<'a>, dead_letter: DeadLetter<'a>) {
        self.rejected.push(Rejected {
            origin,
            dead_letter,
            is_returned: true,
        });
    }

    pub(super) fn note_type(&mut self, log_event: &LogEvent<'_>) {
        match log_event.event_type().and_then(known_event_type) {
            Some(known) => self.kinds.note(known),
            None => self.counters.unrecognized += 1,
        }
    }
}

/// Returns an element that is JSON, redacted; `None` if it is none, or if redaction cannot be applied to it.
fn readable<'a>(reject: &Reject<'a>, redaction: &Redaction) -> Option<DeadLetterEvent<'a>> {
    match reject.reason {
        RejectReason::Syntax { .. } => None,
        // What it carries is packed or cannot be read, so that no redaction reaches it.
        RejectReason::DeadLetter if !redaction.is_empty() && !shows_its_event(&reject.text) => None,
        RejectReason::Carrier { .. } if !redaction.is_empty() => None,
        RejectReason::NotAnObject
        | RejectReason::NotALogEvent
        | RejectReason::BrokenWrapper
        | RejectReason::LooksLike { .. }
        | RejectReason::Carrier { .. }
        | RejectReason::TooDeep { .. }
        | RejectReason::DeadLetter => {
            let json = if redaction.is_empty() {
                reject.text.clone()
            } else {
                redaction.redact_anywhere(&reject.text)?.into()
            };
            Some(DeadLetterEvent::Json(json))
        }
    }
}
