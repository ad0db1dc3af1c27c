//! The sink `http`: log events posted to any collector that takes JSON.

mod authorization;
mod body;
mod settings;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use relay::settings::Reader;
use relay::{Delivery, Refusal, Remedy, Row, Sink, SinkKind, call_end, chain};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use tenant_logs::Bisection;
use tokio::time::{Instant, timeout_at};

use crate::error::HttpClientError;
use crate::exchange::{retry_after, wait_if_in_time};
use crate::key_vault::KeyVault;
use crate::tls::client;
use authorization::Authorization;
use body::row_bytes;

pub use body::BodyFormat;
pub use settings::HttpCollectorSettings;

const CALLS_AT_ONCE: usize = 4;
/// What is read of an answer, so that its connection serves the next call.
const MAX_ANSWER_BYTES: usize = 65_536;
const MAX_ANSWER_TIME: Duration = Duration::from_secs(1);

/// A collector behind one URL.
pub struct HttpCollector {
    client: Client,
    url: Url,
    authorization: Option<Authorization>,
    /// The secret that holds it.
    reference: Option<String>,
    format: BodyFormat,
}

/// What the collector said.
struct Answer {
    status: StatusCode,
    /// How long it wants to be left alone.
    retry_after: Option<Duration>,
}

/// A row with its index among all rows.
type Numbered<'a> = (usize, &'a Row<'a>);

impl HttpCollector {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind::of_any_schema("http");
    /// The setting that may refer to a secret.
    pub const SECRET: &str = settings::SECRET;

    /// The collector that the `HTTP_SINK_…` settings name; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        match Self::new(HttpCollectorSettings::read(reader)?) {
            Ok(collector) => Some(collector),
            Err(error) => {
                reader.problem("HTTP_SINK_URL", chain(&error));
                None
            }
        }
    }

    /// A client for the collector; nothing is sent yet.
    pub fn new(settings: HttpCollectorSettings) -> Result<Self, HttpClientError> {
        Ok(Self {
            client: client(settings.roots)?,
            url: settings.url,
            authorization: settings.authorization.map(Authorization::fixed),
            reference: settings.reference,
            format: settings.format,
        })
    }

    /// The same collector, whose credential is read again from Key Vault once it is refused.
    #[must_use]
    pub fn with_vault(mut self, vault: KeyVault) -> Self {
        if let (Some(authorization), Some(uri)) =
            (self.authorization.take(), self.reference.clone())
        {
            self.authorization = Some(authorization.kept_in(vault, uri));
        }
        self
    }

    /// Delivers one batch. A call refused for its content is bisected until the rows that are meant stand alone, so that
    /// they take no other with them.
    async fn deliver(&self, batch: Vec<Numbered<'_>>, until: Instant) -> Delivery {
        let mut delivery = Delivery::default();
        let mut parts = Bisection::new(&batch);
        let mut longest = Duration::ZERO;
        while let Some(part) = parts.next_part() {
            let begun = Instant::now();
            // A call that is cut off may have been taken, and would be made again.
            if longest >= until.saturating_duration_since(begun) {
                let reason = chain(&HttpClientError::NotMade).to_string();
                refuse(&mut delivery, part, Remedy::Retry, &reason);
                continue;
            }
            let answer = self.post(part, until).await;
            longest = longest.max(begun.elapsed());
            match answer {
                Ok(answer) if answer.status.is_success() => {
                    let taken = part.iter().map(|(index, _)| *index);
                    delivery.delivered.extend(taken);
                }
                Ok(answer) if is_about_content(answer.status) && parts.bisect(part) => {}
                Ok(answer) => {
                    let reason = format!("the collector answered {}", answer.status.as_u16());
                    refuse(&mut delivery, part, answer.remedy(until).await, &reason);
                }
                Err(error) => {
                    let reason = chain(&error).to_string();
                    refuse(&mut delivery, part, error.remedy(), &reason);
                }
            }
        }
        delivery
    }

    /// Posts rows, and posts them a second time with a new credential where the first one is not accepted.
    async fn post(&self, part: &[Numbered<'_>], until: Instant) -> Result<Answer, HttpClientError> {
        let body = Bytes::from(self.format.write(part.iter().map(|(_, row)| *row)));
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
    ) -> Result<Answer, HttpClientError> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, self.format.content_type())
            .body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        match timeout_at(call_end(until), request.send()).await {
            Ok(Ok(response)) => {
                let answer = Answer {
                    status: response.status(),
                    retry_after: retry_after(response.headers()),
                };
                read_to_end(response, until).await;
                Ok(answer)
            }
            Ok(Err(error)) => Err(HttpClientError::Unreachable(error.without_url())),
            Err(_) => Err(HttpClientError::TimedOut),
        }
    }
}

impl Sink for HttpCollector {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], until: Instant) -> Delivery {
        let limits = self.format.limits();
        let split = limits.split(rows.iter().enumerate(), |(_, row)| row_bytes(row));
        // The limit is our own, so a row that is over it alone is the collector's to judge.
        let alone = split.too_large.into_iter().map(|numbered| vec![numbered]);
        let calls: Vec<_> = split
            .batches
            .into_iter()
            .chain(alone)
            .map(|numbered| self.deliver(numbered, until))
            .collect();
        let mut answers = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        let mut delivery = Delivery::default();
        while let Some(answer) = answers.next().await {
            delivery.delivered.extend(answer.delivered);
            delivery.refused.extend(answer.refused);
        }
        delivery
    }
}

/// The URL may hold a secret, so it is not shown.
impl fmt::Debug for HttpCollector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpCollector")
            .field("authorization", &self.authorization)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

fn refuse(delivery: &mut Delivery, part: &[Numbered<'_>], remedy: Remedy, reason: &str) {
    let refuse = |(index, _): &Numbered<'_>| Refusal {
        index: *index,
        remedy,
        reason: reason.to_owned().into(),
    };
    delivery.refused.extend(part.iter().map(refuse));
}

/// Whether some of the rows cannot pass, while others may.
fn is_about_content(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 413 | 422)
}

impl Answer {
    /// What to do about rows that were not taken. A wait that the collector asks for is over by then, or they are handed
    /// back, because trying again before would only prolong it.
    async fn remedy(&self, until: Instant) -> Remedy {
        match self.status.as_u16() {
            400 | 413 | 422 => return Remedy::SetAside,
            408 | 425 | 429 | 500.. => {}
            _ => return Remedy::HandBack,
        }
        match self.retry_after {
            Some(wait) if !wait_if_in_time(wait, until).await => Remedy::HandBack,
            Some(_) | None => Remedy::Retry,
        }
    }
}

/// Reads what follows the status. What the rows' fate is, the status has said; so nothing here can fail.
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
