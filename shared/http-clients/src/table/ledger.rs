//! The ledger as a table: conditional writes, one entry each, many side by side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use relay::{Claim, Lease, Ledger, PortError, Remedy, Settled};
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::entity::{self, Found, Key};
use crate::azure_service::{AzureService, STORAGE, of_storage};
use crate::call_error::CallError;
use crate::entra::EntraIdentity;
use crate::exchange::Answer;

/// Entries side by side. A call takes some milliseconds, and each has a connection of its own.
const ENTRIES_AT_ONCE: usize = 32;
/// How often an entry is looked at again because somebody else wrote it meanwhile.
const MOST_ROUNDS: usize = 8;
/// Most time that all entries of a step may take together.
const MOST_STEP_TIME: Duration = Duration::from_secs(10);
const DAY_SECONDS: i64 = 86_400;
const ADVICE: &str = "check LEDGER_TABLE_ENDPOINT, that the table is there, and that the identity has the role Storage Table \
    Data Contributor on it";

/// A ledger that every copy of a function shares.
#[derive(Debug)]
pub struct TableLedger {
    pub(super) service: AzureService,
    pub(super) table: Url,
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
        let name = table.path().trim_end_matches('/').rsplit('/').next();
        let target = format!("ledger table `{}`", name.unwrap_or_default());
        Self {
            service: AzureService::new(identity, STORAGE, target, ADVICE),
            table,
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
        for _ in 0..MOST_ROUNDS {
            if self.write(key, &claimed, tag.as_deref(), until).await? {
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
    /// covers "delivered", or the letter, when it comes back, would be sent a second time.
    async fn commit_one(
        &self,
        key: &Key,
        settled: Settled,
        now: Timestamp,
        until: Instant,
    ) -> Result<(), CallError> {
        let entity = entity::settled(key, settled, (now, self.keep_seconds));
        if settled == Settled::Delivered {
            let request =
                |client: &reqwest::Client| with_entity(client.put(key.url(&self.table)), &entity);
            let answer = self.service.call_with_retry(until, request).await?;
            return self.done(answer);
        }
        for _ in 0..MOST_ROUNDS {
            let tag = match self.find(key, until).await? {
                Some(tagged) if tagged.found.is_delivered(now) => return Ok(()),
                Some(tagged) => Some(tagged.tag),
                None => None,
            };
            if self.write(key, &entity, tag.as_deref(), until).await? {
                return Ok(());
            }
        }
        Err(self.contended())
    }

    /// Deletes a claim that is still ours.
    async fn release_one(&self, key: &Key, lease: &Lease, until: Instant) -> Result<(), CallError> {
        match self.find(key, until).await? {
            Some(tagged) if tagged.found.is_claim_of(lease) => {
                self.delete(key, &tagged.tag, until).await.map(|_| ())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Writes an entity in the place of the one with this tag, or of none; answers whether that one was there.
    async fn write(
        &self,
        key: &Key,
        entity: &Value,
        tag: Option<&str>,
        until: Instant,
    ) -> Result<bool, CallError> {
        let request = |client: &reqwest::Client| match tag {
            Some(tag) => {
                with_entity(client.put(key.url(&self.table)), entity).header(IF_MATCH, tag)
            }
            None => with_entity(client.post(self.table.clone()), entity)
                .header("prefer", "return-no-content"),
        };
        let answer = self.service.call_with_retry(until, request).await?;
        self.is_done(answer)
    }

    /// Deletes the entry with this tag; answers whether it was there.
    pub(super) async fn delete(
        &self,
        key: &Key,
        tag: &str,
        until: Instant,
    ) -> Result<bool, CallError> {
        let url = key.url(&self.table);
        let request = |client: &reqwest::Client| {
            of_table(client.request(Method::DELETE, url.clone())).header(IF_MATCH, tag)
        };
        let answer = self.service.call_with_retry(until, request).await?;
        self.is_done(answer)
    }

    async fn find(&self, key: &Key, until: Instant) -> Result<Option<Tagged>, CallError> {
        let url = key.url(&self.table);
        let request = |client: &reqwest::Client| of_table(client.get(url.clone()));
        let answer = self.service.call_with_retry(until, request).await?;
        if is_gone(&answer) {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(self.service.error(answer));
        }
        let tag = answer.header(&ETAG).map(str::to_owned);
        let found = answer.whole_body().and_then(Found::read);
        match found.zip(tag) {
            Some((found, tag)) => Ok(Some(Tagged { found, tag })),
            None => Err(self.service.unreadable()),
        }
    }

    /// Whether a conditional write was done, and not refused for its condition.
    fn is_done(&self, answer: Answer) -> Result<bool, CallError> {
        let is_taken =
            answer.status == StatusCode::CONFLICT && answer.said().is("EntityAlreadyExists");
        let is_changed = answer.status == StatusCode::PRECONDITION_FAILED;
        if is_taken || is_changed || is_gone(&answer) {
            return Ok(false);
        }
        self.done(answer).map(|()| true)
    }

    fn done(&self, answer: Answer) -> Result<(), CallError> {
        if answer.is_success() {
            Ok(())
        } else {
            Err(self.service.error(answer))
        }
    }

    fn contended(&self) -> CallError {
        CallError::TimedOut {
            target: self.service.target().to_owned(),
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
        let step = Step::new(Change::Commit(settled, Timestamp::now()), MOST_STEP_TIME);
        match self.change_all(sink, log_ids, &step).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.of("commit", sink, log_ids)),
        }
    }

    async fn release(&self, sink: &str, log_ids: &[&str], lease: &Lease) -> Result<(), PortError> {
        let step = Step::new(Change::Release(lease), MOST_STEP_TIME);
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
            until: Instant::now() + time.min(MOST_STEP_TIME),
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

/// Adds what every call of a table carries.
pub(super) fn of_table(request: RequestBuilder) -> RequestBuilder {
    of_storage(request)
        .header("dataserviceversion", "3.0")
        .header("maxdataserviceversion", "3.0;NetFx")
        .header(ACCEPT, "application/json;odata=minimalmetadata")
}

fn with_entity(request: RequestBuilder, entity: &Value) -> RequestBuilder {
    of_table(request)
        .header(CONTENT_TYPE, "application/json")
        .body(Bytes::from(entity.to_string()))
}

/// Whether an entry is not there, though its table is.
fn is_gone(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_FOUND && answer.said().is("ResourceNotFound")
}

/// What is left of an invocation.
fn time_left(lease: &Lease) -> Duration {
    let left = lease.ends.duration_since(Timestamp::now());
    Duration::try_from(left).unwrap_or_default()
}
