//! A run of a poller: checkpoint, pages of the tenant's log, sinks, checkpoint.
//!
//! Pages are pulled while those before them are delivered, and a checkpoint is saved only over the one that was found, so
//! runs that overlap send twice at most. A run ends before its deadline, and the next one goes on.

mod begin;
mod checkpoint;
mod error;
mod gaps;
mod holes;
mod page;
mod plan;
mod ports;
mod pull;
mod restart;
mod settings;
mod ship;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::{Either, select};
use tenant_logs::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::counters::Counted;
use crate::deadline::Deadline;
use crate::flow::Relay;
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};
use begin::{Begun, Going};
use plan::plan;
use pull::Pulling;
use ship::{Shipped, Shipping};

pub use checkpoint::{Checkpoint, Hole, Position};
pub use error::PollError;
pub use ports::{CheckpointStore, Cursor, LogSource, Page, PullError, StoredCheckpoint};
pub use settings::{PollSettings, PollerSettings, ResumeFrom, StartPoint};

/// Pages that are pulled ahead of those that are delivered, and pages that are delivered together: a thousand log events.
const PAGES_AT_ONCE: usize = 10;
/// Most time kept back for what was pulled last.
const MAX_SHIPPING_RESERVE: Duration = Duration::from_secs(10);

/// Everything a poller works with, built once at its start.
#[derive(Debug)]
pub struct Poller<S, L, D, P, C> {
    /// What delivers, as behind every other trigger; it hands back what cannot pass for now. Its ledger tells what arrived
    /// by other ways, where `settings` name sinks for it.
    pub relay: Relay<S, L, D>,
    /// The tenant's log.
    pub source: P,
    /// How far it is delivered.
    pub checkpoints: C,
    /// Where to begin, and what to look for.
    pub settings: PollSettings,
}

/// How a run ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// At the end of the log, or before what is too young.
    CaughtUp,
    /// The time was over; the next run goes on.
    OutOfTime,
    /// Another run has moved the checkpoint meanwhile and goes on.
    Overtaken,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollRun {
    /// How it ended.
    pub end: RunEnd,
    /// Pages that it delivered.
    pub page_count: usize,
    /// Log events that were known by other ways.
    pub known: usize,
    /// Log events that no other way has brought.
    pub gap: usize,
}

/// What a run has done so far.
struct Done {
    page_count: usize,
    known: usize,
    counted: Counted,
}

impl<S, L, D, P, C> Poller<S, L, D, P, C>
where
    S: Sink,
    L: Store,
    D: DeadLetters,
    P: LogSource,
    C: CheckpointStore,
{
    /// Delivers what the log has after the checkpoint, as far as the time allows, and writes the run's counters.
    ///
    /// # Errors
    /// Nothing that was not delivered or set aside is behind the checkpoint then; one that stops the poller is left as it is.
    pub async fn run(&self, deadline: &Deadline) -> Result<PollRun, PollError> {
        let mut done = Done {
            page_count: 0,
            known: 0,
            counted: self.relay.nothing_counted(),
        };
        // On the heap: what a run holds while it waits is large, and its type deeper than a function's `main` may hold.
        let going: Pin<Box<dyn Future<Output = _> + Send + '_>> =
            Box::pin(self.go(deadline, &mut done));
        let result = going.await;
        if let Err(PollError::ExpiredCheckpoint { after, .. }) = &result {
            self.end_spent_restart(after, deadline.answer_by()).await;
        }
        let is_stopped = result.as_ref().is_err_and(PollError::stops_checkpoint);
        done.counted.shared.checkpoint_stopped = usize::from(is_stopped);
        self.relay.counters.note(&done.counted);
        Ok(PollRun {
            end: result?,
            page_count: done.page_count,
            known: done.known,
            gap: done.counted.shared.gap,
        })
    }

    async fn go(&self, deadline: &Deadline, done: &mut Done) -> Result<RunEnd, PollError> {
        let pull_by = pull_by(deadline.send_by());
        let loaded = self.checkpoints.load(pull_by).await;
        let Some(stored) = self
            .end_restart(loaded.map_err(PollError::Load)?, pull_by)
            .await?
        else {
            return Ok(RunEnd::Overtaken);
        };
        let plan = plan(stored.as_ref(), &self.settings, Timestamp::now())?;
        let found = stored.map(|stored| stored.tag);
        let Going { at, first, after } = match self.begin(plan, found, pull_by).await? {
            Begun::Continue(going) => going,
            Begun::Break(end) => return Ok(end),
        };
        let pulling = Pulling {
            source: &self.source,
            end_reached: at.checkpoint.end_reached,
            grace: self.settings.grace,
            first,
            after,
            pull_by,
        };
        let (to_shipping, pulled) = mpsc::channel(PAGES_AT_ONCE);
        let shipping = Shipping {
            poller: self,
            invocation: self.relay.invocation(deadline),
            begin_by: pull_by,
        };
        let pulling = pin!(pulling.run(to_shipping));
        let shipping = pin!(shipping.run(pulled, at, done));
        // Where shipping ends first, because it cannot go on, nothing more is pulled.
        let (pulled, shipped) = match select(pulling, shipping).await {
            Either::Left((pulled, shipping)) => (pulled, shipping.await?),
            Either::Right((Ok(Shipped::All), pulling)) => (pulling.await, Shipped::All),
            Either::Right((shipped, _)) => (Ok(RunEnd::OutOfTime), shipped?),
        };
        match shipped {
            Shipped::All => pulled,
            Shipped::OutOfTime => Ok(RunEnd::OutOfTime),
            Shipped::Overtaken => Ok(RunEnd::Overtaken),
        }
    }
}

/// When pulling must end, so that there is time to deliver what was pulled last.
fn pull_by(send_by: Instant) -> Instant {
    let left = send_by.saturating_duration_since(Instant::now());
    let reserve = (left / 10).min(MAX_SHIPPING_RESERVE);
    send_by.checked_sub(reserve).unwrap_or(send_by)
}
