//! What a table holds that passes a filter, page by page.

use relay::CallError;
use reqwest::header::HeaderName;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::rows::{Rows, of_table};
use crate::endpoint::percent_encode;

const NEXT_PARTITION: HeaderName = HeaderName::from_static("x-ms-continuation-nextpartitionkey");
const NEXT_ROW: HeaderName = HeaderName::from_static("x-ms-continuation-nextrowkey");

/// Which entities are asked for, and which of their properties.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) filter: String,
    /// None for all of them.
    pub(super) select: Option<&'static str>,
}

/// Some entities, and where the next ones are asked for. A page may be empty although others follow.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) value: Vec<T>,
    #[serde(skip)]
    pub(super) next: Option<Next>,
}

#[derive(Debug)]
pub(super) struct Next {
    partition: String,
    row: Option<String>,
}

impl Rows {
    /// A page of what passes: the first, or the one that follows another.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        query: &Query,
        next: Option<&Next>,
        until: Instant,
    ) -> Result<Page<T>, CallError> {
        let mut text = format!("$filter={}", percent_encode(&query.filter));
        let mut add = |name: &str, value: &str| {
            text.push('&');
            text.push_str(name);
            text.push('=');
            text.push_str(&percent_encode(value));
        };
        if let Some(select) = query.select {
            add("$select", select);
        }
        if let Some(next) = next {
            add("NextPartitionKey", &next.partition);
            if let Some(row) = &next.row {
                add("NextRowKey", row);
            }
        }
        let mut url = self.table.clone();
        url.set_path(&format!("{}()", self.table.path().trim_end_matches('/')));
        url.set_query(Some(&text));
        let request = |client: &reqwest::Client| of_table(client.get(url.clone()));
        let answer = self.service.call_with_retry(until, request).await?;
        let answer = self.service.success(answer)?;
        let header = |name: &HeaderName| answer.header(name).map(str::to_owned);
        let mut page: Page<T> = self.service.json(&answer)?;
        page.next = header(&NEXT_PARTITION).map(|partition| Next {
            partition,
            row: header(&NEXT_ROW),
        });
        Ok(page)
    }

    /// All that passes, every page of it.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        query: &Query,
        until: Instant,
    ) -> Result<Vec<T>, CallError> {
        let mut page = self.page(query, None, until).await?;
        let mut all = std::mem::take(&mut page.value);
        while let Some(next) = &page.next {
            page = self.page(query, Some(next), until).await?;
            all.append(&mut page.value);
        }
        Ok(all)
    }
}
