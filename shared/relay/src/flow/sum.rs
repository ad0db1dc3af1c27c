//! What became of an invocation's portions, added up as they are done.

use crate::counters::{Counted, SinkCounters};
use crate::flow::rests::Returning;
use crate::flow::triage::{Accepted, Rejected, Triage};
use crate::flow::{Fate, Outcome, Relay};
use crate::ports::Sink;

/// A portion that every sink has had its time for.
pub(super) struct DeliveredPortion<'a> {
    pub(super) triage: Triage<'a>,
    /// First of all log events at each destination, then of those of dead letters at theirs.
    pub(super) at_sinks: Vec<AtSink>,
}

/// What became of log events at one sink.
pub(super) struct AtSink {
    pub(super) sink: &'static str,
    pub(super) fates: Vec<Fate>,
    pub(super) counters: SinkCounters,
}

/// What became of some portions.
#[derive(Default)]
pub(super) struct Sum<'a> {
    pub(super) outcome: Outcome,
    pub(super) counted: Counted,
    pub(super) returning: Returning,
    /// What is no log event: set aside once it is known whether its body comes again whole.
    pub(super) rejected: Vec<Rejected<'a>>,
}

impl<S: Sink, L, D> Relay<S, L, D> {
    /// Adds a portion.
    pub(super) fn add_portion(&self, delivered: DeliveredPortion<'_>, sum: &mut Sum<'_>) {
        let DeliveredPortion { triage, at_sinks } = delivered;
        sum.outcome.received += triage.counters.received;
        sum.outcome.filtered += triage.counters.filtered;
        let fates: Vec<&[Fate]> = at_sinks.iter().map(|at| at.fates.as_slice()).collect();
        let (of_all, of_dead_letters) = fates
            .split_at_checked(self.destinations.len())
            .unwrap_or_default();
        sum.outcome.count(&triage.accepted, of_all);
        for (returned, fates) in triage.returned.values().zip(of_dead_letters) {
            sum.outcome.count(returned, &[*fates]);
        }
        self.note_rests(&triage, (of_all, of_dead_letters), &mut sum.returning);
        for at_sink in &at_sinks {
            sum.counted.add_sink(at_sink.sink, at_sink.counters);
        }
        if let Some((sink, counters)) = self.count_for_others(&triage) {
            sum.counted.add_sink(sink, counters);
        }
        sum.counted.add(&Counted {
            shared: triage.counters,
            kinds: triage.kinds,
            ..Counted::default()
        });
    }
}

impl Outcome {
    /// Adds what became of the accepted log events, over all sinks: the worst fate counts.
    fn count(&mut self, accepted: &[Accepted<'_>], fates: &[&[Fate]]) {
        for (position, accepted) in accepted.iter().enumerate() {
            let at_sinks = fates.iter().filter_map(|fates| fates.get(position));
            let worst = at_sinks.max().copied().unwrap_or(Fate::HandedBack);
            let for_others = accepted.origin.is_for_others.then_some(Fate::HandedBack);
            match for_others.map_or(worst, |fate| worst.max(fate)) {
                Fate::Filtered => self.filtered += 1,
                Fate::Delivered | Fate::Duplicate => self.delivered += 1,
                Fate::SetAside => self.set_aside += 1,
                // One that no sink was meant to get is not ours to acknowledge.
                fate @ (Fate::Elsewhere | Fate::HandedBack | Fate::Stopped) => {
                    self.handed_back.insert(accepted.origin.position);
                    self.must_stop |= fate == Fate::Stopped;
                    continue;
                }
            }
            let mut at_sinks = fates.iter().filter_map(|fates| fates.get(position));
            self.brought += usize::from(at_sinks.any(|fate| *fate == Fate::Delivered));
        }
    }
}
