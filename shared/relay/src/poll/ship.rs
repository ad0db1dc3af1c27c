//! Shipping: pages go to the sinks as they come, several together where they wait, and then the checkpoint moves.

use tenant_logs::{LogEvent, Timestamp, parse};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use super::begin::At;
use super::checkpoint::Position;
use super::error::PollError;
use super::ports::{CheckpointStore, LogSource};
use super::pull::PulledPage;
use super::{Done, PAGES_AT_ONCE, Poller};
use crate::flow::{IncomingBody, Invocation};
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};

/// Who ships, and until when.
pub(super) struct Shipping<'a, S, L, D, P, C> {
    pub(super) poller: &'a Poller<S, L, D, P, C>,
    pub(super) invocation: Invocation,
    /// When nothing more is begun.
    pub(super) begin_by: Instant,
}

/// What became of the pages that were pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shipped {
    /// All are delivered or set aside.
    All,
    /// The last ones wait for the next run.
    OutOfTime,
    /// Another run has moved the checkpoint.
    Overtaken,
}

impl<S, L, D, P, C> Shipping<'_, S, L, D, P, C>
where
    S: Sink,
    L: Store,
    D: DeadLetters,
    P: LogSource,
    C: CheckpointStore,
{
    /// Ships until no more pages come.
    pub(super) async fn run(
        self,
        mut pages: Receiver<PulledPage>,
        mut at: At<C::Tag>,
        done: &mut Done,
    ) -> Result<Shipped, PollError> {
        let mut batch = Vec::with_capacity(PAGES_AT_ONCE);
        while pages.recv_many(&mut batch, PAGES_AT_ONCE).await > 0 {
            let has_events = batch.iter().any(|page| !page.cut.is_empty);
            let has_time = Instant::now() < self.begin_by && self.invocation.has_time();
            if has_events && !has_time {
                return Ok(Shipped::OutOfTime);
            }
            if has_events && !self.ship(&batch, &at, done).await? {
                return Ok(Shipped::Overtaken);
            }
            for page in batch.drain(..) {
                done.page_count += usize::from(!page.cut.is_empty);
                if let Some(log_id) = page.cut.last_log_id {
                    at.checkpoint.position = Position::After(log_id);
                }
                if page.end_reached.is_some() {
                    at.checkpoint.end_reached = page.end_reached;
                    // What stands behind one that is too young may be dated before it, too.
                    if !page.cut.has_young {
                        at.checkpoint.skip_before = None;
                    }
                }
            }
            if !self
                .poller
                .save(&mut at, self.invocation.deadline.answer_by())
                .await?
            {
                return Ok(Shipped::Overtaken);
            }
        }
        Ok(Shipped::All)
    }

    /// Delivers some pages; returns whether the checkpoint is still this run's to move.
    async fn ship(
        &self,
        batch: &[PulledPage],
        at: &At<C::Tag>,
        done: &mut Done,
    ) -> Result<bool, PollError> {
        let mut bodies = Vec::with_capacity(batch.len());
        for page in batch {
            bodies.push(body(page, at.checkpoint.skip_before)?);
        }
        let send_by = self.invocation.deadline.send_by();
        let known = self.poller.leave_out_known(&mut bodies, send_by).await?;
        let relay = &self.poller.relay;
        let (outcome, mut counted) = relay.deliver_part(bodies, &self.invocation).await;
        counted.shared.received += known;
        if !self.poller.settings.gap_sinks.is_empty() {
            // What is handed back is a gap of the run that delivers it.
            counted.shared.gap = outcome.brought;
        }
        done.known += known;
        done.counted.add(&counted);
        if outcome.handed_back.is_empty() {
            return Ok(true);
        }
        let checkpoints = &self.poller.checkpoints;
        let stored = checkpoints.load(self.invocation.deadline.answer_by()).await;
        let stored = stored.map_err(PollError::Load)?;
        if stored.map(|stored| stored.tag) != at.tag {
            return Ok(false);
        }
        let after = match &at.checkpoint.position {
            Position::After(log_id) | Position::At(log_id) => log_id.clone(),
            Position::Since(time) => time.to_string(),
        };
        Err(PollError::NotDelivered {
            count: outcome.handed_back.len(),
            after,
            must_stop: outcome.must_stop,
        })
    }
}

/// What of a page goes to the sinks.
fn body(page: &PulledPage, skip_before: Option<Timestamp>) -> Result<IncomingBody<'_>, PollError> {
    let mut parsed = parse(&page.text).map_err(PollError::UnreadablePage)?;
    parsed.log_events.truncate(page.cut.keep);
    let kept = parsed.log_events.len();
    if let Some(begin) = skip_before {
        let log_events = &mut parsed.log_events;
        log_events.retain(|event| event.date().is_none_or(|date| date >= begin));
    }
    let left_out = kept - parsed.log_events.len();
    // Nobody else says since when what a sink does not take has been waiting for it.
    let waits_since = parsed.log_events.iter().filter_map(LogEvent::date).min();
    Ok(IncomingBody {
        left_out,
        waits_since,
        ..IncomingBody::new(page.text.as_bytes(), Ok(parsed))
    })
}
