//! Dead letters as blobs, one each, in the container that Event Grid's own dead-lettering uses.

mod listing;

use std::fmt::Write as _;

use bytes::Bytes;
use relay::settings::Reader;
use relay::{
    BatchCall, CallError, CallLimits, DeadLetters, Delivery, PortError, Sending, TooLarge,
    store_in_calls,
};
use reqwest::header::CONTENT_TYPE;
use reqwest::{StatusCode, Url};
use tenant_logs::{BatchLimits, DeadLetter, sha256_hex};
use tokio::time::Instant;

use crate::azure_service::{AzureService, STORAGE, of_storage};
use crate::endpoint::{WANT, below, endpoint, percent_encode};
use crate::entra::EntraIdentity;
use crate::exchange::Answer;

pub use listing::{DeadLetterPage, StoredDeadLetter};

const CALLS_AT_ONCE: usize = 8;
const BLOBS_A_PAGE: &str = "1000";
const ADVICE: &str = "check DEAD_LETTER_CONTAINER_ENDPOINT, that the container is there, and that the identity has the role \
    Storage Blob Data Contributor on it";

/// Which container.
#[derive(Debug, Clone)]
pub struct DeadLetterContainerSettings {
    endpoint: Url,
}

impl DeadLetterContainerSettings {
    /// Reads `DEAD_LETTER_CONTAINER_ENDPOINT`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.required_parsed("DEAD_LETTER_CONTAINER_ENDPOINT", WANT, endpoint)?;
        Some(Self { endpoint })
    }
}

/// The container of dead letters.
#[derive(Debug)]
pub struct DeadLetterContainer {
    service: AzureService,
    endpoint: Url,
}

impl DeadLetterContainer {
    /// A container; nothing is sent yet.
    pub fn new(identity: &EntraIdentity, settings: DeadLetterContainerSettings) -> Self {
        let endpoint = settings.endpoint;
        let path = endpoint.path().trim_end_matches('/');
        let name = path.rsplit('/').next().unwrap_or_default();
        let target = format!("dead-letter container `{name}`");
        Self {
            service: AzureService::new(identity, STORAGE, target, ADVICE),
            endpoint,
        }
    }

    /// One page of the blobs in the container, ours and Event Grid's own, after the page that named `after`.
    ///
    /// Whoever replays dead letters lists all of them first: one that cannot be replayed is put here again.
    ///
    /// # Errors
    /// Where the container does not answer in time, is not there, or may not be read.
    pub async fn list(
        &self,
        after: Option<&str>,
        until: Instant,
    ) -> Result<DeadLetterPage, PortError> {
        let mut url = self.endpoint.clone();
        url.query_pairs_mut()
            .append_pair("restype", "container")
            .append_pair("comp", "list")
            .append_pair("maxresults", BLOBS_A_PAGE)
            .extend_pairs(after.map(|marker| ("marker", marker)));
        let call = self
            .service
            .call_with_retry(until, |client| of_storage(client.get(url.clone())));
        let answer = call.await.and_then(|answer| self.service.success(answer));
        let page = answer.and_then(|answer| {
            let page = answer.whole_body().and_then(listing::read);
            page.ok_or_else(|| self.service.unreadable())
        });
        page.map_err(|error| error.at("list dead letters".to_owned()))
    }

    /// Returns a dead letter's bytes; `None` if it is gone.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn get(&self, name: &str, until: Instant) -> Result<Option<Vec<u8>>, PortError> {
        let url = self.blob(name);
        let call = self
            .service
            .call_with_retry(until, |client| of_storage(client.get(url.clone())));
        let bytes = call.await.and_then(|answer| {
            if is_gone(&answer) {
                return Ok(None);
            }
            let answer = self.service.success(answer)?;
            let bytes = answer.whole_body().map(<[u8]>::to_vec);
            bytes.map(Some).ok_or_else(|| self.service.unreadable())
        });
        bytes.map_err(|error| error.at("read a dead letter".to_owned()))
    }

    /// Deletes a dead letter whose event is delivered or known; one that is gone is deleted already.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn delete(&self, name: &str, until: Instant) -> Result<(), PortError> {
        let url = self.blob(name);
        let call = self.service.call_with_retry(until, |client| {
            of_storage(client.delete(url.clone())).header("x-ms-delete-snapshots", "include")
        });
        let deleted = call.await.and_then(|answer| {
            if is_gone(&answer) {
                return Ok(());
            }
            self.service.success(answer).map(drop)
        });
        deleted.map_err(|error| error.at("delete a dead letter".to_owned()))
    }

    fn blob(&self, name: &str) -> Url {
        let segments: Vec<String> = name.split('/').map(percent_encode).collect();
        below(&self.endpoint, &segments.join("/"))
    }
}

/// A dead letter as it is stored.
struct Blob {
    name: String,
    json: Bytes,
}

impl DeadLetters for DeadLetterContainer {
    async fn set_aside(&self, dead_letters: &[DeadLetter<'_>], sending: &Sending) -> Delivery {
        let blobs = dead_letters.iter().map(|dead_letter| {
            let json = dead_letter.to_json();
            Blob {
                name: name(dead_letter, &json),
                json: json.into(),
            }
        });
        let blobs: Vec<Blob> = blobs.collect();
        store_in_calls(self, &blobs, sending).await
    }

    fn can_hold(&self, _dead_letter: &DeadLetter<'_>) -> bool {
        // A block blob takes more in one call than any front end hands over.
        true
    }
}

impl BatchCall<Blob> for DeadLetterContainer {
    fn target(&self) -> &str {
        self.service.target()
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: BatchLimits {
                events: 1,
                bytes: usize::MAX,
            },
            item_bytes: usize::MAX,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::SendAlone,
        }
    }

    fn bytes(&self, blob: &Blob) -> usize {
        blob.json.len()
    }

    async fn call(&self, blobs: &[&Blob], until: Instant) -> Result<Delivery, CallError> {
        let Some(blob) = blobs.first() else {
            return Ok(Delivery::default());
        };
        let url = self.blob(&blob.name);
        let call = self.service.call(until, |client| {
            of_storage(client.put(url.clone()))
                .header("x-ms-blob-type", "BlockBlob")
                .header(CONTENT_TYPE, "application/json")
                .body(blob.json.clone())
        });
        self.service.success(call.await?)?;
        Ok(Delivery::all_delivered(1))
    }
}

fn is_gone(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_FOUND && answer.service_code().is("BlobNotFound")
}

/// A dead letter's name says when it was written and by which function. It is a hash of the dead letter besides, so that putting a
/// dead letter twice makes one blob.
fn name(dead_letter: &DeadLetter<'_>, json: &str) -> String {
    let mut name = dead_letter.function.to_owned();
    // Writing to a text cannot fail.
    let _infallible = write!(name, "/{}-", dead_letter.at.strftime("%Y/%m/%d/%H%M%S"));
    name.extend(sha256_hex(json.as_bytes()).chars().take(32));
    name.push_str(".json");
    name
}

#[cfg(test)]
mod tests;
