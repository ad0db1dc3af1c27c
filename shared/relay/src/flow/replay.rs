//! Dead letters that come back: to the one sink that they name, or, where no sink ever saw them, to all. A sink that only
//! leads here, a queue or a topic, is none.
//!
//! What cannot be replayed is set aside again with all that its dead letter held, so that nothing is lost by trying.

use std::borrow::Cow;

use tenant_logs::{DeadLetter, DeadLetterEvent, ElementLimits, LogEvent, Timestamp, parse_within};

use crate::flow::triage::{Accepted, Origin, Triage};
use crate::flow::{Destination, Marks, Relay};
use crate::ports::Sink;

/// Begins the reason of what could not be replayed.
const NOT_REPLAYED: &str = "cannot be replayed: ";
/// Stands between the reason why a dead letter could not be replayed and the first one.
const BEFORE: &str = "; set aside before: ";

/// What a dead letter holds, and for whom.
enum Opened {
    /// One log event for the sink at this index.
    ForOne(usize, Box<LogEvent<'static>>),
    /// Log events that no sink ever saw, and whether something else was among them.
    ForAll(Vec<LogEvent<'static>>, bool),
}

/// Why what came back is set aside again although it is a log event.
const FILTERED: &str = "a filter stops it";

impl<S: Sink, L, D> Relay<S, L, D> {
    /// Every sink that a dead letter may name, the destinations of all log events first.
    pub(super) fn all_destinations(&self) -> impl Iterator<Item = &Destination<S>> {
        let more = self.replay_destinations.iter().flatten();
        self.destinations.iter().chain(more)
    }

    /// Takes a dead letter for the sink that it names, or for all.
    pub(super) fn take_back<'a>(
        &'a self,
        text: &'a str,
        origin: Origin<'a>,
        triage: &mut Triage<'a>,
    ) {
        let Some(dead_letter) = DeadLetter::read(text) else {
            triage.reject_again(origin, self.damaged(text, triage.begun));
            return;
        };
        let accepted = |log_event| Accepted {
            origin,
            place: None,
            log_event,
        };
        let why_again = match self.open(&dead_letter) {
            Ok(Opened::ForOne(index, mut log_event)) => {
                // It passed the filter of the function that set it aside, whose filter may be another one.
                triage.note_type(&log_event);
                if self.redaction.redact(&mut log_event) {
                    triage.counters.redacted += 1;
                }
                let returned = triage.returned.entry(index).or_default();
                returned.push(accepted(*log_event));
                None
            }
            Ok(Opened::ForAll(log_events, has_rejects)) => {
                let marks = match dead_letter.log_id {
                    Some(_) => Marks::Believed,
                    // It was no log event, so what it says of itself is its sender's.
                    None => Marks::TakenOut,
                };
                let (mut passed, mut is_filtered) = (0, false);
                for log_event in log_events {
                    match self.accept(accepted(log_event), marks, triage) {
                        Some(_) => is_filtered = true,
                        None => passed += 1,
                    }
                }
                let why_again = match (has_rejects, is_filtered) {
                    (true, _) => Some("some of it is still no log event".into()),
                    (false, true) => Some(FILTERED.into()),
                    (false, false) => None,
                };
                // It has counted as one, which it still is where it is set aside again, beside what passed of it.
                triage.counters.received += passed - usize::from(why_again.is_none());
                why_again
            }
            Err(why) => Some(why),
        };
        if let Some(why) = why_again {
            triage.reject_again(origin, self.again(dead_letter, &why, triage.begun));
        }
    }

    /// Sets a log event aside again that came back without a dead letter around it, and that a filter stops today.
    pub(super) fn set_filtered_aside<'a>(
        &'a self,
        mut stopped: Accepted<'a>,
        triage: &mut Triage<'a>,
    ) {
        self.redaction.redact(&mut stopped.log_event);
        let log_id = stopped.log_event.log_id().to_owned();
        let event = DeadLetterEvent::Json(stopped.log_event.text().to_owned().into());
        let reason = format!("{NOT_REPLAYED}{FILTERED}");
        let dead_letter = DeadLetter {
            log_id: Some(log_id.into()),
            ..self.dead_letter_of(reason, event, triage.begun)
        };
        triage.reject_again(stopped.origin, dead_letter);
    }

    /// Sets a body aside again that came back without a dead letter around it, and that has no element at all.
    pub(super) fn set_empty_aside<'a>(
        &'a self,
        body: &'a [u8],
        origin: Origin<'a>,
        triage: &mut Triage<'a>,
    ) {
        let reason = format!("{NOT_REPLAYED}there is no log event in it");
        let dead_letter = self.unparsed_dead_letter(reason, body.into(), triage.begun);
        triage.reject_again(origin, dead_letter);
    }

    /// Finds the log events of a dead letter, or says why it cannot be replayed.
    fn open(&self, dead_letter: &DeadLetter<'_>) -> Result<Opened, Cow<'static, str>> {
        let Some(text) = dead_letter.event.whole_text() else {
            return Err("the dead letter has not all of the event".into());
        };
        // Its log events are held all at once: each may be for another sink than the next.
        let limits = ElementLimits {
            at_once: usize::MAX,
            ..ElementLimits::BEHIND_TRIGGERS
        };
        let parsed = parse_within(&text, limits).map_err(|unreadable| unreadable.to_string())?;
        let (mut log_events, rejects) = (parsed.log_events, parsed.rejects);
        let sink = dead_letter.sink;
        let Some(sink) = sink.filter(|sink| !self.leads_here.contains(sink)) else {
            if log_events.is_empty() {
                return Err("there is still no log event in it".into());
            }
            let log_events = log_events.into_iter().map(LogEvent::into_owned);
            return Ok(Opened::ForAll(log_events.collect(), !rejects.is_empty()));
        };
        let mut destinations = self.all_destinations();
        let index = destinations.position(|destination| destination.sink.name() == sink);
        let index = index.ok_or_else(|| format!("this function has no sink `{sink}`"))?;
        match log_events.pop() {
            Some(log_event) if log_events.is_empty() && rejects.is_empty() => {
                Ok(Opened::ForOne(index, Box::new(log_event.into_owned())))
            }
            Some(_) | None => Err("its event is not one log event".into()),
        }
    }

    /// The dead letter once more, with the reason why it could not be replayed in front of the first one.
    fn again<'a>(
        &'a self,
        dead_letter: DeadLetter<'a>,
        why: &str,
        at: Timestamp,
    ) -> DeadLetter<'a> {
        let first = dead_letter.reason.rsplit(BEFORE).next().unwrap_or_default();
        DeadLetter {
            reason: format!("{NOT_REPLAYED}{why}{BEFORE}{first}").into(),
            at,
            function: self.function,
            ..dead_letter
        }
    }

    /// A dead letter around one that cannot be read. It lay among the dead letters before, so nothing of it is withheld.
    fn damaged<'a>(&'a self, text: &'a str, at: Timestamp) -> DeadLetter<'a> {
        let reason = "a dead letter that cannot be read".to_owned();
        self.dead_letter_of(reason, DeadLetterEvent::Json(text.into()), at)
    }
}

#[cfg(test)]
mod tests;
