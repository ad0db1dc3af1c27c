//! What comes again together where something of it must.

use std::collections::BTreeSet;

use crate::flow::triage::Origin;

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
    /// Notes a body of which something must come again that cannot alone.
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
            ComesAgain::InPart => self.has_alone(origin.position),
            ComesAgain::Together(number) => self.together.contains(&number),
            ComesAgain::WithAllBehind => self.from.is_some_and(|from| from <= origin.position),
        }
    }

    /// Whether the body at a position comes again whole, by itself.
    pub(super) fn has_alone(&self, position: usize) -> bool {
        self.alone.contains(&position)
    }
}
