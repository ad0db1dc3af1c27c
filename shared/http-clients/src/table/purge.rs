//! Table storage forgets nothing by itself: whole buckets are deleted once a day, when the last of their rows is a day past
//! its time.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use relay::{CallError, PortError};
use serde::Deserialize;
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::journal::JournalTable;
use super::key::{CHECKPOINT, Key};
use super::pages::Query;
use crate::exchange::Number;

const BUCKETS_AT_ONCE: usize = 32;

/// What a purge has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Rows that were deleted.
    pub deleted: usize,
    /// Whether time ended before the whole table was looked through.
    pub has_more: bool,
}

#[derive(Debug, Deserialize)]
struct Expired {
    #[serde(rename = "PartitionKey")]
    partition: String,
}

#[derive(Debug, Deserialize)]
struct OfBucket {
    #[serde(rename = "RowKey")]
    row: String,
    expires_at: Option<Number>,
}

impl JournalTable {
    /// Deletes every bucket whose last row may be deleted by now, as far as there is time. `expires_at` is a day after a row
    /// has expired, so nobody who claims sees a difference.
    ///
    /// # Errors
    /// Where the table does not answer, is not there, or may not be read.
    pub async fn purge(&self, now: Timestamp, until: Instant) -> Result<Purged, PortError> {
        let query = Query {
            filter: format!(
                "PartitionKey ne '{CHECKPOINT}' and expires_at le {}L",
                now.as_second()
            ),
            select: Some("PartitionKey"),
        };
        let mut purged = Purged::default();
        let mut next = None;
        loop {
            let page = self
                .rows
                .page::<Expired>(&query, next.as_ref(), until)
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) if is_out_of_time(&error, until) => {
                    purged.has_more = true;
                    return Ok(purged);
                }
                Err(error) => return Err(error.at("look for expired rows".to_owned())),
            };
            let partitions = page.value.into_iter().map(|expired| expired.partition);
            // What a filter lets through is the server's; what may never be deleted is ours to know.
            let partitions = partitions.filter(|partition| partition != CHECKPOINT);
            let partitions: BTreeSet<String> = partitions.collect();
            self.purge_buckets(partitions, now, (until, &mut purged))
                .await
                .map_err(|error| error.at("delete expired rows".to_owned()))?;
            next = page.next;
            if next.is_none() || purged.has_more {
                return Ok(purged);
            }
        }
    }

    async fn purge_buckets(
        &self,
        partitions: BTreeSet<String>,
        now: Timestamp,
        (until, purged): (Instant, &mut Purged),
    ) -> Result<(), CallError> {
        let purging = partitions
            .into_iter()
            .map(|partition| self.purge_bucket(partition, now, until));
        let purging: Vec<_> = purging.collect();
        let mut done = stream::iter(purging).buffer_unordered(BUCKETS_AT_ONCE);
        while let Some((deleted, result)) = done.next().await {
            purged.deleted += deleted;
            match result {
                Ok(()) => {}
                Err(error) if is_out_of_time(&error, until) => purged.has_more = true,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Deletes the rows of a bucket, the lowest first, unless one of them may still be read; says how many are deleted.
    ///
    /// The highest goes last: as long as it is there, no number is given a second time.
    async fn purge_bucket(
        &self,
        partition: String,
        now: Timestamp,
        until: Instant,
    ) -> (usize, Result<(), CallError>) {
        let query = Query {
            // In a filter a quote is written twice. None stands in a key of ours.
            filter: format!("PartitionKey eq '{}'", partition.replace('\'', "''")),
            select: Some("RowKey,expires_at"),
        };
        let mut rows: Vec<OfBucket> = match self.rows.all(&query, until).await {
            Ok(rows) => rows,
            Err(error) => return (0, Err(error)),
        };
        let has_expired = |row: &OfBucket| {
            let at = row.expires_at.as_ref().and_then(Number::value);
            at.is_some_and(|at| at <= now.as_second())
        };
        if !rows.iter().all(has_expired) {
            return (0, Ok(()));
        }
        rows.sort_by(|one, other| one.row.cmp(&other.row));
        let mut deleted = 0;
        for OfBucket { row, .. } in rows {
            let partition = partition.clone();
            match self.rows.delete(&Key { partition, row }, "*", until).await {
                Ok(was_there) => deleted += usize::from(was_there),
                Err(error) => return (deleted, Err(error)),
            }
        }
        (deleted, Ok(()))
    }
}

fn is_out_of_time(error: &CallError, until: Instant) -> bool {
    matches!(error, CallError::TimedOut { .. }) && Instant::now() >= until
}
