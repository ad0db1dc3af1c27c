//! What is put away because it can never be delivered, with all that replaying it needs.

mod read;

use std::borrow::Cow;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::digest::sha256_hex;

pub(crate) use read::is_dead_letter;

/// Bytes kept of text that cannot be parsed, or that fits no queue.
const KEPT_BYTES: usize = 65_536;

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
    /// A body that cannot be parsed: its first 64 KB are kept, with the size and SHA-256 of the whole.
    Unparsed {
        /// The body's bytes as they arrived, before gunzip.
        body: Cow<'a, [u8]>,
        /// Whether the text stays out, because it could not be redacted.
        is_withheld: bool,
    },
    /// What an earlier dead letter kept of something larger, or withheld: it can only be put away again.
    Cut {
        /// The beginning; `None` if it was withheld.
        beginning: Option<Cow<'a, str>>,
        /// Bytes of the whole.
        size: usize,
        /// SHA-256 of the whole.
        sha256: Cow<'a, str>,
    },
}

/// How large the whole is of which a dead letter keeps a part.
struct Measure<'a> {
    size: usize,
    sha256: Cow<'a, str>,
}

#[derive(Serialize)]
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
    sha256: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    event: Field<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Field<'a> {
    Json(&'a RawValue),
    Text(Cow<'a, str>),
    Nothing(()),
}

impl DeadLetter<'_> {
    /// The dead letter as JSON, whole.
    pub fn to_json(&self) -> String {
        match &self.event {
            DeadLetterEvent::Json(json) => match serde_json::from_str::<&RawValue>(json) {
                Ok(raw) => self.document(Field::Json(raw), None, None),
                Err(_) => self.kept(json.as_bytes(), false),
            },
            DeadLetterEvent::Unparsed { body, is_withheld } => self.kept(body, *is_withheld),
            DeadLetterEvent::Cut {
                beginning,
                size,
                sha256,
            } => {
                let measure = Measure {
                    size: *size,
                    sha256: Cow::Borrowed(sha256),
                };
                let field = beginning
                    .as_deref()
                    .map_or(Field::Nothing(()), |text| Field::Text(Cow::Borrowed(text)));
                self.document(field, None, Some(measure))
            }
        }
    }

    /// The dead letter as JSON of at most `max_bytes`: its event packed by gzip and base64 where it is larger, cut where
    /// that is not enough.
    pub fn to_json_within(&self, max_bytes: usize) -> String {
        let whole = self.to_json();
        let DeadLetterEvent::Json(json) = &self.event else {
            return whole;
        };
        if whole.len() <= max_bytes {
            return whole;
        }
        let packed = self.document(Field::Text(pack(json).into()), Some("gzip"), None);
        if packed.len() <= max_bytes {
            return packed;
        }
        self.kept(json.as_bytes(), false)
    }

    fn kept(&self, body: &[u8], is_withheld: bool) -> String {
        let first = body.get(..KEPT_BYTES).unwrap_or(body);
        let field = if is_withheld {
            Field::Nothing(())
        } else {
            Field::Text(String::from_utf8_lossy(first))
        };
        let measure = Measure {
            size: body.len(),
            sha256: sha256_hex(body).into(),
        };
        self.document(field, None, Some(measure))
    }

    fn document(
        &self,
        event: Field<'_>,
        encoding: Option<&'static str>,
        measure: Option<Measure<'_>>,
    ) -> String {
        let (size, sha256) = measure
            .map(|measure| (measure.size, measure.sha256))
            .unzip();
        let document = Document {
            reason: &self.reason,
            at: self.at.to_string(),
            function: self.function,
            sink: self.sink,
            tenant: self.tenant,
            log_id: self.log_id.as_deref(),
            size,
            sha256,
            encoding,
            event,
        };
        // Nothing in a document can fail to serialise; an empty dead letter would be refused by every queue.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

fn pack(text: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(text.as_bytes());
    // Writing to memory cannot fail.
    let packed = written.and_then(|()| encoder.finish()).unwrap_or_default();
    STANDARD.encode(packed)
}

#[cfg(test)]
mod tests;
