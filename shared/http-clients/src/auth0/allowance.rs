//! When a rate limit leaves a call again, as the answers of an endpoint tell it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenant_logs::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::answer::wait;
use super::error::Auth0Error;
use crate::exchange::Answer;

/// The rate limit of one endpoint; Auth0 counts calls for a token apart from those of the Management API.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowance {
    not_before: Arc<Mutex<Option<Instant>>>,
}

impl Allowance {
    /// Takes what an answer says.
    pub(super) fn note(&self, answer: &Answer) {
        let wait = wait(answer, Timestamp::now());
        *self.lock() = wait.map(|wait| Instant::now() + wait);
    }

    /// Fails where no call may be made now.
    pub(super) fn check(&self) -> Result<(), Auth0Error> {
        let wait = self.left();
        wait.map_or(Ok(()), |wait| Err(Auth0Error::RateLimited { wait }))
    }

    /// Waits until a call may be made, where that is in time.
    pub(super) async fn wait(&self, until: Instant) -> Result<(), Auth0Error> {
        let Some(wait) = self.left() else {
            return Ok(());
        };
        let wake = Instant::now() + wait;
        if wake >= until {
            return Err(Auth0Error::RateLimited { wait });
        }
        sleep_until(wake).await;
        Ok(())
    }

    /// How long no call may be made.
    fn left(&self) -> Option<Duration> {
        let not_before = *self.lock();
        let left = not_before?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        // Nothing can panic while it is held.
        self.not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
