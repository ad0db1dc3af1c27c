//! What of an invocation's log events one sink is to get, and how late that is.

use tenant_logs::Timestamp;

use crate::counters::SinkCounters;
use crate::flow::triage::Accepted;
use crate::flow::{Destination, Fate, Invocation};
use crate::ports::{Lease, Sink};
use crate::sending::Learned;

/// Log events on their way to one sink.
pub(super) struct SinkJob<'i, 'a, S> {
    pub(super) destination: &'i Destination<S>,
    pub(super) invocation: &'i Invocation,
    /// What the invocation has learned of the sink.
    pub(super) learned: &'i Learned,
    all: &'i [Accepted<'a>],
    /// For each of them its fate, where it is not meant for this sink.
    pub(super) left_out: Vec<Option<Fate>>,
    /// The others.
    pub(super) meant: Vec<&'i Accepted<'a>>,
    /// Whether dead letters brought them: the ledger may know them as set aside.
    is_replay: bool,
}

impl<'i, 'a, S: Sink> SinkJob<'i, 'a, S> {
    /// What came in, as far as it is meant for this sink.
    pub(super) fn of_all(
        invocation: &'i Invocation,
        (destination, learned): (&'i Destination<S>, &'i Learned),
        all: &'i [Accepted<'a>],
    ) -> Self {
        let name = destination.sink.name();
        let left_out: Vec<Option<Fate>> = all
            .iter()
            .map(|accepted| {
                if !accepted.origin.is_for(name) {
                    return Some(Fate::Elsewhere);
                }
                let passes = destination.filter.passes(accepted.log_event.event_type());
                (!passes).then_some(Fate::Filtered)
            })
            .collect();
        let both = all.iter().zip(&left_out);
        let meant = both.filter(|(_, left_out)| left_out.is_none());
        Self {
            destination,
            invocation,
            learned,
            all,
            meant: meant.map(|(accepted, _)| accepted).collect(),
            left_out,
            is_replay: false,
        }
    }

    /// What dead letters brought that name this sink.
    pub(super) fn of_dead_letters(
        invocation: &'i Invocation,
        (destination, learned): (&'i Destination<S>, &'i Learned),
        all: &'i [Accepted<'a>],
    ) -> Self {
        Self {
            destination,
            invocation,
            learned,
            all,
            meant: all.iter().collect(),
            left_out: vec![None; all.len()],
            is_replay: true,
        }
    }

    pub(super) fn sink_name(&self) -> &'static str {
        self.destination.sink.name()
    }

    /// Notes how late the delivered ones are, and how long the others have waited.
    pub(super) fn note_times(&self, fates: &[Fate], counters: &mut SinkCounters) {
        let now = Timestamp::now();
        for (accepted, fate) in self.all.iter().zip(fates) {
            // What lay among the dead letters says nothing of how late we are.
            if self.is_replay || accepted.origin.is_returned {
                continue;
            }
            match fate {
                Fate::Delivered => counters.note_lag(now, accepted.log_event.date()),
                Fate::HandedBack | Fate::Stopped => {
                    counters.note_waiting(now, accepted.origin.waits_since);
                }
                Fate::Elsewhere | Fate::Filtered | Fate::Duplicate | Fate::SetAside => {}
            }
        }
    }

    pub(super) fn lease(&self) -> Lease {
        let lease = self.invocation.deadline.lease();
        if self.is_replay {
            lease.for_replay()
        } else {
            lease
        }
    }
}
