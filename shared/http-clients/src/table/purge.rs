//! Table storage forgets nothing by itself: what has expired is deleted once a day.

use futures_util::{StreamExt, stream};
use relay::{CallError, PortError};
use reqwest::header::HeaderName;
use serde::Deserialize;
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::TableLedger;
use super::entity::{CHECKPOINT, Key};
use super::rows::of_table;
use crate::endpoint::percent_encode;

const DELETES_AT_ONCE: usize = 32;
const NEXT_PARTITION: HeaderName = HeaderName::from_static("x-ms-continuation-nextpartitionkey");
const NEXT_ROW: HeaderName = HeaderName::from_static("x-ms-continuation-nextrowkey");

/// What a purge has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Entries that were deleted.
    pub deleted: usize,
    /// Whether time ended before the whole table was looked through.
    pub has_more: bool,
}

/// Expired entries, and where the next ones are asked for.
#[derive(Deserialize)]
struct Page {
    value: Vec<Expired>,
    #[serde(skip)]
    next: Option<(String, Option<String>)>,
}

#[derive(Deserialize)]
struct Expired {
    #[serde(rename = "PartitionKey")]
    partition: String,
    #[serde(rename = "RowKey")]
    row: String,
    #[serde(rename = "odata.etag")]
    tag: String,
}

impl TableLedger {
    /// Deletes every entry that has expired by now, as far as there is time; one that somebody claims meanwhile stays.
    ///
    /// # Errors
    /// Where the table does not answer, is not there, or may not be read.
    pub async fn purge(&self, now: Timestamp, until: Instant) -> Result<Purged, PortError> {
        let mut purged = Purged::default();
        let mut next = None;
        loop {
            let page = match self.expired(now, next.as_ref(), until).await {
                Ok(page) => page,
                Err(CallError::TimedOut { .. } | CallError::NotMade { .. })
                    if Instant::now() >= until =>
                {
                    purged.has_more = true;
                    return Ok(purged);
                }
                Err(error) => return Err(error.at("look for expired entries".to_owned())),
            };
            let deleting = page
                .value
                .into_iter()
                .filter(|expired| expired.partition != CHECKPOINT)
                .map(|expired| self.delete_expired(expired, until));
            let deleting: Vec<_> = deleting.collect();
            let mut deleted = stream::iter(deleting).buffer_unordered(DELETES_AT_ONCE);
            while let Some(is_deleted) = deleted.next().await {
                match is_deleted {
                    Ok(is_deleted) => purged.deleted += usize::from(is_deleted),
                    Err(CallError::TimedOut { .. } | CallError::NotMade { .. })
                        if Instant::now() >= until =>
                    {
                        purged.has_more = true;
                    }
                    Err(error) => return Err(error.at("delete expired entries".to_owned())),
                }
            }
            next = page.next;
            if next.is_none() || purged.has_more {
                return Ok(purged);
            }
        }
    }

    async fn delete_expired(&self, expired: Expired, until: Instant) -> Result<bool, CallError> {
        let key = Key {
            partition: expired.partition,
            row: expired.row,
        };
        self.rows.delete(&key, &expired.tag, until).await
    }

    async fn expired(
        &self,
        now: Timestamp,
        next: Option<&(String, Option<String>)>,
        until: Instant,
    ) -> Result<Page, CallError> {
        let filter = format!(
            "PartitionKey ne '{CHECKPOINT}' and ExpiresAt le {}L",
            now.as_second()
        );
        let mut query = format!("$filter={}", percent_encode(&filter));
        if let Some((partition, row)) = next {
            query.push_str("&NextPartitionKey=");
            query.push_str(&percent_encode(partition));
            if let Some(row) = row {
                query.push_str("&NextRowKey=");
                query.push_str(&percent_encode(row));
            }
        }
        let mut url = self.rows.table.clone();
        url.set_path(&format!(
            "{}()",
            self.rows.table.path().trim_end_matches('/')
        ));
        url.set_query(Some(&query));
        let answer = self
            .rows
            .service
            .call_with_retry(until, |client| of_table(client.get(url.clone())))
            .await?;
        if !answer.is_success() {
            return Err(self.rows.service.error(answer));
        }
        let header = |name: &HeaderName| answer.header(name).map(str::to_owned);
        let next = header(&NEXT_PARTITION).map(|partition| (partition, header(&NEXT_ROW)));
        let body = answer.whole_body();
        let page: Option<Page> = body.and_then(|body| serde_json::from_slice(body).ok());
        let mut page = page.ok_or_else(|| self.rows.service.unreadable())?;
        page.next = next;
        Ok(page)
    }
}
