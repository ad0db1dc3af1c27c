//! Pulling: page after page, as far as the time allows, up to the end of the log or the first log event that is too young.

use std::time::Duration;

use tenant_logs::{Timestamp, parse};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::RunEnd;
use super::error::{HoleBegin, PollError};
use super::page::{Cut, cut};
use super::ports::{Cursor, LogSource, Page, PullError};

/// What is pulled, and until when.
pub(super) struct Pulling<'a, P> {
    pub(super) source: &'a P,
    pub(super) grace: Duration,
    /// A page of the one log event that is sent before all others.
    pub(super) first: Option<String>,
    /// What the pages follow.
    pub(super) after: String,
    /// When a run last reached the end of the log.
    pub(super) end_reached: Option<Timestamp>,
    pub(super) pull_by: Instant,
}

/// A page on its way to the sinks.
pub(super) struct PulledPage {
    pub(super) text: String,
    pub(super) cut: Cut,
    /// When the page was asked for that ends the log.
    pub(super) end_reached: Option<Timestamp>,
}

impl<P: LogSource> Pulling<'_, P> {
    /// Pulls, and passes each page on.
    pub(super) async fn run(mut self, pages: Sender<PulledPage>) -> Result<RunEnd, PollError> {
        let mut cursor = Cursor::After(self.after.clone());
        let mut page_count = 0_usize;
        loop {
            if Instant::now() >= self.pull_by {
                return Ok(RunEnd::OutOfTime);
            }
            let asked_at = Timestamp::now();
            let is_first = self.first.is_some();
            let page = match self.first.take() {
                Some(text) => Page { text, next: None },
                None => match self.source.pull(&cursor, self.pull_by).await {
                    Ok(page) => page,
                    Err(PullError::OutOfTime(_)) if page_count > 0 => {
                        return Ok(RunEnd::OutOfTime);
                    }
                    Err(error) => return Err(self.failed(error)),
                },
            };
            page_count += 1;
            let parsed = parse(&page.text).map_err(PollError::UnreadablePage)?;
            let cut = cut(&parsed, Timestamp::now(), self.grace);
            let is_last = cut.is_empty || cut.has_young;
            if !is_last && !is_first {
                cursor = self.next(&cut, page.next, &cursor)?;
            }
            let page = PulledPage {
                text: page.text,
                cut,
                end_reached: is_last.then_some(asked_at),
            };
            // Whoever takes pages no longer has a reason of its own.
            if pages.send(page).await.is_err() {
                return Ok(RunEnd::OutOfTime);
            }
            if is_last {
                return Ok(RunEnd::CaughtUp);
            }
        }
    }

    /// What leads to the next page; an error where nothing leads on from this one.
    fn next(
        &mut self,
        cut: &Cut,
        next: Option<String>,
        cursor: &Cursor,
    ) -> Result<Cursor, PollError> {
        let is_new = cut.last_log_id.as_ref() != Some(&self.after);
        let after = cut.last_log_id.clone().map(Cursor::After);
        let next = next.map(Cursor::Next).or(after);
        match next.filter(|next| is_new && next != cursor) {
            Some(next) => {
                if let Some(log_id) = &cut.last_log_id {
                    self.after.clone_from(log_id);
                }
                Ok(next)
            }
            None => Err(PollError::NoWayOn {
                after: self.after.clone(),
            }),
        }
    }

    fn failed(&self, error: PullError) -> PollError {
        match error {
            PullError::UnknownPosition(_) => PollError::ExpiredCheckpoint(HoleBegin {
                after: self.after.clone(),
                end_reached: self.end_reached,
            }),
            PullError::OutOfTime(_) | PullError::Failed(_) => PollError::Pull(error),
        }
    }
}
