//! The end of a restart: `RESUME_FROM` may be honoured again, even where its text is the same.

use tokio::time::Instant;

use super::Poller;
use super::checkpoint::{Checkpoint, Position};
use super::error::PollError;
use super::ports::{CheckpointStore, StoredCheckpoint};
use crate::error::chain;

/// A checkpoint, where one is stored.
type Stored<T> = Option<StoredCheckpoint<T>>;

impl<S, L, D, P, C: CheckpointStore> Poller<S, L, D, P, C> {
    /// Ends the last restart in a run without `RESUME_FROM`, whatever becomes of that run; returns what is stored then, and
    /// `None` where another run has moved the checkpoint.
    pub(super) async fn end_restart(
        &self,
        stored: Stored<C::Tag>,
        until: Instant,
    ) -> Result<Option<Stored<C::Tag>>, PollError> {
        if self.settings.resume_from.is_some() {
            return Ok(Some(stored));
        }
        match restarted(stored.as_ref()) {
            Some((checkpoint, tag)) => {
                let saved = self.save_ended(checkpoint, tag, until).await?;
                Ok(saved.map(Some))
            }
            None => Ok(Some(stored)),
        }
    }

    /// Ends the last restart where the checkpoint has expired since: the next run may honour the same `RESUME_FROM` again,
    /// and this one has said that it had to stop.
    pub(super) async fn end_spent_restart(&self, expired: &str, until: Instant) {
        if let Err(error) = self.try_end_spent_restart(expired, until).await {
            let error = chain(&error).to_string();
            tracing::error!(error, "RESUME_FROM is not honoured again in the next run");
        }
    }

    async fn try_end_spent_restart(&self, expired: &str, until: Instant) -> Result<(), PollError> {
        let stored = self.checkpoints.load(until).await;
        let stored = stored.map_err(PollError::Load)?;
        let Some((checkpoint, tag)) = restarted(stored.as_ref()) else {
            return Ok(());
        };
        let is_expired = match &checkpoint.position {
            Position::Since(_) => false,
            Position::At(log_id) | Position::After(log_id) => log_id == expired,
        };
        if is_expired {
            // Where another run has moved the checkpoint, it goes on.
            self.save_ended(checkpoint, tag, until).await?;
        }
        Ok(())
    }

    async fn save_ended(
        &self,
        checkpoint: Checkpoint,
        tag: &C::Tag,
        until: Instant,
    ) -> Result<Stored<C::Tag>, PollError> {
        let ended = Checkpoint {
            resumed_from: None,
            ..checkpoint
        };
        let text = ended.to_text();
        let saved = self.checkpoints.save(&text, Some(tag), until).await;
        let saved = saved.map_err(PollError::Save)?;
        Ok(saved.map(|tag| StoredCheckpoint {
            value: Some(text),
            tag,
        }))
    }
}

/// A checkpoint that names the restart that was honoured, and its tag.
fn restarted<T>(stored: Option<&StoredCheckpoint<T>>) -> Option<(Checkpoint, &T)> {
    let stored = stored?;
    let checkpoint = stored.value.as_deref().and_then(Checkpoint::parse)?;
    let is_restarted = checkpoint.resumed_from.is_some();
    is_restarted.then_some((checkpoint, &stored.tag))
}
