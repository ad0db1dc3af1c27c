//! The body of a request: gzip or not, an array or one object a line.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hyper::Request;
use hyper::header::HeaderValue;
use serde_json::value::RawValue;

/// One event of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Its text as it came.
    pub(super) text: String,
    /// The same on one line.
    pub(super) line: String,
    /// Its `log_id`, where it has one.
    pub(super) log_id: Option<String>,
}

/// The text of a body; `None` where the encoding is not what the header says.
pub(super) fn decode(request: &Request<Bytes>) -> Option<String> {
    match request
        .headers()
        .get("content-encoding")
        .map(HeaderValue::as_bytes)
    {
        None | Some(b"identity") => String::from_utf8(request.body().to_vec()).ok(),
        Some(b"gzip") => {
            let mut text = String::new();
            MultiGzDecoder::new(request.body().as_ref())
                .read_to_string(&mut text)
                .ok()?;
            Some(text)
        }
        Some(_) => None,
    }
}

/// The events of a text; `None` where it is neither form, or holds something else than objects.
pub(super) fn events(text: &str) -> Option<Vec<Event>> {
    let raw: Vec<&RawValue> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).ok()?
    } else {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| serde_json::from_str(line).ok())
            .collect::<Option<_>>()?
    };
    raw.into_iter().map(event).collect()
}

fn event(raw: &RawValue) -> Option<Event> {
    // Members stay raw: a number that fits no float must not cost an event.
    let object: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    let log_id = object
        .get("log_id")
        .and_then(|log_id| serde_json::from_str(log_id.get()).ok());
    let text = raw.get().to_owned();
    // JSON has no line break inside a string, so only white space between tokens is changed.
    let line = text.replace(['\n', '\r'], " ");
    Some(Event { text, line, log_id })
}
