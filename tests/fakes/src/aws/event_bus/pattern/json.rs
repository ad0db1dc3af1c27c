//! JSON as rules see it: names in their order and as often as they stand there, numbers as they are
//! written. A number that has become an `f64` cannot say any more whether it was 300.0 or 3.0e2.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// As deep as `serde_json` reads.
const MAX_LEVELS: u8 = 127;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text; `None` if it is no JSON, or too deep.
    pub(super) fn read(text: &str) -> Option<Self> {
        Self::read_part(text, &|_path| true)
    }

    /// Reads a text without the fields that are of no interest, by their paths.
    pub(super) fn read_part(text: &str, wants: &dyn Fn(&str) -> bool) -> Option<Self> {
        let text: &RawValue = serde_json::from_str(text).ok()?;
        read(text.get(), "", MAX_LEVELS, wants)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }
}

/// `{"a":{"b":1}}` and `{"a.b":1}` are the same to the service.
pub(super) fn join_names(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The syntax is known to be right, and nothing stands around the value.
fn read(text: &str, path: &str, levels: u8, wants: &dyn Fn(&str) -> bool) -> Option<Json> {
    Some(match text.as_bytes().first()? {
        b'{' => {
            let levels = levels.checked_sub(1)?;
            let Entries(entries) = serde_json::from_str(text).ok()?;
            let mut wanted = Vec::new();
            for (name, value) in entries {
                let path = join_names(path, &name);
                if wants(&path) {
                    wanted.push((name, read(value.get(), &path, levels, wants)?));
                }
            }
            Json::Object(wanted)
        }
        b'[' => {
            let levels = levels.checked_sub(1)?;
            let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let values = values.into_iter();
            let values = values.map(|value| read(value.get(), path, levels, wants));
            Json::Array(values.collect::<Option<_>>()?)
        }
        b'"' => Json::Text(serde_json::from_str(text).ok()?),
        b'n' => Json::Null,
        b't' => Json::Bool(true),
        b'f' => Json::Bool(false),
        _ => Json::Number(text.to_owned()),
    })
}

/// The entries of an object, none of them dropped.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
