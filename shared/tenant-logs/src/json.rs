//! Looking into JSON text without building a tree: members, elements and scalars keep their own text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

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
    serde_json::from_str::<Members<'_>>(object)
        .ok()
        .map(|members| members.0)
}

/// The value of a member of an object, the last one where it is repeated.
pub(crate) fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let last = members(object)?
        .into_iter()
        .rfind(|(key, _)| string(key).is_some_and(|key| key == name));
    last.map(|(_, value)| value)
}

/// The elements of an array in their order; nothing for other values.
pub(crate) fn elements(array: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array).ok()
}

struct Members<'a>(Vec<(&'a str, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push((key.get(), value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
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
