//! The ledger as a table: conditional writes, one entry each, many side by side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use relay::{CallError, Claim, Lease, Ledger, PortError, Remedy, Settled};
use reqwest::Url;
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::entity::{self, Found, Key};
use super::rows::Rows;
use crate::entra::EntraIdentity;

/// Entries side by side. A call takes some milliseconds, and each has a connection of its own.
const ENTRIES_AT_ONCE: usize = 32;
/// How often an entry is looked at again because somebody else wrote it meanwhile.
const MAX_ROUNDS: usize = 8;
/// Most time that all entries of a step may take together.
const MAX_STEP_TIME: Duration = Duration::from_secs(10);
const DAY_SECONDS: i64 = 86_400;
const ADVICE: &str = "check LEDGER_TABLE_ENDPOINT, that the table is there, and that the identity has the role Storage Table \
    Data Contributor on it";

/// A ledger that every copy of a function shares.
#[derive(Debug)]
pub struct TableLedger {
    pub(super) rows: Rows,
    keep_seconds: i64,
}

/// What is done to one entry.
#[derive(Debug)]
enum Change<'a> {
    Claim(&'a Lease),
    Commit(Settled, Timestamp),
    Release(&'a Lease),
}

/// An entry as it was found, with the tag that a conditional write names.
struct Tagged {
    found: Found,
    tag: String,
}

/// A step that failed.
struct Failure {
    error: CallError,
    /// Places of the entries that were changed, or may have been: an answer that was lost tells nothing.
    maybe_done: Vec<usize>,
}

/// The changes of one step.
struct Step<'a> {
    change: Change<'a>,
    until: Instant,
    /// Whether no more changes are begun.
    has_failed: AtomicBool,
}

impl TableLedger {
    /// A table; its entries are forgotten after some days.
    pub fn new(identity: &EntraIdentity, table: Url, days: u16) -> Self {
        Self {
            rows: Rows::new(identity, table, ("ledger table", ADVICE)),
            keep_seconds: i64::from(days) * DAY_SECONDS,
        }
    }

    /// Changes every entry, and answers for each in their order.
    async fn change_all(
        &self,
        sink: &str,
        log_ids: &[&str],
        step: &Step<'_>,
    ) -> Result<Vec<Claim>, Failure> {
        let calls: Vec<_> = log_ids
            .iter()
            .enumerate()
            .map(|(place, log_id)| self.change_in_place(place, Key::new(sink, log_id), step))
            .collect();
        let mut answers = stream::iter(calls).buffer_unordered(ENTRIES_AT_ONCE);
        let mut claims = vec![Claim::Busy; log_ids.len()];
        let mut maybe_done = Vec::new();
        let mut first_error = None;
        while let Some((place, answer)) = answers.next().await {
            match answer {
                Some(Ok(claim)) => {
                    if claim == Claim::Claimed {
                        maybe_done.push(place);
                    }
                    if let Some(slot) = claims.get_mut(place) {
                        *slot = claim;
                    }
                }
                Some(Err(error)) => {
                    if error.remedy() == Remedy::Retry {
                        maybe_done.push(place);
                    }
                    first_error.get_or_insert(error);
                }
                None => {}
            }
        }
        match first_error {
            None => Ok(claims),
            Some(error) => Err(Failure { error, maybe_done }),
        }
    }

    /// Changes one entry; nothing where the step failed before.
    async fn change_in_place(
        &self,
        place: usize,
        key: Key,
        step: &Step<'_>,
    ) -> (usize, Option<Result<Claim, CallError>>) {
        if step.has_failed.load(Ordering::Relaxed) {
            return (place, None);
        }
        let until = step.until;
        let changed = match &step.change {
            Change::Claim(lease) => self.claim_one(&key, lease, until).await,
            Change::Commit(settled, now) => {
                let committed = self.commit_one(&key, *settled, *now, until).await;
                committed.map(|()| Claim::Claimed)
            }
            Change::Release(lease) => {
                let released = self.release_one(&key, lease, until).await;
                released.map(|()| Claim::Claimed)
            }
        };
        if let Err(error) = &changed {
            step.note_failure(error);
        }
        (place, Some(changed))
    }

    /// Claims an entry that is not there, has expired or lapsed, or is ours.
    async fn claim_one(
        &self,
        key: &Key,
        lease: &Lease,
        until: Instant,
    ) -> Result<Claim, CallError> {
        let claimed = entity::claimed(key, lease, self.keep_seconds);
        let mut tag = None;
        for _ in 0..MAX_ROUNDS {
            if self
                .rows
                .write(key, &claimed, tag.as_deref(), until)
                .await?
            {
                return Ok(Claim::Claimed);
            }
            tag = match self.find(key, until).await? {
                None => None,
                Some(tagged) => match tagged.found.claim(lease) {
                    Some(claim) => return Ok(claim),
                    None => Some(tagged.tag),
                },
            };
        }
        // Others change it faster than we can look.
        Ok(Claim::Busy)
    }

    /// Notes what became of a log event.
    ///
    /// "Delivered" is written over whatever is there: it is true whoever holds the entry by now. "Set aside" never
    /// covers "delivered", or the dead letter, when it comes back, would be sent a second time.
    async fn commit_one(
        &self,
        key: &Key,
        settled: Settled,
        now: Timestamp,
        until: Instant,
    ) -> Result<(), CallError> {
        let entity = entity::settled(key, settled, (now, self.keep_seconds));
        if settled == Settled::Delivered {
            return self.rows.put(key, &entity, until).await;
        }
        for _ in 0..MAX_ROUNDS {
            let tag = match self.find(key, until).await? {
                Some(tagged) if tagged.found.is_delivered(now) => return Ok(()),
                Some(tagged) => Some(tagged.tag),
                None => None,
            };
            if self.rows.write(key, &entity, tag.as_deref(), until).await? {
                return Ok(());
            }
        }
        Err(self.contended())
    }

    /// Deletes a claim that is still ours.
    async fn release_one(&self, key: &Key, lease: &Lease, until: Instant) -> Result<(), CallError> {
        match self.find(key, until).await? {
            Some(tagged) if tagged.found.is_claim_of(lease) => {
                self.rows.delete(key, &tagged.tag, until).await.map(|_| ())
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn find(&self, key: &Key, until: Instant) -> Result<Option<Tagged>, CallError> {
        let Some((answer, tag)) = self.rows.find(key, until).await? else {
            return Ok(None);
        };
        let found = answer.whole_body().and_then(Found::read);
        let found = found.ok_or_else(|| self.rows.service.unreadable())?;
        Ok(Some(Tagged { found, tag }))
    }

    fn contended(&self) -> CallError {
        CallError::TimedOut {
            target: self.rows.service.target().to_owned(),
        }
    }
}

impl Ledger for TableLedger {
    async fn claim(
        &self,
        sink: &str,
        log_ids: &[&str],
        lease: &Lease,
    ) -> Result<Vec<Claim>, PortError> {
        // Half of the time is kept for sending, or for giving back what was claimed.
        let step = Step::new(Change::Claim(lease), time_left(lease) / 2);
        let failure = match self.change_all(sink, log_ids, &step).await {
            Ok(claims) => return Ok(claims),
            Err(failure) => failure,
        };
        let maybe_ours = failure.maybe_done.iter();
        let maybe_ours: Vec<&str> = maybe_ours
            .filter_map(|place| log_ids.get(*place).copied())
            .collect();
        let undo = Step::new(Change::Release(lease), time_left(lease) / 2);
        // What cannot be given back lapses with the lease; the error to tell is the claim's.
        drop(self.change_all(sink, &maybe_ours, &undo).await);
        Err(failure.of("claim", sink, log_ids))
    }

    async fn commit(
        &self,
        sink: &str,
        log_ids: &[&str],
        settled: Settled,
    ) -> Result<(), PortError> {
        let step = Step::new(Change::Commit(settled, Timestamp::now()), MAX_STEP_TIME);
        match self.change_all(sink, log_ids, &step).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.of("commit", sink, log_ids)),
        }
    }

    async fn release(&self, sink: &str, log_ids: &[&str], lease: &Lease) -> Result<(), PortError> {
        let step = Step::new(Change::Release(lease), MAX_STEP_TIME);
        match self.change_all(sink, log_ids, &step).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.of("release", sink, log_ids)),
        }
    }
}

impl Failure {
    fn of(self, verb: &str, sink: &str, log_ids: &[&str]) -> PortError {
        let count = log_ids.len();
        self.error
            .at(format!("{verb} {count} log events of sink `{sink}`"))
    }
}

impl<'a> Step<'a> {
    fn new(change: Change<'a>, time: Duration) -> Self {
        Self {
            change,
            until: Instant::now() + time.min(MAX_STEP_TIME),
            has_failed: AtomicBool::new(false),
        }
    }

    /// A claim fails as a whole. What can be committed or released is, whatever becomes of the rest, unless nothing can
    /// pass.
    fn note_failure(&self, error: &CallError) {
        if matches!(self.change, Change::Claim(_)) || error.remedy() == Remedy::Stop {
            self.has_failed.store(true, Ordering::Relaxed);
        }
    }
}

/// What is left of an invocation.
fn time_left(lease: &Lease) -> Duration {
    let left = lease.ends.duration_since(Timestamp::now());
    Duration::try_from(left).unwrap_or_default()
}
