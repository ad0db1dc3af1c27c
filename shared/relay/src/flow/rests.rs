//! What alone of a body must come again: of many log events a sink may lack one, or one of two sinks may lack all.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::triage::Triage;
use crate::flow::{ComesAgain, Fate, Relay};
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
    /// What must come again whole.
    whole: BTreeSet<usize>,
}

impl Returning {
    /// Notes whether something that is no log event could be set aside.
    pub(super) fn note_reject(&mut self, position: usize, is_stored: bool) {
        let set = if is_stored {
            &mut self.has_passed
        } else {
            &mut self.whole
        };
        set.insert(position);
    }

    /// Returns what alone must come again, by the positions of the bodies. A body is not among them whose trigger brings it
    /// again whole, or where nothing of it passed, where something that is no log event could not be set aside, or where a
    /// dead letter in it must come again.
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

impl<S: Sink, L, D> Relay<S, L, D> {
    /// Notes what became of a portion's log events.
    pub(super) fn note_rests(
        &self,
        triage: &Triage<'_>,
        fates: &[&[Fate]],
        returning: &mut Returning,
    ) {
        let Returning {
            rests,
            has_passed,
            whole,
        } = returning;
        for (index, accepted) in triage.accepted.iter().enumerate() {
            let position = accepted.origin.position;
            let fate_at = |fates: &&[Fate]| fates.get(index).copied();
            let mut lacking = Vec::new();
            for (destination, fate) in self.destinations.iter().zip(fates.iter().map(fate_at)) {
                match fate {
                    Some(Fate::Delivered | Fate::Duplicate | Fate::SetAside) => {
                        has_passed.insert(position);
                    }
                    Some(Fate::Elsewhere | Fate::Filtered) => {}
                    Some(Fate::HandedBack | Fate::Stopped) | None => {
                        lacking.push(destination.sink.name().to_owned());
                    }
                }
            }
            if accepted.origin.is_for_others {
                let others: BTreeSet<&str> = self.others(&accepted.origin).collect();
                lacking.extend(others.into_iter().map(str::to_owned));
            }
            if lacking.is_empty() {
                continue;
            }
            match accepted.place {
                Some(place) if accepted.origin.comes_again == ComesAgain::InPart => {
                    let rest = rests.entry(position).or_default();
                    rest.lacking.entry(lacking).or_default().push(place);
                }
                Some(_) | None => {
                    whole.insert(position);
                }
            }
        }
        let returned = triage.returned.values().flatten();
        whole.extend(returned.map(|accepted| accepted.origin.position));
    }
}

#[cfg(test)]
mod tests;
