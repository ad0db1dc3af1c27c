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

impl<S: Sink, L, D> Relay<S, L, D> {
    /// Returns what alone must come again, by the positions of the bodies. A body is not among them whose trigger brings it
    /// again whole, or where nothing of it passed, where something that is no log event could not be set aside, or where a
    /// dead letter in it must come again.
    pub(super) fn rests(
        &self,
        triage: &Triage<'_>,
        fates: &[&[Fate]],
        stored: &BTreeSet<usize>,
    ) -> BTreeMap<usize, Rest> {
        let mut rests: BTreeMap<usize, Rest> = BTreeMap::new();
        // Where something passed, and what must come again whole.
        let (mut has_passed, mut whole) = (BTreeSet::new(), BTreeSet::new());
        for (index, rejected) in triage.rejected.iter().enumerate() {
            let set = if stored.contains(&index) {
                &mut has_passed
            } else {
                &mut whole
            };
            set.insert(rejected.origin.position);
        }
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
        rests.retain(|position, _| has_passed.contains(position) && !whole.contains(position));
        rests
    }
}

#[cfg(test)]
mod tests;
