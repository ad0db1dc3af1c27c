//! The sink `event-topic`: log events as CloudEvents on an Event Grid custom topic.

mod event;

use bytes::Bytes;
use relay::settings::Reader;
use relay::{
    BatchCall, CallError, CallLimits, Delivery, Row, Sending, Sink, SinkKind, TooLarge,
    send_in_calls,
};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use tenant_logs::{BatchLimits, TenantName};
use tokio::time::Instant;

use crate::azure_service::AzureService;
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
}

impl Sink for EventTopic {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        let events: Vec<String> = rows
            .iter()
            .map(|row| event::write(row.log_event, &self.source))
            .collect();
        // A topic is at least once, ledger or not.
        send_in_calls(self, &events, &sending.in_shares()).await
    }
}

impl BatchCall<String> for EventTopic {
    fn target(&self) -> &str {
        self.service.target()
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: LIMITS,
            item_bytes: LIMITS.bytes,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::Refuse(
                format!("over the {MAX_BYTES} bytes of a request to Event Grid").into(),
            ),
        }
    }

    fn bytes(&self, event: &String) -> usize {
        event.len() + ",".len()
    }

    async fn call(&self, events: &[&String], until: Instant) -> Result<Delivery, CallError> {
        let body = Bytes::from(array(events));
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
            Ok(Delivery::all_delivered(events.len()))
        } else {
            Err(self.service.error(answer))
        }
    }
}

fn array(events: &[&String]) -> Vec<u8> {
    let length: usize = events.iter().map(|event| event.len() + 1).sum();
    let mut body = Vec::with_capacity(length + 1);
    body.push(b'[');
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event.as_bytes());
    }
    body.push(b']');
    body
}

#[cfg(test)]
mod tests;
