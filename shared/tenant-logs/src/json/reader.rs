//! Reads the JSON of a trigger from left to right, and a string's text out of its escapes in the same pass.
//!
//! What a trigger brings is mostly one string, or a hundred, with whole bodies in them: `serde_json` needs twice as long,
//! as it finds each string's end and then reads it again.

use std::borrow::Cow;

use super::scan::{Scan, skip_white_space};
use super::string_content;
use super::text::read_text;
use super::words::unescaped_bytes;

/// A text that is no JSON, or whose values are of other kinds than its reader asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the JSON is broken, or holds other kinds of values than it should")]
pub struct UnexpectedJson;

/// Reads a text that is exactly one JSON value.
///
/// Syntax is checked as strictly as `serde_json` does; of repeated members the last one counts.
///
/// # Errors
/// Where it is not, or where `read` fails.
pub fn read_json<'a, T>(
    text: &'a str,
    read: impl FnOnce(&mut JsonReader<'a>) -> Result<T, UnexpectedJson>,
) -> Result<T, UnexpectedJson> {
    let at = skip_white_space(text.as_bytes(), 0);
    let mut reader = JsonReader { text, at };
    let value = read(&mut reader)?;
    if skip_white_space(text.as_bytes(), reader.at) < text.len() {
        return Err(UnexpectedJson);
    }
    Ok(value)
}

/// Stands before a value. Each method reads it, and fails where it is of another kind or broken.
#[derive(Debug)]
pub struct JsonReader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonReader<'a> {
    /// Reads an object: `member` gets each name, and a reader that it must move beyond the value.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&str, &mut Self) -> Result<(), UnexpectedJson>,
    ) -> Result<(), UnexpectedJson> {
        let text = self.text;
        let end = Scan::of(text).object_end(self.at, |_, name, at| {
            // A name with half of a surrogate pair is none that anybody looks for.
            let name = text.get(name.begin..name.end).and_then(string_content);
            let mut value = Self { text, at };
            member(&name.unwrap_or_default(), &mut value).ok()?;
            Some(value.at)
        });
        self.at = end.ok_or(UnexpectedJson)?;
        Ok(())
    }

    /// Reads an array: `element` gets a reader for each value in turn, and must move it beyond that.
    pub fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), UnexpectedJson>,
    ) -> Result<(), UnexpectedJson> {
        let text = self.text;
        let end = Scan::of(text).array_end(self.at, |_, at| {
            let mut value = Self { text, at };
            element(&mut value).ok()?;
            Some(value.at)
        });
        self.at = end.ok_or(UnexpectedJson)?;
        Ok(())
    }

    /// Reads a string. Half of a surrogate pair stays the escape that it is.
    pub fn text(&mut self) -> Result<String, UnexpectedJson> {
        let quoted = self.text.as_bytes().get(self.at..);
        let (text, length) = quoted.and_then(read_text).ok_or(UnexpectedJson)?;
        self.at += length;
        Ok(text)
    }

    /// Reads a string as [`Self::text`] does, without a copy where it has no escapes.
    pub fn text_as_it_is(&mut self) -> Result<Cow<'a, str>, UnexpectedJson> {
        let text = self.text;
        let begin = self.at + 1;
        let inner = text.as_bytes().get(begin..).ok_or(UnexpectedJson)?;
        let end = begin + unescaped_bytes(inner);
        let is_string = self.byte()? == b'"' && text.as_bytes().get(end) == Some(&b'"');
        match text.get(begin..end).filter(|_| is_string) {
            Some(inner) => {
                self.at = end + 1;
                Ok(Cow::Borrowed(inner))
            }
            None => self.text().map(Cow::Owned),
        }
    }

    /// Reads a string, or any other value as its own JSON text.
    pub fn text_or_json(&mut self) -> Result<String, UnexpectedJson> {
        if self.byte()? == b'"' {
            return self.text();
        }
        self.value().map(str::to_owned)
    }

    /// Reads true or false.
    pub fn boolean(&mut self) -> Result<bool, UnexpectedJson> {
        match self.value()? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(UnexpectedJson),
        }
    }

    /// Reads null as none, and anything else as `read` does.
    pub fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, UnexpectedJson>,
    ) -> Result<Option<T>, UnexpectedJson> {
        if self.byte()? == b'n' {
            return self.skip().map(|()| None);
        }
        read(self).map(Some)
    }

    /// Reads a value of any kind and forgets it.
    pub fn skip(&mut self) -> Result<(), UnexpectedJson> {
        self.value().map(|_forgotten| ())
    }

    fn value(&mut self) -> Result<&str, UnexpectedJson> {
        let begin = self.at;
        let end = Scan::of(self.text).value_end(begin);
        self.at = end.ok_or(UnexpectedJson)?;
        self.text.get(begin..self.at).ok_or(UnexpectedJson)
    }

    fn byte(&self) -> Result<u8, UnexpectedJson> {
        let byte = self.text.as_bytes().get(self.at);
        byte.copied().ok_or(UnexpectedJson)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_value_is_read_as_itself_only() {
        let texts = ["\"t\"", "true", "false", "null", "1", "{}", "[]", "", "t"];
        let read_of =
            |read: fn(&mut JsonReader<'static>) -> Result<(), UnexpectedJson>| -> Vec<&str> {
                let is_read = |text: &&'static str| read_json(text, read).is_ok();
                texts.into_iter().filter(is_read).collect()
            };
        assert_eq!(read_of(|value| value.text().map(|_| ())), ["\"t\""]);
        assert_eq!(
            read_of(|value| value.boolean().map(|_| ())),
            ["true", "false"]
        );
        assert_eq!(
            read_of(|value| value.object(|_, _| Err(UnexpectedJson))),
            ["{}"]
        );
        assert_eq!(
            read_of(|value| value.array(|_| Err(UnexpectedJson))),
            ["[]"]
        );
        assert_eq!(
            read_of(|value| value.optional(JsonReader::text).map(|_| ())),
            ["\"t\"", "null"]
        );
        assert_eq!(read_of(JsonReader::skip), &texts[..7]);
        assert_eq!(
            read_json("null", |v| v.optional(JsonReader::text)),
            Ok(None)
        );
        assert_eq!(read_json(" true\n", JsonReader::boolean), Ok(true));
        for (json, text) in [
            ("\"t\"", "t"),
            ("{\"a\": 1}", "{\"a\": 1}"),
            ("1.50", "1.50"),
        ] {
            let read = read_json(json, JsonReader::text_or_json);
            assert_eq!(read.as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_string_without_escapes_is_read_without_a_copy() {
        let read = |json| read_json(json, JsonReader::text_as_it_is);
        assert!(matches!(read(r#""W10=""#), Ok(Cow::Borrowed("W10="))));
        assert!(matches!(read(r#""""#), Ok(Cow::Borrowed(""))));
        assert!(matches!(read(r#""a\"b""#), Ok(Cow::Owned(text)) if text == "a\"b"));
        for json in ["", "1", "null", "x\"", "\"", "\"open", "\"\n\"", "[\"a\"]"] {
            assert_eq!(read(json), Err(UnexpectedJson), "{json}");
        }
    }

    #[test]
    fn nothing_may_follow_and_nothing_may_be_missing() {
        fn texts(json: &str) -> Result<Vec<String>, UnexpectedJson> {
            let mut texts = Vec::new();
            read_json(json, |value| {
                value.array(|element| {
                    texts.push(element.text()?);
                    Ok(())
                })
            })?;
            Ok(texts)
        }
        let expected = ["a".to_owned(), "b".to_owned()];
        assert_eq!(
            texts(" [ \"a\" ,\t\"b\" ] \n").as_deref(),
            Ok(&expected[..])
        );
        for json in [
            "[\"a\" \"b\"]",
            "[\"a\",]",
            "[,\"a\"]",
            "[\"a\"",
            "[\"a\"}",
            "[\"a\"] 1",
            "[1]",
            "[",
            "]",
        ] {
            assert_eq!(texts(json), Err(UnexpectedJson), "{json}");
        }
        for json in ["{\"a\":nul}", "{\"a\":1", "{\"a\":1} 1"] {
            let read = read_json(json, |value| value.object(|_, value| value.skip()));
            assert_eq!(read, Err(UnexpectedJson), "{json}");
        }
    }

    /// The members of an object that are text, in a reading of ours.
    fn text_members(json: &str) -> Result<BTreeMap<String, String>, UnexpectedJson> {
        let mut members = BTreeMap::new();
        read_json(json, |object| {
            object.object(|name, value| {
                if let Ok(text) = value.text() {
                    members.insert(name.to_owned(), text);
                    return Ok(());
                }
                value.skip()
            })
        })?;
        Ok(members)
    }

    proptest! {
        #[test]
        fn members_are_those_that_serde_json_reads(
            members in prop::collection::btree_map(
                "\\PC{0,9}",
                prop_oneof![
                    "\\PC{0,20}".prop_map(serde_json::Value::from),
                    any::<Option<bool>>().prop_map(serde_json::Value::from),
                    prop::collection::vec("\\PC{0,9}", 0..3).prop_map(serde_json::Value::from),
                ],
                0..5,
            ),
            is_pretty: bool,
        ) {
            let json = if is_pretty {
                serde_json::to_string_pretty(&members).unwrap()
            } else {
                serde_json::to_string(&members).unwrap()
            };
            let texts = members.iter().filter_map(|(name, value)| {
                Some((name.clone(), value.as_str()?.to_owned()))
            });
            prop_assert_eq!(text_members(&json), Ok(texts.collect()));
        }
    }
}
