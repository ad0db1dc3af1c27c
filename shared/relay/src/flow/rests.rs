//! What alone of a body must come again: of many log events a sink may lack one, or one of two sinks may lack all.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::triage::Triage;
use crate::flow::{Destination, Fate};
use crate::ports::Sink;

/// What some sinks lack of a body, of which the rest passed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// For each set of sinks, by their names, the places of what they lack among the body's log events.
    pub lacking: BTreeMap<Vec<&'static str>, Vec<usize>>,
}

/// What must come again of bodies, as far as their portions tell.
#[derive(Debug, Default)]
pub(super) struct Returning {
    rests: BTreeMap<usize, Rest>,
    /// Where something passed.
    has_passed: BTreeSet<usize>,
    /// What must come again whole.
    whole: BTreeSet<usize>,
}

impl Returning {
    /// Adds what became of a portion.
    pub(super) fn note<S: Sink>(
        &mut self,
        destinations: &[Destination<S>],
        triage: &Triage<'_>,
        fates: &[&[Fate]],
        are_stored: &[bool],
    ) {
        for (rejected, is_stored) in triage.rejected.iter().zip(are_stored) {
            let set = if *is_stored {
                &mut self.has_passed
            } else {
                &mut self.whole
            };
            set.insert(rejected.origin);
        }
        for (index, accepted) in triage.accepted.iter().enumerate() {
            let position = accepted.origin.position;
            let fate_at = |fates: &&[Fate]| fates.get(index).copied();
            let mut lacking = Vec::new();
            for (destination, fate) in destinations.iter().zip(fates.iter().map(fate_at)) {
                match fate {
                    Some(Fate::Delivered | Fate::Duplicate | Fate::SetAside) => {
                        self.has_passed.insert(position);
                    }
                    Some(Fate::Elsewhere | Fate::Filtered) => {}
                    Some(Fate::HandedBack | Fate::Stopped) | None => {
                        lacking.push(destination.sink.name());
                    }
                }
            }
            if lacking.is_empty() {
                continue;
            }
            match accepted.place {
                Some(place) => {
                    let rest = self.rests.entry(position).or_default();
                    rest.lacking.entry(lacking).or_default().push(place);
                }
                None => {
                    self.whole.insert(position);
                }
            }
        }
        let returned = triage.returned.values().flatten();
        self.whole
            .extend(returned.map(|accepted| accepted.origin.position));
    }

    /// Returns what alone must come again, by the positions of the bodies. A body is not among them where nothing of it
    /// passed, where something that is no log event could not be set aside, or where a dead letter in it must come again.
    pub(super) fn into_rests(self) -> BTreeMap<usize, Rest> {
        let Self {
            mut rests,
            has_passed,
            whole,
        } = self;
        rests.retain(|position, _| has_passed.contains(position) && !whole.contains(position));
        rests
    }
}

#[cfg(test)]
mod tests;
