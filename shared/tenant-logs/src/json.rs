//! Looking into JSON text without building a tree: members, elements and scalars keep their own text.

mod reader;
pub(crate) mod scan;
mod text;
mod words;

use std::borrow::Cow;

use serde_json::value::RawValue;

pub use reader::{JsonReader, UnexpectedJson, read_json};
pub use text::push_text;
pub(crate) use text::{needs_no_escapes, push_content};

use scan::{Scan, skip_white_space};

/// A string or a number as text; nothing for an empty string, null and everything else.
pub(crate) fn scalar(json: &str) -> Option<Cow<'_, str>> {
    let text = match json.as_bytes().first()? {
        b'"' => string(json)?,
        b'-' | b'0'..=b'9' => Cow::Borrowed(json),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The content of a JSON string; nothing for other values and for a lone surrogate.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The members of an object in their order, names and values as they are written; nothing for other values.
pub(crate) fn members(object: &str) -> Option<Vec<(&str, &str)>> {
    let mut members = Vec::new();
    for_each_member(object, |name, value| members.push((name, value)))?;
    Some(members)
}

/// The value of a member of an object, the last one where it is repeated.
pub(crate) fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut last = None;
    for_each_member(object, |key, value| {
        if string(key).is_some_and(|key| key == name) {
            last = Some(value);
        }
    })?;
    last
}

/// Nothing where the text is not exactly one object; then some of its members may have been visited.
fn for_each_member<'a>(object: &'a str, mut visit: impl FnMut(&'a str, &'a str)) -> Option<()> {
    let bytes = object.as_bytes();
    let begin = skip_white_space(bytes, 0);
    let end = Scan::of(object).object_end(begin, |scan, name, value| {
        let end = scan.value_end(value)?;
        visit(object.get(name.begin..name.end)?, object.get(value..end)?);
        Some(end)
    })?;
    (skip_white_space(bytes, end) == bytes.len()).then_some(())
}

/// The elements of an array in their order; nothing for other values.
pub(crate) fn elements(array: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_text_and_their_order() {
        let object = r#"{ "b" : 1.50, "\u0061":[ 1 ] ,"b":"x"}"#;
        let expected = vec![
            (r#""b""#, "1.50"),
            (r#""\u0061""#, "[ 1 ]"),
            (r#""b""#, r#""x""#),
        ];
        assert_eq!(members(object), Some(expected));
        assert_eq!(members("[]"), None);
    }

    #[test]
    fn a_member_is_found_by_its_decoded_name_and_the_last_one_counts() {
        let object = r#"{"\u0061":1,"a":2,"\ud800":3}"#;
        assert_eq!(member(object, "a"), Some("2"));
        assert_eq!(member(object, "b"), None);
    }

    #[test]
    fn only_strings_and_numbers_are_scalars() {
        let cases = [
            (r#""s""#, Some("s")),
            (r#""\u0073""#, Some("s")),
            ("-1.50", Some("-1.50")),
            (r#""""#, None),
            ("null", None),
            ("true", None),
            ("{}", None),
            (r#""\ud800""#, None),
        ];
        for (json, expected) in cases {
            assert_eq!(scalar(json).as_deref(), expected, "{json}");
        }
    }
}
