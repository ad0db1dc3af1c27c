//! Shipping: pages go to the sinks as they come, several together where they wait, and then the checkpoint moves.

use tenant_logs::{Timestamp, parse};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use super::begin::At;
use super::checkpoint::Position;
use super::error::PollError;
use super::ports::{Arrivals, CheckpointStore, LogSource};
use super::pull::PulledPage;
use super::{PAGES_AT_ONCE, PollRun, Poller};
use crate::deadline::Deadline;
use crate::flow::IncomingBody;
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};

/// Who ships, and until when.
pub(super) struct Shipping<'a, S, L, D, P, C, A> {
    pub(super) poller: &'a Poller<S, L, D, P, C, A>,
    pub(super) deadline: &'a Deadline,
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

impl<S, L, D, P, C, A> Shipping<'_, S, L, D, P, C, A>
where
    S: Sink,
    L: Store,
    D: DeadLetters,
    P: LogSource,
    C: CheckpointStore,
    A: Arrivals,
{
    /// Ships until no more pages come.
    pub(super) async fn run(
        self,
        mut pages: Receiver<PulledPage>,
        mut at: At<C::Tag>,
        run: &mut PollRun,
    ) -> Result<Shipped, PollError> {
        let mut batch = Vec::with_capacity(PAGES_AT_ONCE);
        while pages.recv_many(&mut batch, PAGES_AT_ONCE).await > 0 {
            let has_events = batch.iter().any(|page| !page.cut.is_empty);
            if has_events && Instant::now() >= self.begin_by {
                return Ok(Shipped::OutOfTime);
            }
            if has_events && !self.ship(&batch, &at, run).await? {
                return Ok(Shipped::Overtaken);
            }
            for page in batch.drain(..) {
                run.page_count += usize::from(!page.cut.is_empty);
                if let Some(log_id) = page.cut.last_log_id {
                    at.checkpoint.position = Position::After(log_id);
                }
                if page.end_reached.is_some() {
                    at.checkpoint.end_reached = page.end_reached;
                    at.checkpoint.skip_before = None;
                }
            }
            if !self.poller.save(&mut at, self.deadline.answer_by()).await? {
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
        run: &mut PollRun,
    ) -> Result<bool, PollError> {
        let mut bodies = Vec::with_capacity(batch.len());
        for page in batch {
            bodies.push(body(page, at.checkpoint.skip_before)?);
        }
        let send_by = self.deadline.send_by();
        let found = self.poller.leave_out_known(&mut bodies, send_by).await?;
        let outcome = self.poller.relay.deliver(bodies, self.deadline).await;
        if outcome.handed_back.is_empty() {
            run.known += found.known;
            run.gap += found.gap;
            return Ok(true);
        }
        let checkpoints = &self.poller.checkpoints;
        let stored = checkpoints.load(self.deadline.answer_by()).await;
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
    Ok(IncomingBody {
        left_out,
        ..IncomingBody::new(page.text.as_bytes(), Ok(parsed))
    })
}
