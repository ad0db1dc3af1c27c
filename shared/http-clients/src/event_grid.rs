//! The sink `event-topic`: log events as CloudEvents on an Event Grid custom topic.

mod event;

use std::borrow::Cow;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use relay::settings::Reader;
use relay::{Delivery, Refusal, Remedy, Row, Sink, SinkKind, chain};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use tenant_logs::{BatchLimits, Bisection, TenantName};
use tokio::time::Instant;

use crate::azure_service::AzureService;
use crate::call_error::CallError;
use crate::endpoint::{WANT, endpoint};
use crate::entra::EntraIdentity;

const RESOURCE: &str = "https://eventgrid.azure.net";
const API_VERSION: &str = "2018-01-01";
/// What a request may carry.
const MAX_BYTES: usize = 1_000_000;
/// Limits for events counted with their commas: two brackets, and one comma less than events.
const LIMITS: BatchLimits = BatchLimits {
    events: 5_000,
    bytes: MAX_BYTES - 1,
};
const CALLS_AT_ONCE: usize = 8;
const ADVICE: &str = "check EVENT_TOPIC_ENDPOINT, that the topic takes CloudEvents, and that the identity has the role EventGrid \
    Data Sender on it";

/// Which topic.
#[derive(Debug, Clone)]
pub struct EventTopicSettings {
    endpoint: Url,
}

impl EventTopicSettings {
    /// Reads `EVENT_TOPIC_ENDPOINT`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.required_parsed("EVENT_TOPIC_ENDPOINT", WANT, endpoint)?;
        Some(Self { endpoint })
    }
}

/// An Event Grid custom topic.
#[derive(Debug)]
pub struct EventTopic {
    service: AzureService,
    url: Url,
    source: String,
}

/// An event as it is sent, with its row's index.
struct Prepared {
    index: usize,
    json: String,
}

impl EventTopic {
    /// The sink and the schema it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind::of_raw("event-topic");

    /// A topic, whose events come from the tenant; nothing is sent yet.
    pub fn new(
        identity: &EntraIdentity,
        settings: EventTopicSettings,
        tenant: &TenantName,
    ) -> Self {
        let mut url = settings.endpoint;
        url.set_query(Some(&format!("api-version={API_VERSION}")));
        let target = "the event topic".to_owned();
        Self {
            service: AzureService::new(identity, RESOURCE, target, ADVICE),
            url,
            source: tenant.event_source(),
        }
    }

    /// Delivers one batch. A request refused for its content is bisected until the events that are meant stand alone, so
    /// that they take no other with them.
    async fn deliver(&self, batch: Vec<Prepared>, until: Instant) -> Delivery {
        let mut delivery = Delivery::default();
        let mut parts = Bisection::new(&batch);
        while let Some(part) = parts.next_part() {
            match self.send_part(part, until).await {
                Ok(()) => delivery
                    .delivered
                    .extend(part.iter().map(|event| event.index)),
                Err(CallError::Content { .. }) if parts.bisect(part) => {}
                Err(error) => {
                    let reason = chain(&error).to_string();
                    refuse(&mut delivery, part, error.remedy(), &reason);
                }
            }
        }
        delivery
    }

    async fn send_part(&self, part: &[Prepared], until: Instant) -> Result<(), CallError> {
        let body = Bytes::from(array(part));
        let answer = self.service.call(until, |client| {
            client
                .post(self.url.clone())
                .header(
                    CONTENT_TYPE,
                    "application/cloudevents-batch+json; charset=utf-8",
                )
                .body(body.clone())
        });
        let answer = answer.await?;
        if answer.is_success() {
            Ok(())
        } else {
            Err(self.service.error(answer))
        }
    }
}

impl Sink for EventTopic {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], until: Instant) -> Delivery {
        let prepared = rows.iter().enumerate().map(|(index, row)| Prepared {
            index,
            json: event::write(row.log_event, &self.source),
        });
        let split = LIMITS.split(prepared, |event| event.json.len() + 1);
        let mut delivery = Delivery::default();
        let reason = format!("over the {MAX_BYTES} bytes of a request to Event Grid");
        refuse(&mut delivery, &split.too_large, Remedy::SetAside, &reason);
        let calls = split
            .batches
            .into_iter()
            .map(|batch| self.deliver(batch, until));
        let calls: Vec<_> = calls.collect();
        let mut answers = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        while let Some(answer) = answers.next().await {
            delivery.delivered.extend(answer.delivered);
            delivery.refused.extend(answer.refused);
        }
        delivery
    }
}

fn array(part: &[Prepared]) -> Vec<u8> {
    let length: usize = part.iter().map(|event| event.json.len() + 1).sum();
    let mut body = Vec::with_capacity(length + 1);
    body.push(b'[');
    for (place, event) in part.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event.json.as_bytes());
    }
    body.push(b']');
    body
}

fn refuse(delivery: &mut Delivery, part: &[Prepared], remedy: Remedy, reason: &str) {
    let reason: Cow<'static, str> = reason.to_owned().into();
    let refusals = part.iter().map(|event| Refusal {
        index: event.index,
        remedy,
        reason: reason.clone(),
    });
    delivery.refused.extend(refusals);
}

#[cfg(test)]
mod tests;
