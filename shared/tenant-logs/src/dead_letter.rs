//! What is put away because it can never be delivered, with all that replaying it needs.

mod read;
mod unparsed;

use std::borrow::Cow;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) use read::is_dead_letter;
pub use read::shows_its_event;
pub use unparsed::{Keep, LargeBody, Unparsed};

/// A dead letter: `{"reason","at","function","sink","tenant","log_id","event"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter<'a> {
    /// Why it was set aside, in words.
    pub reason: Cow<'a, str>,
    /// When.
    pub at: Timestamp,
    /// By which function.
    pub function: &'a str,
    /// The sink that could not take it, without its schema; `None` if it reached no sink.
    pub sink: Option<&'a str>,
    /// Whose log it is.
    pub tenant: &'a str,
    /// The log event's identifier, where it is one.
    pub log_id: Option<Cow<'a, str>>,
    /// What was set aside.
    pub event: DeadLetterEvent<'a>,
}

/// What a dead letter carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterEvent<'a> {
    /// JSON, embedded as it is.
    Json(Cow<'a, str>),
    /// Bytes that cannot be parsed.
    Unparsed(Unparsed<'a>),
}

#[derive(Default, Serialize)]
struct Document<'a> {
    reason: &'a str,
    at: String,
    function: &'a str,
    sink: Option<&'a str>,
    tenant: &'a str,
    log_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unredacted: Option<bool>,
    event: Field<'a>,
}

#[derive(Default, Serialize)]
#[serde(untagged)]
enum Field<'a> {
    Json(&'a RawValue),
    Text(Cow<'a, str>),
    #[default]
    Nothing,
}

impl DeadLetter<'_> {
    /// Returns the dead letter as JSON: text as text, bytes that are none packed.
    pub fn to_json(&self) -> String {
        self.plain().unwrap_or_else(|| self.to_packed_json())
    }

    /// Returns the dead letter as JSON of at most `max_bytes`, its event packed by gzip and base64 where it is larger
    /// otherwise; `None` if that is not enough: it is never cut.
    pub fn to_json_within(&self, max_bytes: usize) -> Option<String> {
        let may_fit = self.event.kept_bytes() <= max_bytes;
        let plain = if may_fit { self.plain() } else { None };
        if let Some(plain) = plain.filter(|json| json.len() <= max_bytes) {
            return Some(plain);
        }
        let packed = self.to_packed_json();
        (packed.len() <= max_bytes).then_some(packed)
    }

    /// Returns the dead letter as JSON with its event packed by gzip and base64.
    pub fn to_packed_json(&self) -> String {
        self.document(Field::Text(pack(self.event.kept()).into()), Some("gzip"))
    }

    /// The event as it is; `None` where that is no text.
    fn plain(&self) -> Option<String> {
        let field = match &self.event {
            DeadLetterEvent::Json(json) => Field::Json(serde_json::from_str(json).ok()?),
            DeadLetterEvent::Unparsed(unparsed) if unparsed.is_withheld() => Field::Nothing,
            DeadLetterEvent::Unparsed(unparsed) => Field::Text(unparsed.kept_text()?.into()),
        };
        Some(self.document(field, None))
    }

    fn document(&self, event: Field<'_>, encoding: Option<&'static str>) -> String {
        let mut document = Document {
            reason: &self.reason,
            at: self.at.to_string(),
            function: self.function,
            sink: self.sink,
            tenant: self.tenant,
            log_id: self.log_id.as_deref(),
            encoding,
            event,
            ..Document::default()
        };
        if let DeadLetterEvent::Unparsed(unparsed) = &self.event {
            document.size = Some(unparsed.size);
            document.sha256 = unparsed.sha256.as_deref();
            document.unredacted = unparsed.is_unredacted.then_some(true);
        }
        // Nothing in a document can fail to serialise; an empty dead letter would be refused by every queue.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

impl DeadLetterEvent<'_> {
    /// Returns how many bytes of the event the dead letter keeps, before it is packed or written.
    pub fn kept_bytes(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> &[u8] {
        match self {
            Self::Json(json) => json.as_bytes(),
            Self::Unparsed(unparsed) => unparsed.kept.as_deref().unwrap_or_default(),
        }
    }

    /// Whether the event is left out, because it could not be redacted.
    pub fn is_withheld(&self) -> bool {
        match self {
            Self::Json(_) => false,
            Self::Unparsed(unparsed) => unparsed.is_withheld(),
        }
    }
}

fn pack(bytes: &[u8]) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes);
    // Writing to memory cannot fail.
    let packed = written.and_then(|()| encoder.finish()).unwrap_or_default();
    STANDARD.encode(packed)
}

#[cfg(test)]
mod tests;
