//! Looking into JSON text without building a tree: members, elements and scalars keep their own text.

mod reader;
pub(crate) mod scan;
mod text;
mod words;

use std::borrow::Cow;

pub use reader::{JsonReader, UnexpectedJson, read_json};
pub(crate) use text::{needs_no_escapes, quoted, read_whole_text};
pub use text::{push_content, push_text};

use scan::{Scan, skip_white_space};

/// Returns a string or a number as text; `None` for an empty string, null and everything else.
pub(crate) fn scalar(json: &str) -> Option<Cow<'_, str>> {
    let text = match json.as_bytes().first()? {
        b'"' => string_content(json)?,
        b'-' | b'0'..=b'9' => Cow::Borrowed(json),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Returns the content of a JSON string; `None` for other values and for a lone surrogate.
pub fn string_content(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// What a string holds, without the white space and the byte order mark that may stand around its JSON.
pub(crate) fn without_space(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Returns the members of an object in their order, names and values as they are written; `None` for other values.
pub fn object_members(object: &str) -> Option<Vec<(&str, &str)>> {
    let mut members = Vec::new();
    for_each_member(object, |name, value| members.push((name, value)))?;
    Some(members)
}

/// Returns the value of a member of an object, the last one where it is repeated.
pub(crate) fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut last = None;
    for_each_member(object, |key, value| {
        if string_content(key).is_some_and(|key| key == name) {
            last = Some(value);
        }
    })?;
    last
}

/// Writes members, names and values as they are, as one object.
pub(crate) fn object_of<'m>(members: impl Iterator<Item = (&'m str, &'m str)>) -> String {
    let members: Vec<String> = members
        .map(|(name, json)| format!("{name}:{json}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// `None` where the text is not exactly one object; then some of its members may have been visited.
fn for_each_member<'a>(object: &'a str, mut visit: impl FnMut(&'a str, &'a str)) -> Option<()> {
    let begin = skip_white_space(object.as_bytes(), 0);
    let end = Scan::of(object).object_end(begin, |scan, name, value| {
        let end = scan.value_end(value)?;
        visit(object.get(name.begin..name.end)?, object.get(value..end)?);
        Some(end)
    })?;
    is_whole(object, end).then_some(())
}

/// Whether a text is one JSON object or array.
pub(crate) fn is_object_or_array(json: &str) -> bool {
    object_members(json).is_some() || array_elements(json).is_some()
}

/// Returns the elements of an array in their order, each as it is written; `None` for other values.
pub fn array_elements(array: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    let begin = skip_white_space(array.as_bytes(), 0);
    let end = Scan::of(array).array_end(begin, |scan, element| {
        let end = scan.value_end(element)?;
        elements.push(array.get(element..end)?);
        Some(end)
    })?;
    is_whole(array, end).then_some(elements)
}

/// Whether nothing but white space follows.
fn is_whole(text: &str, end: usize) -> bool {
    skip_white_space(text.as_bytes(), end) == text.len()
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
        assert_eq!(object_members(object), Some(expected));
        assert_eq!(object_members("[]"), None);
    }

    #[test]
    fn elements_keep_their_text_and_their_order() {
        let check = |array: &str, expected: Option<&[&str]>| {
            assert_eq!(array_elements(array).as_deref(), expected, "{array}");
        };
        check(
            " [ 1.50 ,\n[ ] , \"\\ud800\" ] ",
            Some(&["1.50", "[ ]", "\"\\ud800\""]),
        );
        check("[]", Some(&[]));
        for other in ["[1,]", "[,1]", "[1", "[1}", "[1] 2", "{}", "1", ""] {
            check(other, None);
        }
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
