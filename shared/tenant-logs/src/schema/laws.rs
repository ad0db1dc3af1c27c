//! What no event whatever can break: every schema writes one JSON object, whose members are distinct.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::Schema;
use crate::json::object_members;
use crate::{decode, known_event_types, parse};

/// Members that some schema reads, at whatever depth.
const NAMES: [&str; 54] = [
    "$event_schema",
    "_id",
    "actor",
    "audience",
    "auth",
    "auth0_client",
    "authenticator",
    "body",
    "city_name",
    "client_id",
    "client_ip",
    "client_name",
    "code",
    "connection",
    "connection_id",
    "correlation_id",
    "country_code",
    "data",
    "date",
    "description",
    "details",
    "error",
    "hostname",
    "ip",
    "isMobile",
    "is_mobile",
    "ja3",
    "latitude",
    "location_info",
    "log_id",
    "log_id_derived",
    "longitude",
    "message",
    "method",
    "oauthError",
    "organization_id",
    "organization_name",
    "path",
    "redacted",
    "references",
    "request",
    "response",
    "scope",
    "security_context",
    "statusCode",
    "strategy",
    "tenant_name",
    "trace_id",
    "type",
    "user",
    "user_agent",
    "user_id",
    "user_name",
    "users",
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["t\\u0079pe", "\\ud800", "novel", "a\\\"b", "é"]).prop_map(str::to_owned),
    ]
}

fn code() -> impl Strategy<Value = String> {
    let codes: Vec<&str> = known_event_types().map(|known| known.code).collect();
    prop::sample::select(codes).prop_map(|code| format!("\"{code}\""))
}

fn scalar() -> impl Strategy<Value = String> {
    let some = vec![
        "null",
        "true",
        "0",
        "-1.50e400",
        "200",
        "91.5",
        "\"\"",
        "\"***\"",
        "\"192.0.2.7\"",
        "\"2001:db8::7\"",
        "\"ada@example.com\"",
        "\"2026-11-20T09:04:00.000Z\"",
        "\"\\ud800\"",
        "\"a \\\"b\\\" \\\\\"",
        "\"post\"",
        "\"samlp\"",
        "\"\u{7f}\u{2028}é\u{1f600}\"",
    ];
    prop_oneof![
        4 => prop::sample::select(some).prop_map(str::to_owned),
        2 => code(),
        1 => "\"[ -!#-\\[\\]-~]{0,40}\"",
    ]
}

/// JSON with white space between its tokens, names twice and in any place.
fn json() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 60, 12, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|json| serde_json::json!(json).to_string()),
            1 => prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|elements| format!("[{}\n]", elements.join(" ,"))),
            4 => prop::collection::vec((name(), inner), 0..12).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\" :\t{value}"))
        .collect();
    format!("{{ {} }}", members.join(",\r\n"))
}

fn check(text: &str) {
    let Ok(parsed) = parse(text) else {
        return;
    };
    for log_event in &parsed.log_events {
        for schema in Schema::ALL {
            let row = schema.write(log_event);
            let json: &RawValue = serde_json::from_str(&row).unwrap();
            let members = object_members(json.get()).unwrap();
            let names: BTreeSet<&str> = members.iter().map(|(name, _)| *name).collect();
            // Raw is Auth0's own text, which may name a member twice.
            if schema != Schema::Raw {
                assert_eq!(names.len(), members.len(), "{schema:?} {row}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_event_becomes_one_object_in_every_schema(
        members in prop::collection::vec((name(), json()), 0..24),
        code in code(),
        beside in prop::option::of(prop::collection::vec((name(), json()), 0..4)),
    ) {
        let mut members = members;
        members.push(("type".to_owned(), code));
        let record = object(&members);
        let Some(mut wrapper) = beside else {
            check(&record);
            return Ok(());
        };
        wrapper.push(("data".to_owned(), record.clone()));
        wrapper.push(("beside".to_owned(), format!("[{record}]")));
        check(&object(&wrapper));
        check(&format!(r#"{{"log_id":"1","data":{record},"beside":[{record}]}}"#));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        for body in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(text) = decode(body, 1000) {
                check(&text);
                check(&format!(r#"{{"type":"s","log_id":"1","details":{text}}}"#));
            }
        }
    }
}
