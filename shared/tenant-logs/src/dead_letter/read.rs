//! Dead letters that come back: told apart from records, and read with the text that they carry.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{DeadLetter, DeadLetterEvent};
use crate::digest::sha256_hex;
use crate::json::{object_members, string_content};
use crate::{decode_base64, gunzip};

/// What every dead letter has.
const NAMES: [&str; 7] = [
    "reason", "at", "function", "sink", "tenant", "log_id", "event",
];
/// The largest text that a packed event may have: as much as any of our functions takes.
const MAX_UNPACKED_BYTES: usize = 67_108_864;

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
        let event = self.event.get();
        match (self.encoding, self.size, self.sha256) {
            (None, None, None) => Some(DeadLetterEvent::Json(event.into())),
            (None, Some(size), Some(sha256)) => {
                let beginning = if event == "null" {
                    None
                } else {
                    Some(string_content(event)?)
                };
                Some(whole_or_cut(beginning, size, sha256))
            }
            (Some("gzip"), None, None) => {
                let packed = decode_base64(&string_content(event)?).ok()?;
                let unpacked = gunzip(&packed, MAX_UNPACKED_BYTES).ok()?;
                let json = String::from_utf8(unpacked).ok()?;
                Some(DeadLetterEvent::Json(json.into()))
            }
            (Some(_) | None, _, _) => None,
        }
    }
}

/// Text with the hash of the whole is the whole.
fn whole_or_cut<'a>(
    beginning: Option<Cow<'a, str>>,
    size: usize,
    sha256: &'a str,
) -> DeadLetterEvent<'a> {
    match beginning {
        Some(text) if text.len() == size && sha256_hex(text.as_bytes()) == sha256 => {
            DeadLetterEvent::Unparsed {
                body: match text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                },
                is_withheld: false,
            }
        }
        beginning => DeadLetterEvent::Cut {
            beginning,
            size,
            sha256: sha256.into(),
        },
    }
}

impl DeadLetterEvent<'_> {
    /// The text that was set aside, where the dead letter has all of it.
    pub fn whole_text(&self) -> Option<&str> {
        match self {
            Self::Json(json) => Some(json),
            Self::Unparsed { body, is_withheld } => {
                str::from_utf8(body).ok().filter(|_| !is_withheld)
            }
            Self::Cut {
                beginning: _,
                size: _,
                sha256: _,
            } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn check(event: DeadLetterEvent<'_>, max_bytes: usize, expected: &DeadLetterEvent<'_>) {
        let text = dead_letter(event).to_json_within(max_bytes);
        assert!(is_dead_letter(&text));
        let read = DeadLetter::read(&text).unwrap();
        assert_eq!(&read.event, expected);
        assert_eq!(read, dead_letter(expected.clone()));
    }

    #[test]
    fn a_dead_letter_is_read_as_it_was_written() {
        let json = DeadLetterEvent::Json(EVENT.into());
        check(json.clone(), 1_000, &json);
        let unparsed = DeadLetterEvent::Unparsed {
            body: b"[{]".into(),
            is_withheld: false,
        };
        check(unparsed.clone(), 1_000, &unparsed);
        let null = DeadLetterEvent::Json("null".into());
        check(null.clone(), 1_000, &null);
    }

    #[test]
    fn a_packed_event_is_unpacked() {
        let event = format!(r#"{{"log_id":"1","data":{{"x":"{}"}}}}"#, "y".repeat(5_000));
        let json = DeadLetterEvent::Json(event.into());
        check(json.clone(), 1_000, &json);
    }

    #[test]
    fn what_is_cut_withheld_or_no_text_stays_so_and_is_never_taken_for_the_whole() {
        let body = vec![b'x'; 70_000];
        let whole = DeadLetterEvent::Unparsed {
            body: body.as_slice().into(),
            is_withheld: false,
        };
        let cut = DeadLetterEvent::Cut {
            beginning: Some("x".repeat(65_536).into()),
            size: 70_000,
            sha256: sha256_hex(&body).into(),
        };
        check(whole, 1_000_000, &cut);
        check(cut.clone(), 1_000_000, &cut);
        assert_eq!(cut.whole_text(), None);

        let withheld = DeadLetterEvent::Unparsed {
            body: b"jane@example.com".into(),
            is_withheld: true,
        };
        assert_eq!(withheld.whole_text(), None);
        let read = DeadLetterEvent::Cut {
            beginning: None,
            size: 16,
            sha256: sha256_hex(b"jane@example.com").into(),
        };
        check(withheld, 1_000, &read);

        let no_text = DeadLetterEvent::Unparsed {
            body: b"\xff\xff".into(),
            is_withheld: false,
        };
        let read = DeadLetterEvent::Cut {
            beginning: Some("\u{fffd}\u{fffd}".into()),
            size: 2,
            sha256: sha256_hex(b"\xff\xff").into(),
        };
        check(no_text, 1_000, &read);
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
