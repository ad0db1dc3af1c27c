//! What everything that is delivered in an invocation has in common.

use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::flow::Relay;
use crate::ports::Sink;
use crate::sending::Learned;

/// An invocation's time, and what sending has learned in it.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) deadline: Deadline,
    /// Of each destination of [`Relay::all_destinations`].
    pub(super) at_sinks: Vec<Learned>,
    pub(super) at_dead_letters: Learned,
}

impl Invocation {
    /// Whether something that is begun now could end in time at every sink.
    pub(crate) fn has_time(&self) -> bool {
        let (now, until) = (Instant::now(), self.deadline.send_by());
        let mut at_sinks = self.at_sinks.iter();
        at_sinks.all(|learned| learned.could_end(now, until))
    }
}

impl<S: Sink, L, D> Relay<S, L, D> {
    /// An invocation that begins: nothing is known yet.
    pub(crate) fn invocation(&self, deadline: &Deadline) -> Invocation {
        let destinations = self.all_destinations();
        Invocation {
            deadline: *deadline,
            at_sinks: destinations.map(|_| Learned::default()).collect(),
            at_dead_letters: Learned::default(),
        }
    }
}
