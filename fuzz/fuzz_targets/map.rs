//! Any log events in every schema: a row is one JSON object and names no member twice.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use tenant_logs::{LogEvent, Schema, decode, parse};

const MAX_BYTES: usize = 1_000_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes, MAX_BYTES) else {
        return;
    };
    let Ok(parsed) = parse(&text) else {
        return;
    };
    for log_event in &parsed.log_events {
        for schema in Schema::ALL {
            check(schema, log_event);
        }
    }
});

fn check(schema: Schema, log_event: &LogEvent<'_>) {
    let row = schema.write(log_event);
    let json: &RawValue = serde_json::from_str(&row).expect("a row is JSON");
    assert!(json.get().starts_with('{'), "no object: {row}");
    if schema == Schema::Raw {
        assert_eq!(row, log_event.detail());
        return;
    }
    let members: Members = serde_json::from_str(&row).expect("what we name is readable");
    assert!(!members.repeats, "a member twice: {row}");
}

/// The names of an object's members, and whether one comes twice.
#[derive(Default)]
struct Members {
    names: BTreeSet<String>,
    repeats: bool,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members::default())
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Self;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
            self.repeats |= !self.names.insert(name);
        }
        Ok(self)
    }
}
