//! The sink `http`: log events posted to any collector that takes JSON.

mod authorization;
mod body;
mod settings;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use relay::{
    BatchCall, CallError, CallLimits, Delivery, PartLimit, Row, Sending, ServiceCode, Sink,
    SinkKind, TooLarge, send_in_calls,
};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::{Instant, timeout_at};

use crate::exchange::retry_after;
use crate::key_vault::KeyVault;
use authorization::Authorization;
use body::{BodyFormat, row_bytes};

/// Its URL may hold a secret, so it is not named.
const TARGET: &str = "the collector";
const CALLS_AT_ONCE: usize = 4;
/// What is read of an answer, so that its connection serves the next call.
const MAX_ANSWER_BYTES: usize = 65_536;
const MAX_ANSWER_TIME: Duration = Duration::from_secs(1);

/// A collector behind one URL.
pub(crate) struct HttpCollector {
    client: Client,
    url: Url,
    authorization: Option<Authorization>,
    /// The secret that holds it.
    reference: Option<String>,
    format: BodyFormat,
    part_limit: PartLimit,
}

/// What the collector answered.
struct Answer {
    status: StatusCode,
    /// How long it asks to be left alone.
    retry_after: Option<Duration>,
}

impl HttpCollector {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub(crate) const KIND: SinkKind = SinkKind::of_any_schema("http");
    /// The settings that may refer to a secret.
    pub(crate) const SECRETS: [&str; 2] = [settings::URL, settings::SECRET];

    /// The same collector, whose credential is read again from Key Vault once it is refused.
    #[must_use]
    pub(crate) fn with_vault(mut self, vault: KeyVault) -> Self {
        if let Some(uri) = &self.reference {
            let authorization = self.authorization;
            self.authorization = authorization.map(|value| value.kept_in(vault, uri));
        }
        self
    }

    /// Posts rows, and posts them a second time with a new credential where the first one is not accepted.
    async fn post(&self, rows: &[&Row<'_>], until: Instant) -> Result<Answer, CallError> {
        let body = Bytes::from(self.format.write(rows.iter().copied()));
        let Some(authorization) = &self.authorization else {
            return self.post_as(body, None, until).await;
        };
        let value = authorization.value();
        let answer = self.post_as(body.clone(), Some(&value), until).await?;
        if !matches!(answer.status.as_u16(), 401 | 403) {
            return Ok(answer);
        }
        match authorization.renewed(&value, until).await {
            Some(renewed) => self.post_as(body, Some(&renewed), until).await,
            None => Ok(answer),
        }
    }

    async fn post_as(
        &self,
        body: Bytes,
        authorization: Option<&HeaderValue>,
        until: Instant,
    ) -> Result<Answer, CallError> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, self.format.content_type())
            .body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = request.send().await;
        let response = response.map_err(|error| CallError::Unreachable {
            target: TARGET.to_owned(),
            source: error.without_url().into(),
        })?;
        let answer = Answer {
            status: response.status(),
            retry_after: retry_after(response.headers()),
        };
        read_to_end(response, until).await;
        Ok(answer)
    }
}

impl Sink for HttpCollector {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        send_in_calls(self, rows, sending).await
    }
}

impl<'a> BatchCall<Row<'a>> for HttpCollector {
    fn target(&self) -> &str {
        TARGET
    }

    fn limits(&self) -> CallLimits {
        let batch = self.format.limits();
        CallLimits {
            batch,
            item_bytes: batch.bytes,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::SendAlone,
        }
    }

    fn bytes(&self, row: &Row<'a>) -> usize {
        row_bytes(row)
    }

    fn part_limit(&self) -> Option<&PartLimit> {
        Some(&self.part_limit)
    }

    async fn call(&self, rows: &[&Row<'a>], until: Instant) -> Result<Delivery, CallError> {
        self.post(rows, until).await?.delivery(rows.len())
    }
}

/// Collectors are known to take their token in the path or the query, so the URL counts as a secret.
impl fmt::Debug for HttpCollector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpCollector")
            .field("authorization", &self.authorization)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Returns what it says of the rows: all of them are taken, or none for one reason.
    fn delivery(&self, row_count: usize) -> Result<Delivery, CallError> {
        if self.status.is_success() {
            return Ok(Delivery::all_delivered(row_count));
        }
        let target = TARGET.to_owned();
        let status = self.status.as_u16();
        let code = ServiceCode::of_status(status, None);
        Err(match status {
            400 | 413 | 422 => CallError::Content { target, code },
            408 | 425 | 429 | 500.. => CallError::Busy {
                target,
                code,
                retry_after: self.retry_after,
            },
            _ => CallError::Declined {
                target,
                code,
                advice: "",
            },
        })
    }
}

/// Reads what follows the status. What became of the rows, the status says; so nothing here can fail.
async fn read_to_end(mut response: Response, until: Instant) {
    let until = until.min(Instant::now() + MAX_ANSWER_TIME);
    let mut left = MAX_ANSWER_BYTES;
    while let Ok(Ok(Some(bytes))) = timeout_at(until, response.chunk()).await {
        match left.checked_sub(bytes.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests;
