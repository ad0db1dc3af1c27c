//! The ledger: which log events each sink has, written as a journal.
//!
//! A *bucket* is what a sink gets of ten seconds. Its rows are claims, numbered as they came: each is put only if its
//! number is free, by whoever has read every row before it, and is written again by its owner alone. So a bucket's claims
//! have one order, and of two live claims of one log event the second sees the first.
//!
//! The rules are plain functions over rows (`bucket_claim`, `view`, `row`); here they meet a store and the time.

mod bucket;
mod bucket_claim;
mod memory;
mod row;
mod store;
mod view;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tenant_logs::Timestamp;
use tokio::time::{Instant, sleep_until, timeout_at};

pub use bucket_claim::Added;
pub use memory::MemoryStore;
pub use row::{MAX_ROW_IDS, Row, SeenRow, StoredRow, Wanted};
pub use store::{Store, StoreError};
pub use view::Standing;

use crate::ports::{Claim, Lease, PortError, Settled};
use bucket::{IdHash, bucket_key};
use bucket_claim::{BucketClaim, Ended, Step};
use view::{Asker, DAY_SECONDS, View};

/// Buckets side by side. A call takes some milliseconds, and log events without a time have a bucket each.
const BUCKETS_AT_ONCE: usize = 64;
/// The longest wait before a bucket is read again because others put a row first.
const MAX_JITTER: Duration = Duration::from_millis(320);
const FIRST_JITTER: Duration = Duration::from_millis(10);

/// The ledger on a store.
#[derive(Debug)]
pub struct Journal<S> {
    store: S,
    keep_seconds: i64,
}

/// What a claim brought.
#[derive(Debug, Default)]
#[must_use = "what is claimed is settled, or it is nobody's until its lease is over"]
pub struct Claims {
    /// One for each log event, in their order.
    pub claims: Vec<Claim>,
    /// What is to be settled.
    pub tickets: Tickets,
    /// Why some log events, which the claims call busy, could not be claimed.
    pub failure: Option<PortError>,
}

/// The rows of a claim, to be settled once by whoever claimed them.
#[derive(Debug, Default)]
#[must_use = "what is claimed is settled, or it is nobody's until its lease is over"]
pub struct Tickets(Vec<Ticket>);

#[derive(Debug)]
struct Ticket {
    bucket: String,
    row: Row,
    /// The index, among the log events that were to be claimed, of each that the row holds.
    indices: Vec<usize>,
}

/// Log events of one bucket, with their indices among all.
struct Part<'a> {
    bucket: &'a str,
    ids: &'a [(usize, IdHash)],
}

impl Tickets {
    /// Whether nothing is to be settled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S> Journal<S> {
    /// A journal whose rows are forgotten after some days.
    pub fn new(store: S, days: u16) -> Self {
        Self {
            store,
            keep_seconds: i64::from(days) * DAY_SECONDS,
        }
    }

    /// Days after which a row is forgotten.
    #[cfg(test)]
    pub(crate) fn days(&self) -> u16 {
        u16::try_from(self.keep_seconds / DAY_SECONDS).unwrap()
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }
}

impl<S: Store> Journal<S> {
    /// Claims log events for a sink, all distinct. Buckets are claimed side by side; one that cannot be claimed hands its
    /// own log events back, and the others go on.
    ///
    /// Whoever claims stops sending when its lease ends, by a clock that nobody sets.
    pub async fn claim(
        &self,
        sink: &str,
        log_ids: &[&str],
        lease: &Lease,
        until: Instant,
    ) -> Claims {
        let buckets = by_bucket(sink, log_ids);
        let claiming = buckets
            .iter()
            .map(|(bucket, ids)| self.claim_bucket(bucket, ids, lease, until));
        let claiming: Vec<_> = claiming.collect();
        let mut claimed = stream::iter(claiming).buffer_unordered(BUCKETS_AT_ONCE);
        let mut all = Claims {
            claims: vec![Claim::Busy; log_ids.len()],
            ..Claims::default()
        };
        let mut failure = None;
        let mut failed_count = 0;
        while let Some(parts) = claimed.next().await {
            for (part, ended, error) in parts {
                if let Some(error) = error {
                    failure.get_or_insert(error);
                    failed_count += part.ids.len();
                }
                all.take(&part, ended);
            }
        }
        all.failure = failure.map(|source| PortError {
            step: format!("claim {failed_count} log events of sink `{sink}`"),
            source,
        });
        all
    }

    /// Writes into every row what became of its log events, each at the index where it was claimed; `None` hands it back.
    ///
    /// # Errors
    /// Where a row could not be written: its log events are claimed until the lease is over, and then sent again. The
    /// others are written.
    pub async fn settle(
        &self,
        tickets: Tickets,
        fates: &[Option<Settled>],
        until: Instant,
    ) -> Result<(), PortError> {
        let settling = tickets.0.into_iter().map(|ticket| async move {
            let of_row = ticket.indices.iter();
            let of_row: Vec<Option<Settled>> = of_row
                .map(|index| fates.get(*index).copied().flatten())
                .collect();
            let row = ticket.row.settled(&of_row);
            let writing = self.store.write(&ticket.bucket, &row, until);
            let written = in_time(until, writing).await;
            written.map_err(|source| (source, of_row.len()))
        });
        let settling: Vec<_> = settling.collect();
        let mut settled = stream::iter(settling).buffer_unordered(BUCKETS_AT_ONCE);
        let mut failure = None;
        let mut failed_count = 0;
        while let Some(written) = settled.next().await {
            if let Err((source, count)) = written {
                failure.get_or_insert(source);
                failed_count += count;
            }
        }
        match failure {
            Some(source) => Err(PortError {
                step: format!("settle {failed_count} log events"),
                source,
            }),
            None => Ok(()),
        }
    }

    /// Where log events stand at a sink, without claiming any.
    ///
    /// # Errors
    /// Where one bucket cannot be read: what is not known is not taken for free.
    pub async fn look(
        &self,
        sink: &str,
        log_ids: &[&str],
        now: Timestamp,
        until: Instant,
    ) -> Result<Vec<Standing>, PortError> {
        let asker = Asker {
            begins: now,
            may_reclaim: false,
        };
        let buckets = by_bucket(sink, log_ids);
        let looking = buckets.iter().map(|(bucket, ids)| async move {
            let of_bucket: Vec<IdHash> = ids.iter().map(|(_, id)| *id).collect();
            let mut view = View::new();
            let wanted = Wanted::new(&of_bucket);
            while let Some(from) = view.next_read() {
                let reading = self.store.read(bucket, from, &wanted, until);
                view.note(in_time(until, reading).await?);
            }
            Ok::<_, StoreError>((ids, view.standings(&of_bucket, asker)))
        });
        let looking: Vec<_> = looking.collect();
        let mut looked = stream::iter(looking).buffer_unordered(BUCKETS_AT_ONCE);
        let mut all = vec![Standing::Free; log_ids.len()];
        while let Some(found) = looked.next().await {
            let (ids, standings) = found.map_err(|source| PortError {
                step: format!("look for {} log events of sink `{sink}`", log_ids.len()),
                source,
            })?;
            for ((index, _), standing) in ids.iter().zip(standings) {
                if let Some(slot) = all.get_mut(*index) {
                    *slot = standing;
                }
            }
        }
        Ok(all)
    }

    /// Claims log events of one bucket, as many at once as a row holds, one row after another.
    async fn claim_bucket<'b>(
        &self,
        bucket: &'b str,
        ids: &'b [(usize, IdHash)],
        lease: &Lease,
        until: Instant,
    ) -> Vec<(Part<'b>, Ended, Option<StoreError>)> {
        let mut parts = Vec::new();
        for ids in ids.chunks(MAX_ROW_IDS) {
            let part = Part { bucket, ids };
            let (ended, error) = self.claim_part(&part, lease, until).await;
            parts.push((part, ended, error));
        }
        parts
    }

    /// Takes every step of a claim, as long as there is time.
    async fn claim_part(
        &self,
        part: &Part<'_>,
        lease: &Lease,
        until: Instant,
    ) -> (Ended, Option<StoreError>) {
        let ids: Vec<IdHash> = part.ids.iter().map(|(_, id)| *id).collect();
        let wanted = Wanted::new(&ids);
        let begins = lease.begins.as_second();
        let kept_until = begins.saturating_add(self.keep_seconds);
        let row = Row {
            number: 0,
            owner: fastrand::u64(..),
            lease_ends: lease.ends.as_millisecond(),
            expires_at: kept_until.saturating_add(DAY_SECONDS),
            ids: Vec::new(),
            outcomes: None,
        };
        let mut claim = BucketClaim::new(ids, Asker::of(lease), row);
        let mut waited_for = 0;
        loop {
            if claim.repeats() > waited_for {
                waited_for = claim.repeats();
                sleep_until(until.min(Instant::now() + jitter(waited_for))).await;
            }
            let done = match claim.next() {
                Step::End => return (claim.end(), None),
                Step::Read { from } => {
                    let reading = self.store.read(part.bucket, from, &wanted, until);
                    let rows = in_time(until, reading).await;
                    rows.map(|rows| claim.note_read(rows))
                }
                Step::Put(row) => {
                    let adding = self.store.add(part.bucket, &row, until);
                    let added = in_time(until, adding).await;
                    added.map(|added| claim.note_put(row, added))
                }
            };
            if let Err(error) = done {
                claim.give_up();
                return (claim.end(), Some(error));
            }
        }
    }
}

impl Claims {
    /// Takes what became of a part.
    fn take(&mut self, part: &Part<'_>, ended: Ended) {
        let mut indices = Vec::new();
        for ((index, _), claim) in part.ids.iter().zip(ended.claims) {
            if claim == Claim::Claimed {
                indices.push(*index);
            }
            if let Some(slot) = self.claims.get_mut(*index) {
                *slot = claim;
            }
        }
        self.tickets.0.extend(ended.row.map(|row| Ticket {
            bucket: part.bucket.to_owned(),
            row,
            indices,
        }));
    }
}

/// Log events by their buckets, with their indices among all.
fn by_bucket(sink: &str, log_ids: &[&str]) -> BTreeMap<String, Vec<(usize, IdHash)>> {
    let mut buckets: BTreeMap<String, Vec<(usize, IdHash)>> = BTreeMap::new();
    for (index, log_id) in log_ids.iter().enumerate() {
        let ids = buckets.entry(bucket_key(sink, log_id)).or_default();
        ids.push((index, IdHash::of(log_id)));
    }
    buckets
}

#[derive(Debug, thiserror::Error)]
#[error("no time was left")]
struct NoTime;

/// Waits for a call no longer than there is time; begins none where there is none.
async fn in_time<T>(
    until: Instant,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    if Instant::now() >= until {
        return Err(NoTime.into());
    }
    timeout_at(until, call)
        .await
        .unwrap_or_else(|_| Err(NoTime.into()))
}

/// A random wait, so that those who were refused by one row do not meet again at the next.
fn jitter(repeats: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(repeats.saturating_sub(1));
    let bound = FIRST_JITTER.saturating_mul(doubled).min(MAX_JITTER);
    bound.mul_f64(fastrand::f64())
}
