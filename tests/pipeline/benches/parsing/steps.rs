//! What is measured: each step for one body, answering a number that depends on all of it.

use std::error::Error;

use relay::{Row, ndjson};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tenant_logs::{Filter, FilterSettings, Redaction, Schema, Secret, parse};

/// A step; its answer keeps the compiler from leaving work out.
pub(crate) type Step = fn(&Steps, &str) -> usize;

/// Every step by its name, `serde_json`'s own first.
pub(crate) const ALL: [(&str, Step); 7] = [
    ("serde_json split", Steps::split),
    ("parse and pass through", Steps::parse_and_pass_through),
    ("parse and filter", Steps::parse_and_filter),
    ("parse and redact", Steps::parse_and_redact),
    ("parse and write NDJSON", Steps::parse_and_write),
    ("serde_json typed", Steps::typed),
    ("serde_json typed and write", Steps::typed_and_write),
];

/// The stream and what the steps do with it.
pub(crate) struct Steps {
    bodies: Vec<String>,
    event_count: u32,
    filter: Filter,
    redaction: Redaction,
}

/// A log event with the members that most of them have; what differs by type stays raw.
#[derive(Deserialize, Serialize)]
pub(crate) struct TypedEvent<'a> {
    log_id: &'a str,
    #[serde(borrow)]
    data: TypedRecord<'a>,
}

#[derive(Deserialize, Serialize)]
struct TypedRecord<'a> {
    date: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    connection: Option<&'a RawValue>,
    connection_id: Option<&'a RawValue>,
    client_id: Option<&'a RawValue>,
    client_name: Option<&'a RawValue>,
    ip: Option<&'a RawValue>,
    user_agent: Option<&'a RawValue>,
    details: Option<&'a RawValue>,
    hostname: Option<&'a RawValue>,
    user_id: Option<&'a RawValue>,
    user_name: Option<&'a RawValue>,
    strategy: Option<&'a RawValue>,
    strategy_type: Option<&'a RawValue>,
    audience: Option<&'a RawValue>,
    scope: Option<&'a RawValue>,
    log_id: Option<&'a RawValue>,
    #[serde(rename = "isMobile")]
    is_mobile: Option<bool>,
}

impl Steps {
    /// Reads the stream once, so that a step that fails later cannot look fast.
    pub(crate) fn new(bodies: Vec<String>) -> Result<Self, Box<dyn Error>> {
        let mut event_count = 0;
        for body in &bodies {
            let typed: Vec<TypedEvent<'_>> = serde_json::from_str(body)?;
            let parsed = parse(body)?;
            if parsed.log_events.len() != typed.len() {
                return Err("the stream holds elements that are no log events".into());
            }
            event_count += u32::try_from(typed.len())?;
        }
        let filter = FilterSettings {
            exclude_types: Some("sapi,gd_*"),
            exclude_categories: Some("auth.silent_auth.success"),
            ..FilterSettings::default()
        };
        let rules = "user_name=hmac,ip=mask,details.request.body=drop";
        Ok(Self {
            bodies,
            event_count,
            filter: Filter::parse(filter).map_err(|problems| format!("{problems:?}"))?,
            redaction: Redaction::parse(rules, Some(Secret::new("a key of a benchmark")))
                .map_err(|problems| format!("{problems:?}"))?,
        })
    }

    pub(crate) fn event_count(&self) -> u32 {
        self.event_count
    }

    pub(crate) fn bodies(&self) -> &[String] {
        &self.bodies
    }

    /// The extent of each element and nothing else: as fast as `serde_json` gets without reading anything.
    #[expect(clippy::unused_self, reason = "all steps have one signature")]
    pub(crate) fn split(&self, body: &str) -> usize {
        let elements: Vec<&RawValue> = serde_json::from_str(body).unwrap_or_default();
        elements.iter().map(|element| element.get().len()).sum()
    }

    /// What an ingest function does with an event: who it is, and its own text as a detail.
    #[expect(clippy::unused_self, reason = "all steps have one signature")]
    pub(crate) fn parse_and_pass_through(&self, body: &str) -> usize {
        let parsed = parse(body).unwrap_or_default();
        let events = parsed.log_events.iter();
        events
            .map(|event| event.log_id().len() + event.detail().len())
            .sum()
    }

    fn parse_and_filter(&self, body: &str) -> usize {
        let parsed = parse(body).unwrap_or_default();
        let passing = parsed
            .log_events
            .iter()
            .filter(|event| self.filter.passes(event.event_type()));
        passing.count()
    }

    fn parse_and_redact(&self, body: &str) -> usize {
        let mut bytes = 0;
        for mut event in parse(body).unwrap_or_default().log_events {
            self.redaction.redact(&mut event);
            bytes += event.detail().len();
        }
        bytes
    }

    #[expect(clippy::unused_self, reason = "all steps have one signature")]
    fn parse_and_write(&self, body: &str) -> usize {
        let parsed = parse(body).unwrap_or_default();
        let rows = parsed.log_events.iter().map(|log_event| Row {
            log_event,
            json: Schema::Raw.write(log_event),
            trace_id: None,
        });
        ndjson(&rows.collect::<Vec<_>>()).len()
    }

    #[expect(clippy::unused_self, reason = "all steps have one signature")]
    fn typed(&self, body: &str) -> usize {
        let events: Vec<TypedEvent<'_>> = serde_json::from_str(body).unwrap_or_default();
        let lengths = events
            .iter()
            .map(|event| event.log_id.len() + event.data.date.len());
        lengths.sum()
    }

    /// The ceiling for a mapping to a schema.
    #[expect(clippy::unused_self, reason = "all steps have one signature")]
    pub(crate) fn typed_and_write(&self, body: &str) -> usize {
        let events: Vec<TypedEvent<'_>> = serde_json::from_str(body).unwrap_or_default();
        let mut lines = Vec::with_capacity(body.len());
        for event in &events {
            // Writing to memory cannot fail; if it did, the length would show it.
            if serde_json::to_writer(&mut lines, event).is_ok() {
                lines.push(b'\n');
            }
        }
        lines.len()
    }
}
