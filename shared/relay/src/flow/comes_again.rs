//! What comes again together where something of it must.

use std::collections::BTreeSet;

use crate::flow::triage::{Origin, Triage};

/// What comes again where something of a body must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComesAgain {
    /// Of this body alone what its sinks lack, where that can be told apart.
    InPart,
    /// Every body of this number, whole.
    Together(usize),
    /// The body and every one behind it, whole: a stream keeps its order.
    WithAllBehind,
}

/// The bodies that come again whole.
#[derive(Debug, Default)]
pub(super) struct ComingAgain {
    /// Positions of bodies.
    alone: BTreeSet<usize>,
    together: BTreeSet<usize>,
    /// The position of the first body of a stream.
    from: Option<usize>,
}

impl ComingAgain {
    /// Adds what comes again with some of the bodies that log events are on their way from. Of a body that is parted only a
    /// dead letter keeps what is in it together.
    pub(super) fn add(&mut self, triage: &Triage<'_>, must_come_again: impl Fn(usize) -> bool) {
        let of_dead_letters = triage.returned.values().flatten();
        for accepted in triage.accepted.iter().chain(of_dead_letters) {
            let origin = &accepted.origin;
            let is_parted = accepted.place.is_some() && origin.comes_again == ComesAgain::InPart;
            if !is_parted && must_come_again(origin.position) {
                self.note(origin);
            }
        }
    }

    /// Notes a body that something of must come again.
    pub(super) fn note(&mut self, origin: &Origin<'_>) {
        match origin.comes_again {
            ComesAgain::InPart => {
                self.alone.insert(origin.position);
            }
            ComesAgain::Together(number) => {
                self.together.insert(number);
            }
            ComesAgain::WithAllBehind => {
                let first = self.from.unwrap_or(origin.position);
                self.from = Some(first.min(origin.position));
            }
        }
    }

    /// Whether a body comes again whole.
    pub(super) fn has(&self, origin: &Origin<'_>) -> bool {
        match origin.comes_again {
            ComesAgain::InPart => self.alone.contains(&origin.position),
            ComesAgain::Together(number) => self.together.contains(&number),
            ComesAgain::WithAllBehind => self.from.is_some_and(|from| from <= origin.position),
        }
    }
}
