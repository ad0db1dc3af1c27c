//! What must come again of bodies: alone what their sinks lack, where that can be told apart, because of many log events a
//! sink may lack one, or one of two sinks may lack all; else the whole body.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::comes_again::ComingAgain;
use crate::flow::triage::{Accepted, Origin, Triage};
use crate::flow::{Fate, Relay};
use crate::ports::Sink;

/// What some sinks lack of a body, of which the rest passed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// For each set of sinks, by their names, the places of what they lack among the body's log events. A name that the body
    /// came with and that is none of the function's sinks stays.
    pub lacking: BTreeMap<Vec<String>, Vec<usize>>,
}

/// What must come again of bodies, as far as their portions tell.
#[derive(Default)]
pub(super) struct Returning {
    rests: BTreeMap<usize, Rest>,
    /// Where something passed.
    has_passed: BTreeSet<usize>,
    whole: ComingAgain,
}

impl Returning {
    /// Whether a body comes again whole.
    pub(super) fn comes_whole(&self, origin: &Origin<'_>) -> bool {
        self.whole.has(origin)
    }

    /// Notes whether something passed that cannot come again alone: it is no log event, or was in a dead letter.
    pub(super) fn note_whole(&mut self, origin: &Origin<'_>, has_passed: bool) {
        if has_passed {
            self.has_passed.insert(origin.position);
        } else {
            self.whole.note(origin);
        }
    }

    /// Notes which sinks lack a log event, and whether it passed somewhere.
    fn note(&mut self, accepted: &Accepted<'_>, lacking: Vec<String>, has_passed: bool) {
        let position = accepted.origin.position;
        if has_passed {
            self.has_passed.insert(position);
        }
        if lacking.is_empty() {
            return;
        }
        match accepted.place {
            Some(place) => {
                let rest = self.rests.entry(position).or_default();
                rest.lacking.entry(lacking).or_default().push(place);
            }
            None => self.whole.note(&accepted.origin),
        }
    }

    /// Returns what alone must come again, by the positions of the bodies. A body is not among them whose trigger brings it
    /// again whole, or where nothing of it passed.
    pub(super) fn into_rests(self) -> BTreeMap<usize, Rest> {
        let Self {
            mut rests,
            has_passed,
            whole,
        } = self;
        rests.retain(|position, _| has_passed.contains(position) && !whole.has_alone(*position));
        // Portions are done in any order.
        for places in rests
            .values_mut()
            .flat_map(|rest| rest.lacking.values_mut())
        {
            places.sort_unstable();
        }
        rests
    }
}

impl<S: Sink, L, D> Relay<S, L, D> {
    /// Notes what became of a portion's log events at the destinations of all, and of those of dead letters at theirs.
    pub(super) fn note_rests(
        &self,
        triage: &Triage<'_>,
        (of_all, of_dead_letters): (&[&[Fate]], &[&[Fate]]),
        returning: &mut Returning,
    ) {
        for (index, accepted) in triage.accepted.iter().enumerate() {
            let mut has_passed = false;
            let mut lacking = Vec::new();
            for (destination, fates) in self.destinations.iter().zip(of_all) {
                let fate = fates.get(index).copied().unwrap_or(Fate::HandedBack);
                has_passed |= fate.is_done();
                if fate.must_come_again() {
                    lacking.push(destination.sink.name().to_owned());
                }
            }
            if accepted.origin.is_for_others {
                let others: BTreeSet<&str> = self.others(&accepted.origin).collect();
                lacking.extend(others.into_iter().map(str::to_owned));
            }
            returning.note(accepted, lacking, has_passed);
        }
        for (returned, fates) in triage.returned.values().zip(of_dead_letters) {
            for (accepted, fate) in returned.iter().zip(*fates) {
                returning.note_whole(&accepted.origin, fate.is_done());
            }
        }
    }
}

#[cfg(test)]
mod tests;
