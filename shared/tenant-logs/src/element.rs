//! One JSON object of a body, read once: the members we route by, and where its record is.
//!
//! Everything else is skipped without being interpreted, so that neither a number that fits no float nor a lone
//! surrogate costs an event. A repeated member counts as its last occurrence.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use crate::json::scalar;

/// The members of an object that tell envelopes, wrappers and records apart.
#[derive(Debug, Default)]
pub(crate) struct Element<'a> {
    /// `log_id`, `_id`, `type` and `date` of the object itself.
    pub(crate) own: RecordFields<'a>,
    /// The same of `data`, where `data` is an object.
    pub(crate) data: Option<RecordFields<'a>>,
    /// EventBridge's `detail`.
    pub(crate) detail: Option<&'a RawValue>,
    /// `detail-type` (EventBridge) or `eventType` (Event Grid schema).
    pub(crate) envelope_type: Option<&'a RawValue>,
    /// Whether `eventType` (Event Grid schema) is there.
    pub(crate) is_event_grid: bool,
    /// Whether `specversion` (CloudEvents) is there.
    pub(crate) is_cloud_event: bool,
    /// `logs`, the array of Auth0's `JSONOBJECT` format.
    pub(crate) logs: Option<&'a RawValue>,
    /// Paths that were redacted before, beside `data` or as a CloudEvents extension.
    pub(crate) redacted: Option<&'a RawValue>,
    /// `log_id_derived`, beside `data`.
    pub(crate) log_id_derived: Option<&'a RawValue>,
}

/// What we read of a record.
#[derive(Debug, Default)]
pub(crate) struct RecordFields<'a> {
    pub(crate) log_id: Option<&'a RawValue>,
    pub(crate) underscore_id: Option<&'a RawValue>,
    pub(crate) event_type: Option<&'a RawValue>,
    pub(crate) date: Option<&'a RawValue>,
}

impl RecordFields<'_> {
    /// Whether this is a log event: an object that has a `type` or a `log_id`.
    pub(crate) fn is_log_event(&self) -> bool {
        [self.event_type, self.log_id, self.underscore_id]
            .into_iter()
            .any(|member| member.and_then(|raw| scalar(raw.get())).is_some())
    }
}

/// The members we know, and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    LogId,
    UnderscoreId,
    Type,
    Date,
    Data,
    Detail,
    DetailType,
    EventType,
    SpecVersion,
    Logs,
    Redacted,
    LogIdDerived,
    Other,
}

impl Member {
    fn of(key: &[u8]) -> Self {
        match key {
            b"log_id" => Self::LogId,
            b"_id" => Self::UnderscoreId,
            b"type" => Self::Type,
            b"date" => Self::Date,
            b"data" => Self::Data,
            b"detail" => Self::Detail,
            b"detail-type" => Self::DetailType,
            b"eventType" => Self::EventType,
            b"specversion" => Self::SpecVersion,
            b"logs" => Self::Logs,
            b"redacted" => Self::Redacted,
            b"log_id_derived" => Self::LogIdDerived,
            _ => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Member;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a member's name")
            }
            fn visit_bytes<E>(self, key: &[u8]) -> Result<Member, E> {
                Ok(Member::of(key))
            }
        }
        // As bytes, because a lone surrogate in a name we do not know must not fail the event.
        deserializer.deserialize_bytes(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ElementVisitor)
    }
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut element = Element::default();
        while let Some(key) = map.next_key::<Member>()? {
            match key {
                Member::LogId => element.own.log_id = Some(map.next_value()?),
                Member::UnderscoreId => element.own.underscore_id = Some(map.next_value()?),
                Member::Type => element.own.event_type = Some(map.next_value()?),
                Member::Date => element.own.date = Some(map.next_value()?),
                Member::Data => element.data = map.next_value_seed(DataSeed)?,
                Member::Detail => element.detail = Some(map.next_value()?),
                Member::DetailType => element.envelope_type = Some(map.next_value()?),
                Member::EventType => {
                    element.envelope_type = Some(map.next_value()?);
                    element.is_event_grid = true;
                }
                Member::SpecVersion => {
                    map.next_value::<IgnoredAny>()?;
                    element.is_cloud_event = true;
                }
                Member::Logs => element.logs = Some(map.next_value()?),
                Member::Redacted => element.redacted = Some(map.next_value()?),
                Member::LogIdDerived => element.log_id_derived = Some(map.next_value()?),
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(element)
    }
}

/// Reads the fields of `data` where it is an object, and skips it where it is not.
struct DataSeed;

impl<'de> DeserializeSeed<'de> for DataSeed {
    type Value = Option<RecordFields<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Option<RecordFields<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = RecordFields::default();
        while let Some(key) = map.next_key::<Member>()? {
            match key {
                Member::LogId => fields.log_id = Some(map.next_value()?),
                Member::UnderscoreId => fields.underscore_id = Some(map.next_value()?),
                Member::Type => fields.event_type = Some(map.next_value()?),
                Member::Date => fields.date = Some(map.next_value()?),
                Member::Data
                | Member::Detail
                | Member::DetailType
                | Member::EventType
                | Member::SpecVersion
                | Member::Logs
                | Member::Redacted
                | Member::LogIdDerived
                | Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_str<E>(self, _text: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
