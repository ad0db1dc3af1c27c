//! The one door: bodies in, and for each of them an answer that is true.
//!
//! Every log event of a body ends up filtered, at every sink, among the dead letters, or its body is handed back.

mod comes_again;
mod deliver;
mod incoming_body;
mod invocation;
mod others;
mod portions;
mod rejects;
mod replay;
mod rests;
mod sink_job;
mod sum;
mod triage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tenant_logs::{Filter, Raw, Redaction, Schema, TenantName};
use tokio::time::{Instant, timeout};

use crate::counters::{Counted, Counters, InvocationCounters, SinkCounters};
use crate::deadline::Deadline;
use crate::journal::{Journal, Store};
use crate::ports::{DeadLetters, Remedy, Sink};
use portions::{Portions, wait_for};
use sink_job::SinkJob;
use sum::{DeliveredPortion, Sum};
use triage::Triage;

pub use comes_again::ComesAgain;
pub use incoming_body::{IncomingBody, Marks, Stays};
pub(crate) use invocation::Invocation;
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
    /// memory than a portion of them, or four where a sink takes long.
    pub async fn deliver<'a>(
        &'a self,
        bodies: impl IntoIterator<Item = IncomingBody<'a>>,
        deadline: &Deadline,
    ) -> Outcome {
        let invocation = self.invocation(deadline);
        let (outcome, counted) = self.deliver_part(bodies, &invocation).await;
        self.counters.note(&counted);
        outcome
    }

    /// Delivers as [`Self::deliver`] does, and leaves the counters to whoever delivers more in the same invocation.
    ///
    /// Portions go one after another, but where one takes long the next begins beside it: what hangs keeps nothing else from
    /// being tried.
    pub(crate) async fn deliver_part<'a>(
        &'a self,
        bodies: impl IntoIterator<Item = IncomingBody<'a>>,
        invocation: &Invocation,
    ) -> (Outcome, Counted) {
        let deadline = &invocation.deadline;
        let mut portions = Portions::of(bodies);
        let mut sum = Sum::default();
        let mut late = FuturesUnordered::new();
        let mut may_refuse = self.on_exhaustion == OnExhaustion::SetAside;
        while let Some(arrivals) = portions.next() {
            let fits = !may_refuse || self.can_set_aside_remainders(&arrivals, deadline.begun());
            let mut triage = self.take_in(arrivals, deadline.begun());
            if may_refuse && !(fits && self.can_set_aside(&triage)) {
                let outcome = Outcome {
                    is_not_storable: true,
                    ..Outcome::default()
                };
                // Whoever refuses the body counts it.
                return (outcome, Counted::default());
            }
            // Of what comes later it is known, too.
            may_refuse = false;
            sum.rejected.append(&mut triage.rejected);
            let portion = Box::pin(self.deliver_portion(triage, invocation));
            let others_begin = deadline.others_begin(Instant::now());
            let take = |delivered| self.add_portion(delivered, &mut sum);
            wait_for(portion, &mut late, others_begin, take).await;
        }
        while let Some(delivered) = late.next().await {
            self.add_portion(delivered, &mut sum);
        }
        self.set_rejects_aside(&mut sum, invocation).await;
        sum.outcome.rests = sum.returning.into_rests();
        (sum.outcome, sum.counted)
    }

    /// Delivers log events to every sink.
    async fn deliver_portion<'a>(
        &self,
        triage: Triage<'a>,
        invocation: &Invocation,
    ) -> DeliveredPortion<'a> {
        let jobs = self.jobs(&triage, invocation);
        let at_sinks = join_all(jobs.iter().map(|job| self.deliver_to(job))).await;
        drop(jobs);
        DeliveredPortion { triage, at_sinks }
    }

    /// Every log event for each destination, and then the dead letters, each for the one that it names.
    fn jobs<'i, 'a>(
        &'i self,
        triage: &'i Triage<'a>,
        invocation: &'i Invocation,
    ) -> Vec<SinkJob<'i, 'a, S>> {
        let learned = &invocation.at_sinks;
        let of_all = self.destinations.iter().zip(learned);
        let of_all = of_all.map(|to| SinkJob::of_all(invocation, to, &triage.accepted));
        let of_dead_letters = triage.returned.iter().filter_map(|(index, returned)| {
            let to = self.all_destinations().zip(learned).nth(*index)?;
            Some(SinkJob::of_dead_letters(invocation, to, returned))
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
        let mut counted = self.nothing_counted();
        counted.shared = *counters;
        counted.sinks.truncate(1);
        self.counters.note(&counted);
    }

    /// Nothing counted yet, at every sink.
    pub(crate) fn nothing_counted(&self) -> Counted {
        let mut counted = Counted::default();
        for destination in &self.destinations {
            counted.add_sink(destination.sink.name(), SinkCounters::default());
        }
        counted
    }
}

impl Fate {
    /// Whether nothing is left to be done at that sink, which was to get it.
    fn is_done(self) -> bool {
        match self {
            Self::Delivered | Self::Duplicate | Self::SetAside => true,
            Self::Elsewhere | Self::Filtered | Self::HandedBack | Self::Stopped => false,
        }
    }

    /// Whether that sink lacks it.
    fn must_come_again(self) -> bool {
        match self {
            Self::HandedBack | Self::Stopped => true,
            Self::Elsewhere
            | Self::Filtered
            | Self::Delivered
            | Self::Duplicate
            | Self::SetAside => false,
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
