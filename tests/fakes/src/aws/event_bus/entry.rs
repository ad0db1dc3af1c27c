//! One event: as it is put, and as targets get it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::aws::{ACCOUNT, REGION};
use crate::identifier::new_id;

/// The longest detail type, in characters.
const DETAIL_TYPE_LIMIT: usize = 128;

/// An event as a source puts it.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// Who says it.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// The event's own JSON object, as text.
    pub detail: String,
    /// When it happened; now where it is missing.
    pub time: Option<Timestamp>,
    /// The resources that it concerns.
    pub resources: Vec<String>,
}

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A required part is missing.
    #[error("Parameter {name} is not valid. Reason: {name} is a required argument.")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// The detail type is too long.
    #[error(
        "Parameter DetailType is not valid. Reason: DetailType is longer than {DETAIL_TYPE_LIMIT} characters."
    )]
    LongDetailType,
    /// The detail is no JSON object. Numbers and nesting that this machine's JSON reader does not
    /// take (beyond `f64`, 128 levels) are refused here too, where EventBridge takes 1000 levels.
    #[error("Detail is malformed.")]
    MalformedDetail,
}

impl EntryError {
    /// The error code that `PutEvents` answers with.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::LongDetailType => "InvalidArgument",
            Self::MalformedDetail => "MalformedDetail",
        }
    }
}

impl Entry {
    /// Its size as EventBridge counts it: 14 bytes for a time, and the parts in UTF-8.
    pub fn size_bytes(&self) -> usize {
        let time = if self.time.is_some() { 14 } else { 0 };
        let resources: usize = self.resources.iter().map(String::len).sum();
        time + self.source.len() + self.detail_type.len() + self.detail.len() + resources
    }
}

/// A sound event, with its text and what it is known by.
#[derive(Debug)]
pub(super) struct Event {
    id: String,
    text: String,
    log_id: Option<String>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    version: &'a str,
    id: &'a str,
    #[serde(rename = "detail-type")]
    detail_type: &'a str,
    source: &'a str,
    account: &'a str,
    time: String,
    region: &'a str,
    resources: &'a [String],
    detail: &'a RawValue,
}

impl Event {
    pub(super) fn read(entry: &Entry) -> Result<Self, EntryError> {
        for (name, text) in [
            ("Source", &entry.source),
            ("DetailType", &entry.detail_type),
            ("Detail", &entry.detail),
        ] {
            if text.is_empty() {
                return Err(EntryError::Missing { name });
            }
        }
        if entry.detail_type.chars().count() > DETAIL_TYPE_LIMIT {
            return Err(EntryError::LongDetailType);
        }
        let malformed = |_error: serde_json::Error| EntryError::MalformedDetail;
        let detail: &RawValue = serde_json::from_str(&entry.detail).map_err(malformed)?;
        if !detail.get().starts_with('{') {
            return Err(EntryError::MalformedDetail);
        }
        let id = new_id();
        let time = entry.time.unwrap_or_else(Timestamp::now);
        let envelope = Envelope {
            version: "0",
            id: &id,
            detail_type: &entry.detail_type,
            source: &entry.source,
            account: ACCOUNT,
            time: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            region: REGION,
            resources: &entry.resources,
            detail,
        };
        let text = serde_json::to_string(&envelope).map_err(malformed)?;
        let value: Value = serde_json::from_str(&text).map_err(malformed)?;
        let log_id = value.pointer("/detail/log_id").and_then(Value::as_str);
        let log_id = log_id.map(str::to_owned);
        Ok(Self { id, text, log_id })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The event as targets get it, the detail byte for byte as it was put.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn log_id(&self) -> Option<&str> {
        self.log_id.as_deref()
    }
}
