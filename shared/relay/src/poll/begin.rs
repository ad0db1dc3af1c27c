//! The begin of a run: the first log event is found, and noted before anything is delivered.

use std::ops::ControlFlow;
use std::time::Duration;

use tenant_logs::{Timestamp, parse};
use tokio::time::Instant;

use super::checkpoint::{Checkpoint, Position};
use super::error::PollError;
use super::page::lowest;
use super::plan::Plan;
use super::ports::{CheckpointStore, LogSource};
use super::{Poller, RunEnd};
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};

/// How far the order of `log_id`s may lie from that of dates.
pub(super) const SEARCH_MARGIN: Duration = Duration::from_mins(1);

/// Where a run goes on, or how it ends because there is nothing to do.
pub(super) type Begun<T> = ControlFlow<RunEnd, Going<T>>;

/// Where a run goes on.
pub(super) struct Going<T> {
    pub(super) at: At<T>,
    /// A page of the one log event that is sent before all others.
    pub(super) first: Option<String>,
    /// What the pages follow.
    pub(super) after: String,
}

/// A checkpoint with what tells it from any other; none of that before the first one is stored.
pub(super) struct At<T> {
    pub(super) checkpoint: Checkpoint,
    pub(super) tag: Option<T>,
}

impl<S, L, D, P, C> Poller<S, L, D, P, C>
where
    S: Sink,
    L: Store,
    D: DeadLetters,
    P: LogSource,
    C: CheckpointStore,
{
    /// Finds the log event that a run begins with or follows.
    pub(super) async fn begin(
        &self,
        plan: Plan,
        tag: Option<C::Tag>,
        until: Instant,
    ) -> Result<Begun<C::Tag>, PollError> {
        let setting = plan.setting;
        let at = At {
            checkpoint: plan.checkpoint,
            tag,
        };
        match at.checkpoint.position.clone() {
            Position::Since(time) => self.begin_since(time, at, setting.is_some(), until).await,
            Position::At(log_id) => self.begin_at(log_id, at, setting, until).await,
            Position::After(log_id) => {
                if at.checkpoint.may_have_expired(Timestamp::now())
                    && self.find(&log_id, until).await?.is_none()
                {
                    return Err(expired(log_id, &at.checkpoint));
                }
                Ok(Begun::Continue(Going {
                    at,
                    first: None,
                    after: log_id,
                }))
            }
        }
    }

    /// Begins at the first log event from a time on. The time is noted first, or a search that fails would make it later.
    async fn begin_since(
        &self,
        time: Timestamp,
        mut at: At<C::Tag>,
        is_new: bool,
        until: Instant,
    ) -> Result<Begun<C::Tag>, PollError> {
        if is_new && !self.save(&mut at, until).await? {
            return Ok(Begun::Break(RunEnd::Overtaken));
        }
        let asked_at = Timestamp::now();
        let since = time.saturating_sub(SEARCH_MARGIN).unwrap_or(time);
        let found = self.source.search(since, until).await;
        let found = found.map_err(PollError::Pull)?;
        let parsed = parse(&found).map_err(PollError::UnreadablePage)?;
        let Some((log_id, text)) = lowest(&parsed) else {
            at.checkpoint.end_reached = Some(asked_at);
            let is_saved = self.save(&mut at, until).await?;
            let end = if is_saved {
                RunEnd::CaughtUp
            } else {
                RunEnd::Overtaken
            };
            return Ok(Begun::Break(end));
        };
        self.go_from(log_id, &text, at, until).await
    }

    /// Begins at a log event: a setting's, or a stored one that no run has delivered yet.
    async fn begin_at(
        &self,
        log_id: String,
        at: At<C::Tag>,
        setting: Option<&'static str>,
        until: Instant,
    ) -> Result<Begun<C::Tag>, PollError> {
        let found = self.find(&log_id, until).await?;
        match (found, setting) {
            (Some(text), Some(_)) => self.go_from(log_id, &text, at, until).await,
            (Some(text), None) => Ok(Begun::Continue(Going {
                at,
                first: Some(format!("[{text}]")),
                after: log_id,
            })),
            (None, Some(setting)) => Err(PollError::UnknownStart { setting, log_id }),
            (None, None) => Err(expired(log_id, &at.checkpoint)),
        }
    }

    /// Notes the log event that a run begins with.
    async fn go_from(
        &self,
        log_id: String,
        text: &str,
        mut at: At<C::Tag>,
        until: Instant,
    ) -> Result<Begun<C::Tag>, PollError> {
        at.checkpoint.move_to(log_id.clone());
        if !self.save(&mut at, until).await? {
            return Ok(Begun::Break(RunEnd::Overtaken));
        }
        for hole in &at.checkpoint.holes {
            let begin = hole.begin.as_ref().map(tracing::field::display);
            let before = hole.before.as_deref();
            tracing::warn!(begin, before, "log events left out by RESUME_FROM");
        }
        Ok(Begun::Continue(Going {
            at,
            first: Some(format!("[{text}]")),
            after: log_id,
        }))
    }

    async fn find(&self, log_id: &str, until: Instant) -> Result<Option<String>, PollError> {
        let found = self.source.find(log_id, until).await;
        found.map_err(PollError::Pull)
    }

    /// Saves the checkpoint over the one that was found; returns whether that was still there.
    pub(super) async fn save(
        &self,
        at: &mut At<C::Tag>,
        until: Instant,
    ) -> Result<bool, PollError> {
        let text = at.checkpoint.to_text();
        let saved = self.checkpoints.save(&text, at.tag.as_ref(), until).await;
        let saved = saved.map_err(PollError::Save)?;
        let is_saved = saved.is_some();
        at.tag = saved.or(at.tag.take());
        Ok(is_saved)
    }
}

fn expired(log_id: String, checkpoint: &Checkpoint) -> PollError {
    PollError::ExpiredCheckpoint {
        after: log_id,
        end_reached: checkpoint.end_reached,
    }
}
