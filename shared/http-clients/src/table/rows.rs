//! The entities of one table: read, and written or deleted on the condition that nobody has changed them.

use bytes::Bytes;
use relay::CallError;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;
use tokio::time::Instant;

use super::key::Key;
use crate::azure_service::{AzureService, STORAGE, of_storage};
use crate::entra::EntraIdentity;
use crate::exchange::Answer;

/// A table.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) service: AzureService,
    pub(super) table: Url,
}

impl Rows {
    /// A table, with what it is for and what to check where nothing can pass; nothing is sent yet.
    pub(super) fn new(
        identity: &EntraIdentity,
        table: Url,
        (purpose, advice): (&str, &'static str),
    ) -> Self {
        let name = table.path().trim_end_matches('/').rsplit('/').next();
        let target = format!("{purpose} `{}`", name.unwrap_or_default());
        Self {
            service: AzureService::new(identity, STORAGE, target, advice),
            table,
        }
    }

    /// Writes an entity over whatever is there.
    pub(super) async fn put(
        &self,
        key: &Key,
        entity: &Value,
        until: Instant,
    ) -> Result<(), CallError> {
        let request =
            |client: &reqwest::Client| with_entity(client.put(key.url(&self.table)), entity);
        let answer = self.service.call_with_retry(until, request).await?;
        self.service.success(answer).map(drop)
    }

    /// Writes an entity in the place of the one with this tag, or of none; returns whether that one was there.
    pub(super) async fn write(
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

    /// Deletes the entry with this tag; returns whether it was there.
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

    /// Reads an entity, with the tag that a conditional write names.
    pub(super) async fn find(
        &self,
        key: &Key,
        until: Instant,
    ) -> Result<Option<(Answer, String)>, CallError> {
        let url = key.url(&self.table);
        let request = |client: &reqwest::Client| of_table(client.get(url.clone()));
        let answer = self.service.call_with_retry(until, request).await?;
        if is_gone(&answer) {
            return Ok(None);
        }
        let answer = self.service.success(answer)?;
        let tag = answer.header(&ETAG).map(str::to_owned);
        let tag = tag.ok_or_else(|| self.service.unreadable())?;
        Ok(Some((answer, tag)))
    }

    /// Whether a conditional write was done, and not refused for its condition.
    fn is_done(&self, answer: Answer) -> Result<bool, CallError> {
        let is_taken = answer.status == StatusCode::CONFLICT
            && answer.service_code().is("EntityAlreadyExists");
        let is_changed = answer.status == StatusCode::PRECONDITION_FAILED;
        if is_taken || is_changed || is_gone(&answer) {
            return Ok(false);
        }
        self.service.success(answer).map(|_done| true)
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
    answer.status == StatusCode::NOT_FOUND && answer.service_code().is("ResourceNotFound")
}
