//! The journal of one process, for where no table is set: it knows what this process delivered, and forgets it with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::bucket_claim::Added;
use super::row::{Row, SeenRow, Wanted};
use super::view::is_live;
use super::{Store, StoreError};

/// Log events kept before buckets are forgotten.
const CAPACITY: usize = 100_000;

/// Rows in this process.
#[derive(Debug)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    buckets: HashMap<Arc<str>, Bucket>,
    /// The buckets by when they were last used.
    by_use: BTreeMap<u64, Arc<str>>,
    uses: u64,
    /// What all rows weigh.
    weight: usize,
    capacity: usize,
    has_forgotten: bool,
}

#[derive(Debug, Default)]
struct Bucket {
    rows: BTreeMap<u32, Row>,
    last_use: u64,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl MemoryStore {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            kept: Mutex::new(Kept {
                buckets: HashMap::new(),
                by_use: BTreeMap::new(),
                uses: 0,
                weight: 0,
                capacity,
                has_forgotten: false,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere leaves whole rows behind: nothing panics while they are changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.lock().weight
    }

    #[cfg(test)]
    pub(super) fn rows(&self, bucket: &str) -> Vec<Row> {
        let kept = self.lock();
        let rows = kept.buckets.get(bucket).map(|bucket| bucket.rows.values());
        rows.into_iter().flatten().cloned().collect()
    }
}

impl Kept {
    /// The bucket with a key, which is now the one used last.
    ///
    /// So a bucket that is read is not forgotten before its reader puts a row, unless 100,000 others are put in between.
    fn bucket(&mut self, key: &str) -> &mut Bucket {
        let shared = match self.buckets.get_key_value(key) {
            Some((shared, _)) => Arc::clone(shared),
            None => Arc::from(key),
        };
        self.uses += 1;
        let bucket = self.buckets.entry(Arc::clone(&shared)).or_default();
        self.by_use.remove(&bucket.last_use);
        bucket.last_use = self.uses;
        self.by_use.insert(self.uses, shared);
        bucket
    }

    /// Puts a row in the place of whatever has its number.
    ///
    /// A bucket of which all was handed back is forgotten at once, so that what a sink refuses costs nobody's place. Its
    /// numbers begin again, which harms nobody: a claim reads and puts here without waiting in between.
    fn put(&mut self, key: &str, row: &Row) {
        let bucket = self.bucket(key);
        let replaced = bucket.rows.insert(row.number, row.clone());
        let is_empty = bucket.rows.values().all(|row| row.ids.is_empty());
        let row_count = bucket.rows.len();
        let last_use = bucket.last_use;
        self.weight += weight(row);
        self.weight -= replaced.as_ref().map_or(0, weight);
        if is_empty {
            self.buckets.remove(key);
            self.by_use.remove(&last_use);
            self.weight -= row_count;
        }
        if self.weight > self.capacity {
            self.forget(Timestamp::now());
        }
    }

    /// Forgets whole buckets, the longest unused first, until the rest may stay; never one with a live claim.
    fn forget(&mut self, now: Timestamp) {
        let mut forgotten = Vec::new();
        let mut weight_left = self.weight;
        for (last_use, key) in &self.by_use {
            if weight_left <= self.capacity {
                break;
            }
            let Some(bucket) = self.buckets.get(key) else {
                continue;
            };
            if bucket.rows.values().any(|row| is_claimed(row, now)) {
                continue;
            }
            weight_left -= bucket.rows.values().map(weight).sum::<usize>();
            forgotten.push((*last_use, Arc::clone(key)));
        }
        for (last_use, key) in &forgotten {
            self.by_use.remove(last_use);
            self.buckets.remove(key);
        }
        self.weight = weight_left;
        if !forgotten.is_empty() && !self.has_forgotten {
            self.has_forgotten = true;
            tracing::warn!(
                log_event.count = self.capacity,
                "the ledger in memory is full: the deliveries longest ago are forgotten"
            );
        }
    }
}

/// A row without log events has a number to keep.
fn weight(row: &Row) -> usize {
    row.ids.len().max(1)
}

fn is_claimed(row: &Row, now: Timestamp) -> bool {
    row.outcomes.is_none() && !row.ids.is_empty() && is_live(row.lease_ends, now)
}

impl Store for MemoryStore {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        _until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        let mut kept = self.lock();
        if !kept.buckets.contains_key(bucket) {
            return Ok(Vec::new());
        }
        let rows = kept.bucket(bucket).rows.range(from..);
        Ok(rows.map(|(_, row)| row.seen(wanted)).collect())
    }

    async fn add(&self, bucket: &str, row: &Row, _until: Instant) -> Result<Added, StoreError> {
        let mut kept = self.lock();
        let found = kept.bucket(bucket).rows.get(&row.number);
        if let Some(found) = found {
            let wanted = Wanted::new(&row.ids);
            return Ok(Added::Refused(Some(found.seen(&wanted))));
        }
        kept.put(bucket, row);
        Ok(Added::Done)
    }

    async fn write(&self, bucket: &str, row: &Row, _until: Instant) -> Result<(), StoreError> {
        self.lock().put(bucket, row);
        Ok(())
    }
}
