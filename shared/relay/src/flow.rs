//! The one door: bodies in, and for each of them an answer that is true.
//!
//! Every log event of a body ends up filtered, at every sink, among the dead letters, or its body is handed back.

mod comes_again;
mod deliver;
mod incoming_body;
mod others;
mod portions;
mod rejects;
mod replay;
mod rests;
mod sink_job;
mod triage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{join, join_all};
use tenant_logs::{Filter, Raw, Redaction, Schema, TenantName};
use tokio::time::timeout;

use crate::counters::{Counted, Counters, InvocationCounters, SinkCounters};
use crate::deadline::Deadline;
use crate::journal::{Journal, Store};
use crate::ports::{DeadLetters, Remedy, Sink};
use comes_again::ComingAgain;
use portions::{Portion, Portions};
use rests::Returning;
use sink_job::SinkJob;
use triage::{Accepted, Rejected, Triage};

pub use comes_again::ComesAgain;
pub use incoming_body::{IncomingBody, Marks};
pub use rests::Rest;

/// How long a function's start waits for its sinks; what is not known then is asked for by the first delivery.
const PREPARATION: Duration = Duration::from_millis(500);

/// Everything a function delivers with, built once at its start.
#[derive(Debug)]
pub struct Relay<S, L, D> {
    /// The function's name, for dead letters and counters.
    pub function: &'static str,
    /// Whose log it is.
    pub tenant: TenantName,
    /// Which log events pass.
    pub filter: Filter,
    /// What is hidden before anything leaves.
    pub redaction: Redaction,
    /// Whether text that cannot be redacted stays out of its dead letter.
    pub withholds_unreadable: bool,
    /// Where log events go; each gets every one.
    pub destinations: Vec<Destination<S>>,
    /// Where besides them a dead letter may go that names the sink; `None` if dead letters are not replayed.
    pub replay_destinations: Option<Vec<Destination<S>>>,
    /// Sinks of other functions that lead here: a dead letter that names one is for every sink.
    pub leads_here: &'static [&'static str],
    /// Which log events the sinks have. Nothing is claimed in it where every sink is at least once anyway.
    pub ledger: Option<Journal<L>>,
    /// Where goes what can never be delivered.
    pub dead_letters: D,
    /// What becomes of log events that a sink does not take for now.
    pub on_exhaustion: OnExhaustion,
    /// What invocations count, and how it is written.
    pub counters: Counters,
}

/// A sink with the schema it is given log events in.
#[derive(Debug)]
pub struct Destination<S> {
    /// The sink.
    pub sink: S,
    /// The schema.
    pub schema: Schema,
    /// What a row keeps of its event beside its fields.
    pub raw: Raw,
    /// Which log events it gets, of those that pass the filter of all.
    pub filter: Filter,
}

impl<S> Destination<S> {
    /// A sink that gets every log event, whole.
    pub fn new(sink: S, schema: Schema) -> Self {
        Self {
            sink,
            schema,
            raw: Raw::Whole,
            filter: Filter::default(),
        }
    }
}

/// What becomes of a log event that a sink does not take within the invocation, though it could later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExhaustion {
    /// Set it aside: nobody would bring it again soon enough.
    SetAside,
    /// Hand it back to the trigger, which brings it again.
    HandBack,
}

/// What became of an invocation's bodies.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Positions of the bodies of which something was neither delivered nor set aside.
    pub handed_back: BTreeSet<usize>,
    /// By the positions of some of them: what alone must come again, because the rest passed.
    pub rests: BTreeMap<usize, Rest>,
    /// Elements and lines that came in, log events or not.
    pub received: usize,
    /// Log events that every sink has.
    pub delivered: usize,
    /// Log events that the filter stopped.
    pub filtered: usize,
    /// Log events that are not handed back and that some sink got now, which it did not have.
    pub brought: usize,
    /// What is among the dead letters, for one sink or for all.
    pub set_aside: usize,
    /// What of `set_aside` no sink saw.
    pub rejected: usize,
    /// Whether a person must act before anything can pass.
    pub must_stop: bool,
    /// Whether nothing was done, because something would have to be set aside that no dead letter can hold.
    pub is_not_storable: bool,
}

/// What became of some portions.
#[derive(Default)]
struct Sum<'a> {
    outcome: Outcome,
    counted: Counted,
    returning: Returning,
    coming_again: ComingAgain,
    /// What is set aside unless its body comes again whole.
    waiting: Vec<Rejected<'a>>,
}

/// What became of one log event at one sink, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// Its body is for other sinks.
    Elsewhere,
    /// The sink's own filter stopped it.
    Filtered,
    Delivered,
    Duplicate,
    SetAside,
    HandedBack,
    Stopped,
}

impl<S: Sink, L: Store, D: DeadLetters> Relay<S, L, D> {
    /// Lets every sink ask what it has to know before the first delivery, as a function starts.
    pub async fn prepare(&self) {
        let destinations = self.all_destinations();
        let preparing = join_all(destinations.map(|destination| destination.sink.prepare()));
        if timeout(PREPARATION, preparing).await.is_err() {
            tracing::debug!("a sink is not prepared yet, its first delivery asks again");
        }
    }

    /// Delivers every log event of some bodies and returns what became of each; writes the invocation's counters.
    ///
    /// Bodies are looked at as they are needed, so that log events which are read one body after another take no more
    /// memory than a portion of them.
    pub async fn deliver<'a>(
        &'a self,
        bodies: impl IntoIterator<Item = IncomingBody<'a>>,
        deadline: &Deadline,
    ) -> Outcome {
        let (outcome, counted) = self.deliver_part(bodies, deadline).await;
        self.counters.note(&counted);
        outcome
    }

    /// Delivers as [`Self::deliver`] does, and leaves the counters to whoever delivers more in the same invocation.
    pub(crate) async fn deliver_part<'a>(
        &'a self,
        bodies: impl IntoIterator<Item = IncomingBody<'a>>,
        deadline: &Deadline,
    ) -> (Outcome, Counted) {
        let mut portions = Portions::of(bodies);
        let mut sum = Sum::default();
        let mut may_refuse = self.on_exhaustion == OnExhaustion::SetAside;
        while let Some(Portion { arrivals, is_only }) = portions.next() {
            let fits = !may_refuse || self.can_set_aside_remainders(&arrivals, deadline);
            let triage = self.take_in(arrivals, deadline);
            if may_refuse && !(fits && self.can_set_aside(&triage, deadline)) {
                let outcome = Outcome {
                    is_not_storable: true,
                    ..Outcome::default()
                };
                // Whoever refuses the body counts it.
                return (outcome, Counted::default());
            }
            // Of what comes later it is known, too.
            may_refuse = false;
            self.deliver_portion(triage, is_only, &mut sum, deadline)
                .await;
        }
        self.finish_rejects(&mut sum, deadline).await;
        sum.outcome.rests = sum.returning.into_rests();
        (sum.outcome, sum.counted)
    }

    async fn deliver_portion<'a>(
        &self,
        mut triage: Triage<'a>,
        is_only: bool,
        sum: &mut Sum<'a>,
        deadline: &Deadline,
    ) {
        let waiting = self.take_waiting(&mut triage, is_only);
        sum.waiting.extend(waiting);
        let jobs = self.jobs(&triage);
        let to_sinks = jobs.iter().map(|job| self.deliver_to(job, deadline));
        let (are_stored, at_sinks) = join(
            self.set_rejects_aside(&triage.rejected, deadline),
            join_all(to_sinks),
        )
        .await;
        sum.outcome.received += triage.counters.received;
        sum.outcome.filtered += triage.counters.filtered;
        let fates: Vec<&[Fate]> = at_sinks.iter().map(|(fates, _)| fates.as_slice()).collect();
        let (of_all, of_dead_letters) = fates
            .split_at_checked(self.destinations.len())
            .unwrap_or_default();
        sum.outcome.count(&triage.accepted, of_all);
        for (returned, fates) in triage.returned.values().zip(of_dead_letters) {
            sum.outcome.count(returned, &[*fates]);
        }
        sum.note_rejects(&triage.rejected, &are_stored);
        let outcome = &sum.outcome;
        let comes_again = |position: usize| outcome.handed_back.contains(&position);
        sum.coming_again.add(&triage, comes_again);
        self.note_rests(&triage, of_all, &mut sum.returning);
        for (job, (_, counters)) in jobs.iter().zip(&at_sinks) {
            sum.counted.add_sink(job.sink_name(), *counters);
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

    /// Every log event for each destination, and then the dead letters, each for the one that it names.
    fn jobs<'i, 'a>(&'i self, triage: &'i Triage<'a>) -> Vec<SinkJob<'i, 'a, S>> {
        let of_all = self
            .destinations
            .iter()
            .map(|destination| SinkJob::of_all(destination, &triage.accepted));
        let of_dead_letters = triage.returned.iter().filter_map(|(index, returned)| {
            let destination = self.all_destinations().nth(*index)?;
            Some(SinkJob::of_dead_letters(destination, returned))
        });
        of_all.chain(of_dead_letters).collect()
    }

    /// The ledger that claims are made in; none where every sink is at least once anyway.
    fn guard(&self) -> Option<&Journal<L>> {
        let mut sinks = self.all_destinations().map(|destination| &destination.sink);
        self.ledger.as_ref().filter(|_| sinks.any(Sink::has_ledger))
    }

    /// Writes the line of an invocation that was refused before anything of it was looked at.
    pub fn report_nothing(&self) {
        self.report_only(&InvocationCounters::default());
    }

    /// Writes an invocation's counters where no log event came as far as the sinks.
    pub(crate) fn report_only(&self, counters: &InvocationCounters) {
        let first = self.destinations.iter().take(1);
        self.counters.note(&Counted {
            shared: *counters,
            sinks: first
                .map(|destination| (destination.sink.name(), SinkCounters::default()))
                .collect(),
            ..Counted::default()
        });
    }

    /// Nothing counted yet, at every sink.
    pub(crate) fn nothing_counted(&self) -> Counted {
        let sinks = self.destinations.iter();
        Counted {
            sinks: sinks
                .map(|destination| (destination.sink.name(), SinkCounters::default()))
                .collect(),
            ..Counted::default()
        }
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

/// Where a log event goes that a sink refused for good in this invocation.
fn fate_of(remedy: Remedy, on_exhaustion: OnExhaustion) -> Fate {
    match (remedy, on_exhaustion) {
        (Remedy::SetAside, _) | (Remedy::Retry | Remedy::HandBack, OnExhaustion::SetAside) => {
            Fate::SetAside
        }
        (Remedy::Retry | Remedy::HandBack, OnExhaustion::HandBack) => Fate::HandedBack,
        (Remedy::Stop, _) => Fate::Stopped,
    }
}

#[cfg(test)]
mod tests;
