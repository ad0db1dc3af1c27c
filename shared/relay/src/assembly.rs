//! A function's relay, put together from what its cloud and its settings give.

use crate::counters::Counters;
use crate::flow::{Destination, OnExhaustion, Relay};
use crate::journal::Journal;
use crate::ledger_choice::NoLedger;
use crate::poll::{Poller, PollerSettings};
use crate::settings::CommonSettings;
use crate::sinks::AnySink;

/// What every relay of a cloud has, whatever its trigger and its sinks.
#[derive(Debug)]
pub struct RelayParts<D> {
    /// The function's name, for dead letters and counters.
    pub function: &'static str,
    /// What every function reads.
    pub common: CommonSettings,
    /// Where goes what can never be delivered.
    pub dead_letters: D,
    /// What invocations count, and how it is written.
    pub counters: Counters,
}

impl<S, D> Relay<S, NoLedger, D> {
    /// The relay of a function that receives log events from Auth0: its sinks are at least once, so it needs no ledger,
    /// and what they do not take is set aside, because Auth0 would not bring it again soon enough.
    pub fn receiving(parts: RelayParts<D>, destinations: Vec<Destination<S>>) -> Self {
        Self::new(parts, destinations, OnExhaustion::SetAside)
    }
}

impl<S, L, D> Relay<S, L, D> {
    /// The relay of a function that polls: what a sink does not take is handed back, so that the checkpoint stays, and no
    /// dead letters come along. Sinks that are at least once need no ledger.
    pub fn polling(
        parts: RelayParts<D>,
        ledger: Option<Journal<L>>,
        destinations: Vec<Destination<S>>,
    ) -> Self {
        Self {
            ledger,
            ..Self::new(parts, destinations, OnExhaustion::HandBack)
        }
    }

    /// The relay of a function that delivers log events from a queue, a stream or a topic: by a ledger each sink gets
    /// them once, what a sink does not take is handed back, and dead letters are replayed to sinks and
    /// `replay_destinations`.
    pub fn delivering(
        parts: RelayParts<D>,
        ledger: Journal<L>,
        destinations: Vec<Destination<S>>,
        replay_destinations: Vec<Destination<S>>,
    ) -> Self {
        Self {
            ledger: Some(ledger),
            replay_destinations: Some(replay_destinations),
            ..Self::new(parts, destinations, OnExhaustion::HandBack)
        }
    }

    fn new(
        parts: RelayParts<D>,
        destinations: Vec<Destination<S>>,
        on_exhaustion: OnExhaustion,
    ) -> Self {
        Self {
            function: parts.function,
            tenant: parts.common.tenant,
            filter: parts.common.filter,
            redaction: parts.common.redaction,
            withholds_unreadable: parts.common.withholds_unreadable,
            destinations,
            replay_destinations: None,
            leads_here: &[],
            ledger: None,
            dead_letters: parts.dead_letters,
            on_exhaustion,
            counters: parts.counters,
        }
    }
}

impl<L, D, P, C> Poller<AnySink, L, D, P, C> {
    /// The poller of a function: its relay's ledger also tells what push has brought.
    pub fn new(
        parts: RelayParts<D>,
        ledger: Option<Journal<L>>,
        (source, checkpoints): (P, C),
        settings: PollerSettings,
    ) -> Self {
        Self {
            relay: Relay::polling(parts, ledger, settings.destinations),
            source,
            checkpoints,
            settings: settings.poll,
        }
    }
}
