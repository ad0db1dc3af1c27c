//! What an invocation carries, out of the host's wrapping: an object, an array, or a string that holds one of them.
//!
//! The host hands one event over as an object and several as a string with an array inside; which strings it wraps once
//! more depends on the binding. So strings are opened until something else is found.

use std::borrow::Cow;
use std::collections::BTreeMap;

use relay::{IncomingBody, Marks};
use serde::Deserialize;
use serde_json::value::RawValue;
use tenant_logs::{ElementLimits, JsonReader, Reject, parse_within, read_json};

/// Strings within strings that are opened; the host wraps twice at most.
const MAX_WRAPPINGS: u8 = 8;
/// What every event type of Auth0's has in it, whatever the case.
const OURS: &[u8] = b"auth0";

/// An invocation of a function that is not HTTP, as far as we read it.
#[derive(Deserialize)]
struct Invocation<'a> {
    #[serde(rename = "Data", borrow)]
    data: BTreeMap<String, &'a RawValue>,
}

/// The texts of an invocation's events; the body itself if it is no invocation.
pub(crate) fn texts_of(body: &str) -> Vec<Cow<'_, str>> {
    // Of an array a struct is read, too: its elements as the members.
    let is_object = body.trim_start().starts_with('{');
    match serde_json::from_str::<Invocation<'_>>(body) {
        Ok(invocation) if is_object => {
            let mut texts = Vec::new();
            for value in invocation.data.into_values() {
                open(Cow::Borrowed(value.get()), MAX_WRAPPINGS, &mut texts);
            }
            texts
        }
        Ok(_) | Err(_) => vec![Cow::Borrowed(body)],
    }
}

/// Adds a value, or what is inside of it if it is a string or an array of strings.
fn open<'a>(value: Cow<'a, str>, wrappings_left: u8, texts: &mut Vec<Cow<'a, str>>) {
    let inside = match wrappings_left {
        0 => None,
        _ => inside_of(&value),
    };
    match inside {
        Some(inside) => {
            for text in inside {
                open(Cow::Owned(text), wrappings_left - 1, texts);
            }
        }
        None => texts.push(value),
    }
}

/// The texts in a string or an array of strings; `None` if it is neither.
fn inside_of(value: &str) -> Option<Vec<String>> {
    let value = value.trim_start();
    if value.starts_with('"') {
        let text = read_json(value, JsonReader::text).ok()?;
        return Some(vec![text]);
    }
    let first = value.strip_prefix('[')?.trim_start();
    if !first.starts_with('"') {
        return None;
    }
    let mut texts = Vec::new();
    let read = read_json(value, |array| {
        array.array(|element| {
            texts.push(element.text()?);
            Ok(())
        })
    });
    read.ok().map(|()| texts)
}

/// A text as the flow takes it, without the events of other publishers.
pub(crate) fn incoming_body(text: &str) -> IncomingBody<'_> {
    IncomingBody {
        is_others: is_of_another_publisher,
        marks: Marks::OfOurEnvelopes,
        ..IncomingBody::new(
            text.as_bytes(),
            parse_within(text, ElementLimits::BEHIND_TRIGGERS),
        )
    }
}

/// A dead letter's text as the flow takes it: nothing in it is another publisher's, or it would not be here.
pub(crate) fn returned_body(text: &str) -> IncomingBody<'_> {
    IncomingBody {
        is_others: |_| false,
        is_returned: true,
        ..incoming_body(text)
    }
}

/// Whether an event's data is no log event, and its own type shows that another publisher sent it.
fn is_of_another_publisher(reject: &Reject<'_>) -> bool {
    let is_other = reject.envelope_type.as_deref().is_some_and(is_other_type);
    reject.reason.is_another_form() && is_other
}

fn is_other_type(event_type: &str) -> bool {
    let mut windows = event_type.as_bytes().windows(OURS.len());
    !windows.any(|window| window.eq_ignore_ascii_case(OURS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(value: &str) -> String {
        format!(r#"{{"Data":{{"events":{value}}},"Metadata":{{"sys":{{}}}}}}"#)
    }

    fn string(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    fn check(value: &str, expected: &[&str]) {
        assert_eq!(texts_of(&invocation(value)), expected, "{value}");
    }

    #[test]
    fn half_a_surrogate_pair_in_the_hosts_string_costs_its_own_event_nothing_and_no_other() {
        let events = format!(
            r"[{},{EVENT}]",
            EVENT.replace("\"s\"", "\"s\",\"user_name\":\"?\"")
        );
        let hosts = string(&events).replace('?', r"\ud83d");
        let texts = texts_of(&invocation(&hosts)).concat();
        assert!(texts.contains(r#""user_name":"\ud83d""#), "{texts}");
        assert_eq!(counts(&texts), (2, 0, 0));
        let several = format!("[{hosts},{}]", string(EVENT));
        assert_eq!(texts_of(&invocation(&several)).len(), 2);
    }

    const EVENT: &str =
        r#"{"id":"1","eventType":"com.auth0.Log","data":{"log_id":"a","type":"s"}}"#;

    #[test]
    fn events_are_found_in_an_object_an_array_and_strings_within_strings() {
        let array = format!("[{EVENT},{EVENT}]");
        check(EVENT, &[EVENT]);
        check(&array, &[&array]);
        check(&string(EVENT), &[EVENT]);
        check(&string(&array), &[&array]);
        check(&string(&string(&array)), &[&array]);
        let strings = format!("[{},{}]", string(EVENT), string(EVENT));
        check(&strings, &[EVENT, EVENT]);
        check(&string(&strings), &[EVENT, EVENT]);
    }

    #[test]
    fn what_cannot_be_opened_stays_as_it_is() {
        check("null", &["null"]);
        check("\"text\"", &["text"]);
        check("[\"text\",1]", &["[\"text\",1]"]);
        assert_eq!(texts_of("[1"), ["[1"]);
        let array = format!("[{EVENT}]");
        assert_eq!(texts_of(&array), [array.as_str()]);
        assert_eq!(texts_of("{}"), ["{}"]);
        let mut deep = string(EVENT);
        for _ in 0..11 {
            deep = string(&deep);
        }
        assert_eq!(texts_of(&invocation(&deep)).len(), 1);
    }

    fn counts(text: &str) -> (usize, usize, usize) {
        let incoming_body = incoming_body(text);
        let is_others = incoming_body.is_others;
        let parsed = incoming_body.parsed.unwrap();
        let of_others = parsed.rejects.iter().filter(|reject| is_others(reject));
        let left_out = of_others.count();
        let rejected = parsed.rejects.len() - left_out;
        (parsed.log_events.len(), rejected, left_out)
    }

    #[test]
    fn only_events_of_other_publishers_are_left_out() {
        let event = |event_type: &str, data: &str| {
            format!(r#"{{"id":"1","eventType":"{event_type}","data":{data}}}"#)
        };
        assert_eq!(counts(EVENT), (1, 0, 0));
        let other = event("Microsoft.Storage.BlobCreated", r#"{"url":"x"}"#);
        assert_eq!(counts(&other), (0, 0, 1));
        let poison = event("com.Auth0.Log", r#"{"url":"x"}"#);
        assert_eq!(counts(&poison), (0, 1, 0));
        assert_eq!(counts(&format!("[{EVENT},{other},{poison},1]")), (1, 2, 1));
        let cloud_event =
            r#"{"specversion":"1.0","id":"1","source":"s","type":"other","data":{"a":1}}"#;
        assert_eq!(counts(cloud_event), (0, 0, 1));
        assert_eq!(counts("{}"), (0, 1, 0));
    }
}
