//! Dead letters that come back: told apart from records, and read with the text that they carry.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{DeadLetter, DeadLetterEvent, Unparsed};
use crate::json::{is_object_or_array, object_members, string_content};
use crate::{MAX_UNPACKED_BYTES, decode_base64, gunzip};

/// What every dead letter has.
const NAMES: [&str; 7] = [
    "reason", "at", "function", "sink", "tenant", "log_id", "event",
];

/// A dead letter as it is written. Names are never written with escapes, so they need not be read with them.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    reason: Cow<'a, str>,
    at: &'a str,
    function: &'a str,
    sink: Option<&'a str>,
    tenant: &'a str,
    #[serde(borrow)]
    log_id: Option<&'a RawValue>,
    size: Option<usize>,
    sha256: Option<&'a str>,
    encoding: Option<&'a str>,
    #[serde(default)]
    unredacted: bool,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// Whether an object has every member of a dead letter.
pub(crate) fn is_dead_letter(object: &str) -> bool {
    let members = object_members(object).unwrap_or_default();
    NAMES.iter().all(|name| {
        let mut names = members.iter().filter_map(|(name, _)| string_content(name));
        names.any(|other| other == *name)
    })
}

/// Whether the event of a dead letter stands in it as JSON, where redaction reaches it: not packed, and no text that could
/// not be parsed.
pub fn shows_its_event(dead_letter: &str) -> bool {
    let members = object_members(dead_letter).unwrap_or_default();
    let mut members = members.iter();
    members.all(|(name, value)| match string_content(name).as_deref() {
        Some("encoding") => false,
        Some("event") => is_object_or_array(string_content(value).as_deref().unwrap_or(value)),
        Some(_) | None => true,
    })
}

impl<'a> DeadLetter<'a> {
    /// Reads a dead letter; `None` if the text is none, or a damaged one.
    pub fn read(text: &'a str) -> Option<Self> {
        let document: Document<'a> = serde_json::from_str(text).ok()?;
        let log_id = document.log_id.map(RawValue::get);
        Some(Self {
            event: document.event()?,
            reason: document.reason,
            at: document.at.parse::<Timestamp>().ok()?,
            function: document.function,
            sink: document.sink,
            tenant: document.tenant,
            log_id: log_id.and_then(string_content),
        })
    }
}

impl<'a> Document<'a> {
    fn event(&self) -> Option<DeadLetterEvent<'a>> {
        let Some(size) = self.size else {
            // Only bytes that cannot be parsed have a hash, and may lack a redaction.
            let is_json = self.sha256.is_none() && !self.unredacted;
            return self.json().filter(|_| is_json).map(DeadLetterEvent::Json);
        };
        let kept = match self.event.get() {
            "null" if self.encoding.is_none() => None,
            _ => Some(self.bytes()?),
        };
        Some(DeadLetterEvent::Unparsed(Unparsed {
            kept,
            size,
            sha256: self.sha256.map(Cow::Borrowed),
            is_unredacted: self.unredacted,
        }))
    }

    fn json(&self) -> Option<Cow<'a, str>> {
        match self.encoding {
            None => Some(self.event.get().into()),
            Some(_) => match self.bytes()? {
                Cow::Borrowed(bytes) => str::from_utf8(bytes).ok().map(Cow::Borrowed),
                Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
            },
        }
    }

    /// The bytes that a string holds, as text or packed.
    fn bytes(&self) -> Option<Cow<'a, [u8]>> {
        let text = string_content(self.event.get())?;
        match self.encoding {
            None => Some(match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            }),
            Some("gzip") => {
                let packed = decode_base64(&text).ok()?;
                gunzip(&packed, MAX_UNPACKED_BYTES).ok().map(Cow::Owned)
            }
            Some(_) => None,
        }
    }
}

impl DeadLetterEvent<'_> {
    /// Returns the text that was set aside, gunzipped; `None` if the dead letter has not all of it, or it is no text.
    pub fn whole_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Json(json) => Some(Cow::Borrowed(json)),
            Self::Unparsed(unparsed) => unparsed.whole_text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::super::{Keep, pack};
    use super::*;
    use crate::Redaction;

    const EVENT: &str = r#"{"log_id":"1","data":{"n": 1.50}}"#;

    fn dead_letter(event: DeadLetterEvent<'_>) -> DeadLetter<'_> {
        DeadLetter {
            reason: "no \"room\"".into(),
            at: "2026-11-20T10:00:00Z".parse().unwrap(),
            function: "aws-webhook-ingest",
            sink: Some("event-bus"),
            tenant: "acme",
            log_id: Some("a\"b".into()),
            event,
        }
    }

    #[track_caller]
    fn check(event: &DeadLetterEvent<'_>, max_bytes: usize) {
        let text = dead_letter(event.clone())
            .to_json_within(max_bytes)
            .unwrap();
        assert!(is_dead_letter(&text));
        assert_eq!(DeadLetter::read(&text), Some(dead_letter(event.clone())));
    }

    fn unparsed(body: &[u8], keep: Keep) -> DeadLetterEvent<'_> {
        DeadLetterEvent::Unparsed(Unparsed::new(body, keep, &Redaction::default()))
    }

    #[test]
    fn a_dead_letter_is_read_as_it_was_written() {
        let json = DeadLetterEvent::Json(EVENT.into());
        check(&json, 1_000);
        check(&unparsed(b"[{]", Keep::Whole), 1_000);
        check(&unparsed("é\n\t\"".as_bytes(), Keep::Whole), 1_000);
        check(&DeadLetterEvent::Json("null".into()), 1_000);
    }

    #[test]
    fn a_packed_event_is_unpacked() {
        let event = format!(r#"{{"log_id":"1","data":{{"x":"{}"}}}}"#, "y".repeat(5_000));
        check(&DeadLetterEvent::Json(event.as_str().into()), 1_000);
        check(&unparsed(event.as_bytes(), Keep::Whole), 1_000);
    }

    #[test]
    fn every_byte_comes_back_whatever_it_is() {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [&b""[..], b"\xff\xff", b"\0", b"\x1f\x8b\x08torn", &all] {
            let event = unparsed(bytes, Keep::Whole);
            check(&event, 10_000);
            let DeadLetterEvent::Unparsed(unparsed) = event else {
                panic!("{event:?}");
            };
            assert_eq!(unparsed.kept.as_deref(), Some(bytes));
        }
    }

    #[test]
    fn what_was_packed_before_it_came_is_read_as_text_and_kept_as_it_came() {
        let packed = STANDARD.decode(pack(EVENT.as_bytes())).unwrap();
        let event = unparsed(&packed, Keep::Whole);
        check(&event, 10_000);
        assert_eq!(event.whole_text().as_deref(), Some(EVENT));
    }

    #[test]
    fn what_is_cut_or_withheld_is_never_taken_for_the_whole() {
        let body = vec![b'x'; 70_000];
        let cut = unparsed(&body, Keep::Beginning);
        check(&cut, 1_000_000);
        assert_eq!(cut.whole_text(), None);
        assert_eq!(cut.kept_bytes(), 65_536);

        let withheld = unparsed(b"jane@example.com", Keep::Nothing);
        check(&withheld, 1_000);
        assert_eq!(withheld.whole_text(), None);
        assert!(withheld.is_withheld());

        assert_eq!(unparsed(b"\xff\xff", Keep::Whole).whole_text(), None);
    }

    #[test]
    fn a_damaged_dead_letter_is_not_read() {
        let whole = dead_letter(DeadLetterEvent::Json(EVENT.into())).to_json();
        let check = |from: &str, to: &str| {
            let damaged = whole.replace(from, to);
            assert_ne!(damaged, whole);
            assert_eq!(DeadLetter::read(&damaged), None, "{damaged}");
        };
        check("2026-11-20T10:00:00Z", "soon");
        check("\"tenant\":\"acme\"", "\"tenant\":1");
        check("\"event\"", "\"encoding\":\"gzip\",\"event\"");
        check("\"event\"", "\"encoding\":\"zip\",\"event\"");
        check("\"event\"", "\"size\":7,\"event\"");
        check("\"event\"", "\"unredacted\":true,\"event\"");
        check("}}}", "}}");
    }

    #[test]
    fn a_record_is_no_dead_letter() {
        let whole = dead_letter(DeadLetterEvent::Json(EVENT.into())).to_json();
        for name in NAMES {
            let renamed = whole.replacen(&format!("\"{name}\":"), "\"other\":", 1);
            assert!(!is_dead_letter(&renamed), "{name}");
        }
        assert!(!is_dead_letter(EVENT));
        assert!(!is_dead_letter("[]"));
    }
}
