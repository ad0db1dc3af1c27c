//! `details` with the JSON opened that strings in it hold, or that it is itself: Auth0 writes bodies so, some senders more.

use std::borrow::Cow;

use crate::json::{
    JsonReader, object_members, push_text, read_json, string_content, without_space,
};
use crate::record::{Details, Fields, Record, read_object};

/// A member that may be JSON in a string, and those in it.
struct Place {
    name: &'static str,
    inside: &'static [Place],
}

const fn place(name: &'static str, inside: &'static [Place]) -> Place {
    Place { name, inside }
}

const BODY: Place = place("body", &[]);
/// What readers go into below `details`, besides what is read as it stands.
static PLACES: [Place; 12] = [
    place("action_error", &[]),
    place("actor", &[]),
    place("authenticator", &[]),
    BODY,
    place("client_authentication_error", &[]),
    place("client_authentoication_error", &[]),
    place("error", &[place("payload", &[])]),
    place("failure_details", &[]),
    place("provider_error", &[]),
    place("query", &[]),
    place(
        "request",
        &[
            place("auth", &[place("user", &[])]),
            BODY,
            place("query", &[]),
        ],
    ),
    place("response", &[BODY]),
];

/// Returns the members of `details` that are read, each with the JSON that its strings held; `None` where none held any.
pub(super) fn opened_details(record: &Record<'_>) -> Option<String> {
    // The quotes of JSON in a string are escaped.
    if record.no_escapes {
        return None;
    }
    let text = record.own.details.and_then(json_in_string);
    let of_text: Option<Details<'_>> = text.as_deref().map(|text| read_object(Some(text), false));
    let details = of_text.as_ref().unwrap_or(&record.details);
    let mut members = Vec::new();
    details.each(|name, json| {
        let name = str::from_utf8(name).unwrap_or_default();
        members.push((Cow::Borrowed(name), json));
    });
    opened_object(members.into_iter(), &PLACES, text.is_some())
}

/// Returns a value with what it is, or what its members are, opened; `None` where nothing is to be.
fn open(json: &str, inside: &[Place]) -> Option<String> {
    // An object that holds no quote in a string holds no JSON in one.
    if !json.contains(r#"\""#) {
        return None;
    }
    let text = json_in_string(json);
    let object = text.as_deref().unwrap_or(json);
    let Some(members) = object_members(object).filter(|_| !inside.is_empty()) else {
        return text;
    };
    let members = members
        .into_iter()
        .filter_map(|(name, value)| Some((string_content(name)?, value)));
    opened_object(members, inside, text.is_some())
}

/// Returns members as an object, each with what is to be opened in it; `None` where nothing is, unless something was before.
fn opened_object<'m>(
    members: impl Iterator<Item = (Cow<'m, str>, &'m str)>,
    places: &[Place],
    was_opened: bool,
) -> Option<String> {
    let mut is_opened = was_opened;
    let mut values = Vec::new();
    for (name, json) in members {
        let place = places.iter().find(|place| place.name == name);
        let opened = place.and_then(|place| open(json, place.inside));
        is_opened |= opened.is_some();
        values.push((name, opened.map_or(Cow::Borrowed(json), Cow::Owned)));
    }
    is_opened.then(|| object_of(&values))
}

fn object_of(members: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
    let mut object = vec![b'{'];
    for (position, (name, json)) in members.iter().enumerate() {
        if position > 0 {
            object.push(b',');
        }
        push_text(&mut object, name);
        object.push(b':');
        object.extend_from_slice(json.as_bytes());
    }
    object.push(b'}');
    // Whole characters are copied, so this is text.
    String::from_utf8(object).unwrap_or_default()
}

/// Returns the object or the array that a string holds; `None` for other values and other texts.
fn json_in_string(json: &str) -> Option<String> {
    if !json.starts_with('"') {
        return None;
    }
    // Half of a surrogate pair stays the escape that it is.
    let text = read_json(json, JsonReader::text).ok()?;
    let inner = without_space(&text);
    let is_json = inner.starts_with(['{', '['])
        && serde_json::from_str::<&serde_json::value::RawValue>(inner).is_ok();
    is_json.then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(details: &str, expected: Option<&str>) {
        let record = format!(r#"{{"type":"f","note":"\u0041","details":{details}}}"#);
        let opened = opened_details(&Record::of(&record));
        assert_eq!(opened.as_deref(), expected, "{details}");
    }

    #[test]
    fn json_in_strings_is_opened_where_it_is_read() {
        check(
            r#""{\"error\":{\"message\":\"no\"},\"other\":1}""#,
            Some(r#"{"error":{"message":"no"}}"#),
        );
        check(
            r#"{"other":"{\"a\":1}","response":{"body":" [{\"a\":\"\\u0041\"}]\n","statusCode":200},"session_id":"x"}"#,
            Some(r#"{"response":{"body":[{"a":"\u0041"}],"statusCode":200},"session_id":"x"}"#),
        );
        check(
            r#""{\"request\":\"{\\\"auth\\\":\\\"{\\\\\\\"user\\\\\\\":1}\\\"}\"}""#,
            Some(r#"{"request":{"auth":{"user":1}}}"#),
        );
    }

    #[test]
    fn what_holds_no_json_or_is_read_as_it_stands_is_not_opened() {
        for details in [
            "null",
            r#""a \"text\"""#,
            r#""{\"a\": unquoted \"}""#,
            r#"{"error":"{\"a\":1"}"#,
            r#"{"error":{"message":"{\"a\":1}"}}"#,
            r#"{"request":{"path":"\/a"}}"#,
        ] {
            check(details, None);
        }
    }
}
