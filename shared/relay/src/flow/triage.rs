//! What a trigger brought, sorted: log events that pass, and dead letters for what is none.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tenant_logs::{
    DeadLetter, DeadLetterEvent, LogEvent, Redaction, Reject, RejectReason, Timestamp,
    known_event_type,
};

use crate::counters::{InvocationCounters, Kinds};
use crate::deadline::Deadline;
use crate::flow::{IncomingBody, Relay};
use crate::ports::Sink;

/// The sorted content of some bodies.
pub(super) struct Triage<'a> {
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
    /// Its place among the log events of its body; `None` if a dead letter held it.
    pub(super) place: Option<usize>,
    pub(super) log_event: LogEvent<'a>,
}

/// A body that brings log events: its position, and what its trigger says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) position: usize,
    pub(super) trace_id: Option<&'a str>,
    pub(super) sinks: Option<&'a str>,
    pub(super) waits_since: Option<Timestamp>,
}

impl<'a> Origin<'a> {
    fn of(position: usize, body: &IncomingBody<'a>) -> Self {
        Self {
            position,
            trace_id: body.trace_id,
            sinks: body.sinks,
            waits_since: body.waits_since,
        }
    }

    /// Whether it is for a sink.
    pub(super) fn is_for(&self, sink: &str) -> bool {
        let named = |sinks: &str| sinks.split(',').any(|other| other.trim() == sink);
        self.sinks.is_none_or(named)
    }
}

/// What is no log event, as a dead letter.
pub(super) struct Rejected<'a> {
    pub(super) origin: usize,
    pub(super) dead_letter: DeadLetter<'a>,
}

impl<S: Sink, L, D> Relay<S, L, D> {
    /// Filters and redacts the log events, and writes a dead letter for each element that is none.
    pub(super) fn take_in<'a>(
        &'a self,
        bodies: Vec<IncomingBody<'a>>,
        deadline: &Deadline,
    ) -> Triage<'a> {
        let mut triage = Triage {
            accepted: Vec::new(),
            returned: BTreeMap::new(),
            rejected: Vec::new(),
            counters: InvocationCounters::default(),
            kinds: Kinds::default(),
        };
        for (position, arrival) in bodies.into_iter().enumerate() {
            let origin = Origin::of(position, &arrival);
            triage.counters.received += arrival.left_out;
            triage.counters.filtered += arrival.left_out;
            match arrival.parsed {
                Ok(parsed) => {
                    triage.counters.received += parsed.log_events.len() + parsed.rejects.len();
                    triage.accepted.reserve(parsed.log_events.len());
                    for (place, log_event) in parsed.log_events.into_iter().enumerate() {
                        let accepted = Accepted {
                            origin,
                            place: Some(place),
                            log_event,
                        };
                        self.accept(accepted, &mut triage);
                    }
                    for reject in parsed.rejects {
                        self.reject(reject, origin, deadline, &mut triage);
                    }
                }
                Err(unreadable) => {
                    triage.counters.received += 1;
                    triage.counters.unreadable += 1;
                    let reason = unreadable.to_string();
                    let dead_letter =
                        self.unparsed_dead_letter(reason, arrival.body.into(), deadline);
                    triage.rejected.push(Rejected {
                        origin: position,
                        dead_letter,
                    });
                }
            }
        }
        triage
    }

    /// Takes a log event for every sink, unless the filter stops it.
    pub(super) fn accept<'a>(&self, mut accepted: Accepted<'a>, triage: &mut Triage<'a>) {
        triage.note_type(&accepted.log_event);
        if !self.filter.passes(accepted.log_event.event_type()) {
            triage.counters.filtered += 1;
            return;
        }
        if self.redaction.redact(&mut accepted.log_event) {
            triage.counters.redacted += 1;
        }
        triage.accepted.push(accepted);
    }

    fn reject<'a>(
        &'a self,
        reject: Reject<'a>,
        origin: Origin<'a>,
        deadline: &Deadline,
        triage: &mut Triage<'a>,
    ) {
        // Nobody packs dead letters into other texts, so one that came like that goes back to where it lay.
        if let Cow::Borrowed(text) = reject.text
            && reject.reason == RejectReason::DeadLetter
            && self.replay_destinations.is_some()
        {
            self.take_back(text, origin, deadline, triage);
        } else {
            let dead_letter = self.reject_dead_letter(reject, deadline);
            triage.rejected.push(Rejected {
                origin: origin.position,
                dead_letter,
            });
        }
    }

    fn reject_dead_letter<'a>(&'a self, reject: Reject<'a>, deadline: &Deadline) -> DeadLetter<'a> {
        let reason = reject.reason.to_string();
        if let Some(event) = readable(&reject, &self.redaction) {
            return DeadLetter {
                event,
                ..self.unparsed_dead_letter(reason, Cow::Borrowed(&[]), deadline)
            };
        }
        let body = match reject.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        self.unparsed_dead_letter(reason, body, deadline)
    }

    /// A dead letter for text that cannot be parsed. It is withheld where a redaction is set that cannot be applied to it.
    pub(crate) fn unparsed_dead_letter<'a>(
        &'a self,
        reason: String,
        body: Cow<'a, [u8]>,
        deadline: &Deadline,
    ) -> DeadLetter<'a> {
        DeadLetter {
            reason: reason.into(),
            at: deadline.begun(),
            function: self.function,
            sink: None,
            tenant: self.tenant.as_str(),
            log_id: None,
            event: DeadLetterEvent::Unparsed {
                body,
                is_withheld: !self.redaction.is_empty(),
            },
        }
    }
}

impl Triage<'_> {
    pub(super) fn note_type(&mut self, log_event: &LogEvent<'_>) {
        match log_event.event_type().and_then(known_event_type) {
            Some(known) => self.kinds.note(known),
            None => self.counters.unrecognized += 1,
        }
    }
}

/// An element that is JSON, redacted; `None` if it is none, or if redaction cannot be applied to it.
fn readable<'a>(reject: &Reject<'a>, redaction: &Redaction) -> Option<DeadLetterEvent<'a>> {
    match reject.reason {
        RejectReason::Syntax { .. } => None,
        // Its event may be packed, where no redaction reaches it.
        RejectReason::DeadLetter if !redaction.is_empty() => None,
        RejectReason::NotAnObject
        | RejectReason::NotALogEvent
        | RejectReason::LooksLike { .. }
        | RejectReason::Carrier { .. }
        | RejectReason::TooDeep { .. }
        | RejectReason::DeadLetter => {
            let json = if redaction.is_empty() {
                reject.text.clone()
            } else {
                redaction.redact_object(&reject.text)?.into()
            };
            Some(DeadLetterEvent::Json(json))
        }
    }
}
