//! The sink `event-bus`: log events as entries of PutEvents.

mod body;
mod presence;

use aws_sdk_eventbridge::Client;
use futures_util::future::join;
use relay::settings::Reader;
use relay::{
    BatchCall, CallError, CallLimits, Delivery, Remedy, Row, Sending, Sink, SinkKind, TooLarge,
    send_in_calls,
};
use tenant_logs::{BatchLimits, TenantName};
use tokio::time::Instant;

use self::body::{Entry, put_events_body};
use crate::connection::AwsConnection;
use crate::error::{call_error, delivery_of, not_found};
use presence::Presence;

/// What PutEvents takes at once.
const LIMITS: BatchLimits = BatchLimits {
    events: 10,
    bytes: 1_000_000,
};
/// Calls side by side; more would only wait for one CPU share.
const CALLS_AT_ONCE: usize = 8;
/// The most characters that a trace may have (PutEvents, `TraceHeader`).
const MAX_TRACE_BYTES: usize = 500;
/// As on a partner bus, so that the same rules match.
const DETAIL_TYPE: &str = "Auth0 log";
/// What EventBridge counts for `Time` (user guide, "Calculating PutEvents event entry size").
const TIME_BYTES: usize = 14;

/// Which bus, and whom events come from.
#[derive(Debug, Clone)]
pub(crate) struct EventBusSettings {
    name: String,
    source: Option<String>,
}

impl EventBusSettings {
    /// Reads `EVENT_BUS_NAME` and `EVENT_SOURCE`; `None` if the reader noted a problem.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
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
pub(crate) struct EventBus {
    client: Client,
    name: String,
    source: String,
    target: String,
    presence: Presence,
}

impl EventBus {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub(crate) const KIND: SinkKind = SinkKind::of_raw("event-bus");

    /// A bus that is reached through this connection; without `EVENT_SOURCE` events come from the tenant.
    pub(crate) fn new(
        connection: &AwsConnection,
        settings: EventBusSettings,
        tenant: &TenantName,
    ) -> Self {
        Self {
            client: connection.event_bridge(),
            target: format!("event bus `{}`", settings.name),
            name: settings.name,
            source: settings.source.unwrap_or_else(|| tenant.event_source()),
            presence: Presence::default(),
        }
    }

    async fn is_missing(&self, until: Instant) -> bool {
        self.presence
            .is_missing(&self.client, &self.name, until)
            .await
    }

    /// Nothing is acknowledged until a person has made the bus.
    fn refuse_all(&self, rows: &[Row<'_>]) -> Delivery {
        let reason = not_found(&self.target).to_string();
        Delivery::all_refused(rows.len(), Remedy::Stop, reason)
    }

    fn entry<'e>(&'e self, row: &'e Row<'_>) -> Entry<'e> {
        Entry {
            bus: &self.name,
            source: &self.source,
            detail_type: DETAIL_TYPE,
            detail: &row.json,
            time: row.log_event.shown_date(),
            trace: row.trace_id.filter(|id| id.len() <= MAX_TRACE_BYTES),
        }
    }
}

impl Sink for EventBus {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn prepare(&self) {
        self.is_missing(Instant::now() + Presence::PATIENCE).await;
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        // A bus is at least once, ledger or not.
        let sending = sending.in_shares();
        // Lambda freezes the process once it has answered, so the bus is asked for while entries are sent, never after.
        let (delivery, is_missing) = if self.presence.is_known().await {
            let delivering = send_in_calls(self, rows, &sending);
            join(delivering, self.is_missing(sending.until)).await
        } else if self.is_missing(sending.until).await {
            return self.refuse_all(rows);
        } else {
            (send_in_calls(self, rows, &sending).await, false)
        };
        if is_missing {
            return self.refuse_all(rows);
        }
        delivery
    }
}

impl<'a> BatchCall<Row<'a>> for EventBus {
    fn target(&self) -> &str {
        &self.target
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: LIMITS,
            item_bytes: LIMITS.bytes,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::Refuse("over the 1,000,000 bytes of an EventBridge entry".into()),
        }
    }

    fn bytes(&self, row: &Row<'a>) -> usize {
        let time_bytes = if row.log_event.shown_date().is_some() {
            TIME_BYTES
        } else {
            0
        };
        time_bytes + self.source.len() + DETAIL_TYPE.len() + row.json.len()
    }

    async fn call(&self, rows: &[&Row<'a>], _until: Instant) -> Result<Delivery, CallError> {
        let body = put_events_body(rows.iter().map(|row| self.entry(row)));
        let call = self.client.put_events().set_entries(Some(Vec::new()));
        let answer = call.customize().interceptor(body).send().await;
        let answer = answer.map_err(|error| call_error(&self.target, error))?;
        let entries = answer.entries().iter();
        let entries = entries.map(|entry| (entry.error_code(), entry.event_id()));
        let passes = |code: &str| PASSING_CODES.contains(&code);
        Ok(delivery_of("EventBridge", entries, passes))
    }
}

/// Codes of a refused entry that pass by themselves (PutEvents, `ErrorCode`).
const PASSING_CODES: [&str; 2] = ["InternalFailure", "ThrottlingException"];

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
