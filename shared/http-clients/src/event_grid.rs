//! The sink `event-topic`: log events as CloudEvents on an Event Grid custom topic, many in one event for our own
//! subscription, and singly for others where settings ask for it.

mod event;
mod parts;

use bytes::Bytes;
use relay::settings::{Reader, read_filter};
use relay::{
    BatchCall, CallError, CallLimits, Delivery, Row, Sending, Sink, SinkKind, TooLarge,
    send_in_calls,
};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use tenant_logs::{BatchLimits, Filter, TenantName};
use tokio::time::Instant;

use crate::azure_service::AzureService;
use crate::endpoint::{WANT, endpoint};
use crate::entra::EntraIdentity;
use parts::{Part, of_rows};

const RESOURCE: &str = "https://eventgrid.azure.net";
const API_VERSION: &str = "2018-01-01";
/// What a request may carry.
const MAX_BYTES: usize = 1_000_000;
/// What Event Grid bills as one operation.
const BILLED_BYTES: usize = 65_536;
/// Bytes of an event of many beside its details, the comma after it among them, and of the request's brackets.
const ENVELOPE_BYTES: usize = 300;
/// The details of one event, counted with their commas.
const DETAILS: BatchLimits = BatchLimits {
    events: usize::MAX,
    bytes: BILLED_BYTES - ENVELOPE_BYTES,
};
/// Limits of a request without its events' envelopes. Two events of many that follow one another have more details than
/// fit one, so there are no more of them than twice what would fill the request.
const LIMITS: BatchLimits = BatchLimits {
    events: 5_000,
    bytes: MAX_BYTES - (2 * MAX_BYTES / DETAILS.bytes + 2) * ENVELOPE_BYTES,
};
const CALLS_AT_ONCE: usize = 8;
const ADVICE: &str = "check EVENT_TOPIC_ENDPOINT, that the topic takes CloudEvents, and that the identity has the role EventGrid \
    Data Sender on it";

/// Which topic.
#[derive(Debug, Clone)]
pub struct EventTopicSettings {
    endpoint: Url,
    singly: Filter,
}

impl EventTopicSettings {
    /// Reads `EVENT_TOPIC_ENDPOINT` and which log events others get, `EVENT_TOPIC_INCLUDE_TYPES` and its siblings; `None` if
    /// the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.required_parsed("EVENT_TOPIC_ENDPOINT", WANT, endpoint);
        let singly = read_filter(reader, "EVENT_TOPIC_");
        Some(Self {
            endpoint: endpoint?,
            singly: singly?,
        })
    }
}

/// An Event Grid custom topic.
#[derive(Debug)]
pub struct EventTopic {
    service: AzureService,
    url: Url,
    source: String,
    /// Which log events are sent singly, too; without a rule none is.
    singly: Filter,
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
            singly: settings.singly,
        }
    }
}

impl Sink for EventTopic {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        let parts = self.parts(rows);
        // A topic is at least once, ledger or not.
        let delivery = send_in_calls(self, &parts, &sending.in_shares()).await;
        of_rows(rows.len(), &parts, delivery)
    }
}

impl EventTopic {
    /// Every row for our own subscription, and then those that others get.
    fn parts<'r>(&self, rows: &'r [Row<'_>]) -> Vec<Part<'r>> {
        let ours = rows.iter().enumerate().map(|(row, of)| Part::OfMany {
            row,
            log_id: of.log_event.log_id(),
            detail: &of.json,
        });
        let is_for_others = |row: &Row<'_>| {
            !self.singly.is_empty() && self.singly.passes(row.log_event.event_type())
        };
        let single = |(row, of): (usize, &Row<'_>)| Part::Single {
            row,
            event: event::write_one(of.log_event, &self.source),
        };
        let others = rows.iter().enumerate();
        let others = others.filter(|(_, row)| is_for_others(row)).map(single);
        ours.chain(others).collect()
    }

    /// The body of a request: the array of its events. It may have a megabyte, so it is written once.
    fn body(&self, parts: &[&Part<'_>]) -> String {
        let details = parts.iter().filter_map(|part| match part {
            Part::OfMany { log_id, detail, .. } => Some((*log_id, *detail)),
            Part::Single { .. } => None,
        });
        let mut split = DETAILS.split(details, |(_, detail)| detail.len() + ",".len());
        split
            .batches
            .extend(split.too_large.into_iter().map(|alone| vec![alone]));
        let bytes: usize = parts.iter().map(|part| part.json().len() + 1).sum();
        let mut body = String::with_capacity(bytes + (split.batches.len() + 1) * ENVELOPE_BYTES);
        body.push('[');
        let comma = |body: &mut String| {
            if body.len() > 1 {
                body.push(',');
            }
        };
        for details in &split.batches {
            comma(&mut body);
            event::push_many(&mut body, details, &self.source);
        }
        for part in parts {
            if let Part::Single { event, .. } = part {
                comma(&mut body);
                body.push_str(event);
            }
        }
        body.push(']');
        body
    }
}

impl<'r> BatchCall<Part<'r>> for EventTopic {
    fn target(&self) -> &str {
        self.service.target()
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: LIMITS,
            item_bytes: LIMITS.bytes,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::Refuse(
                format!(
                    "over the {} bytes of log events in a request to Event Grid",
                    LIMITS.bytes
                )
                .into(),
            ),
        }
    }

    fn bytes(&self, part: &Part<'r>) -> usize {
        part.json().len() + ",".len()
    }

    async fn call(&self, parts: &[&Part<'r>], until: Instant) -> Result<Delivery, CallError> {
        let body = Bytes::from(self.body(parts));
        let answer = self.service.call(until, |client| {
            client
                .post(self.url.clone())
                .header(
                    CONTENT_TYPE,
                    "application/cloudevents-batch+json; charset=utf-8",
                )
                .body(body.clone())
        });
        self.service.success(answer.await?)?;
        Ok(Delivery::all_delivered(parts.len()))
    }
}

#[cfg(test)]
mod tests;
