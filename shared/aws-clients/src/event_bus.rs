//! The sink `event-bus`: log events as entries of PutEvents.

mod body;
mod call;

use futures_util::{StreamExt, stream};
use relay::settings::Reader;
use relay::{Delivery, Refusal, Remedy, Row, Sink, SinkKind, call_end};
use tenant_logs::{BatchLimits, Bisection, TenantName};
use tokio::time::{Instant, timeout_at};

use crate::connection::AwsConnection;
use crate::error::{CallError, code_name};
use body::Entry;
use call::PutEventsAnswer;

pub(crate) use call::EventBridge;

/// What PutEvents takes at once.
const LIMITS: BatchLimits = BatchLimits {
    events: 10,
    bytes: 1_000_000,
};
/// Calls side by side; more would only wait for one CPU share.
const CALLS_AT_ONCE: usize = 8;
/// As on a partner bus, so that the same rules match.
const DETAIL_TYPE: &str = "Auth0 log";
/// What EventBridge counts for `Time` (user guide, "Calculating PutEvents event entry size").
const TIME_BYTES: usize = 14;

/// Which bus, and whom events come from.
#[derive(Debug, Clone)]
pub struct EventBusSettings {
    name: String,
    source: Option<String>,
}

impl EventBusSettings {
    /// Reads `EVENT_BUS_NAME` and `EVENT_SOURCE`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.required_parsed("EVENT_BUS_NAME", "the name or ARN of a bus", bus_name);
        let want = "at most 256 characters, not beginning with `aws.`";
        let source = reader.parsed("EVENT_SOURCE", want, event_source);
        Some(Self {
            name: name?,
            source,
        })
    }
}

/// An EventBridge event bus. Calls are made side by side; each entry of an answer is read.
#[derive(Debug)]
pub struct EventBus {
    client: EventBridge,
    name: String,
    source: String,
    target: String,
}

/// A row with its index among all rows.
type Numbered<'a> = (usize, &'a Row<'a>);

impl EventBus {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind::of_raw("event-bus");

    /// A bus that is reached through this connection; without `EVENT_SOURCE` events come from the tenant.
    pub fn new(
        connection: &AwsConnection,
        settings: EventBusSettings,
        tenant: &TenantName,
    ) -> Self {
        Self {
            client: connection.event_bridge(),
            target: format!("event bus `{}`", settings.name),
            name: settings.name,
            source: settings.source.unwrap_or_else(|| tenant.event_source()),
        }
    }

    /// Delivers one batch. A call refused for its content is bisected until the entry that is meant stands alone, so
    /// that it takes no other with it.
    async fn deliver(&self, batch: Vec<Numbered<'_>>, until: Instant) -> Delivery {
        let mut delivery = Delivery::default();
        let mut parts = Bisection::new(&batch);
        while let Some(part) = parts.next_part() {
            match self.put(part, until).await {
                Ok(answer) => read_answer(part, &answer, &mut delivery),
                Err(CallError::Content { .. }) if parts.bisect(part) => {}
                Err(error) => {
                    let indices = part.iter().map(|(index, _)| *index);
                    delivery
                        .refused
                        .extend(error.refuse(indices, error.remedy()));
                }
            }
        }
        delivery
    }

    async fn put(
        &self,
        part: &[Numbered<'_>],
        until: Instant,
    ) -> Result<PutEventsAnswer, CallError> {
        let entry = Entry {
            bus_name: &self.name,
            source: &self.source,
            detail_type: DETAIL_TYPE,
        };
        // A call that is begun may pass, though its answer comes too late.
        if Instant::now() >= until {
            return Err(CallError::NotMade {
                target: self.target.clone(),
            });
        }
        let body = body::put_events(&entry, part.iter().map(|(_, row)| *row));
        let call = self.client.put_events(&self.target, body);
        match timeout_at(call_end(until), call).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::TimedOut {
                target: self.target.clone(),
            }),
        }
    }

    fn entry_bytes(&self, row: &Row<'_>) -> usize {
        let time_bytes = if row.log_event.date().is_some() {
            TIME_BYTES
        } else {
            0
        };
        time_bytes + self.source.len() + DETAIL_TYPE.len() + row.json.len()
    }
}

impl Sink for EventBus {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], until: Instant) -> Delivery {
        let split = LIMITS.split(rows.iter().enumerate(), |(_, row)| self.entry_bytes(row));
        let mut delivery = Delivery::default();
        delivery
            .refused
            .extend(split.too_large.iter().map(|(index, _)| Refusal {
                index: *index,
                remedy: Remedy::SetAside,
                reason: "over the 1,000,000 bytes of an EventBridge entry".into(),
            }));
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

/// Codes of a refused entry that pass by themselves (PutEvents, `ErrorCode`).
const PASSING_CODES: [&str; 2] = ["InternalFailure", "ThrottlingException"];

/// Reads what became of each entry: a call that succeeds may still have refused some.
///
/// An entry that the answer is too short for, or that has neither identifier nor code, has no answer.
fn read_answer(part: &[Numbered<'_>], answer: &PutEventsAnswer, delivery: &mut Delivery) {
    for ((index, _), entry) in part.iter().zip(&answer.entries) {
        match (entry.error_code.as_deref(), &entry.event_id) {
            (Some(code), _) => delivery.refused.push(Refusal {
                index: *index,
                remedy: if PASSING_CODES.contains(&code) {
                    Remedy::Retry
                } else {
                    Remedy::SetAside
                },
                reason: format!(
                    "EventBridge answered {}",
                    code_name(code).unwrap_or("a code")
                )
                .into(),
            }),
            (None, Some(_)) => delivery.delivered.push(*index),
            (None, None) => {}
        }
    }
}

/// A name, a partner bus's name or an ARN (PutEvents, `EventBusName`); anything else would fail every call.
fn bus_name(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_:".contains(&byte);
    (text.len() <= 1_600 && text.bytes().all(is_allowed)).then(|| text.to_owned())
}

/// EventBridge refuses a source of AWS's own from anybody else.
fn event_source(text: &str) -> Option<String> {
    (text.len() <= 256 && !text.starts_with("aws.")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
