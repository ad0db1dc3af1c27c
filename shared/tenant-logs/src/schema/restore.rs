//! An event computed from a row that keeps the rest: what the pages of the schemas say, as code.

use std::fs;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::raw::MARKS;
use super::*;
use crate::parse;

/// Members, and the path of the field that gives each back.
type Table = &'static [(&'static str, &'static [&'static str])];

/// Where the members are that every row of a schema gives back, then those of some rows only: the first path that is there.
const SENTINEL: Table = &[
    ("date", &["event_date"]),
    ("type", &["EventType"]),
    ("log_id", &["LogId"]),
    ("description", &["Description"]),
    ("connection", &["Connection"]),
    ("connection_id", &["ConnectionId"]),
    ("client_id", &["ClientId"]),
    ("client_name", &["ClientName"]),
    ("ip", &["SrcIpAddr"]),
    ("user_agent", &["HttpUserAgent"]),
    ("hostname", &["SrcHostname"]),
    ("user_id", &["ActorUserId"]),
    ("user_name", &["ActorUsername"]),
    ("audience", &["Audience"]),
    ("scope", &["Scope"]),
    ("strategy", &["Strategy"]),
    ("strategy_type", &["StrategyType"]),
    ("location_info", &["LocationInfo"]),
    ("details", &["Details"]),
    ("tenant_name", &["TenantName"]),
    ("is_mobile", &["IsMobile"]),
];
const ASIM_COMMON: Table = &[
    ("date", &["EventStartTime"]),
    ("type", &["EventOriginalType"]),
    ("log_id", &["EventOriginalUid"]),
    ("description", &["EventMessage"]),
    ("hostname", &["DvcFQDN"]),
    ("ip", &["SrcIpAddr"]),
    ("user_agent", &["HttpUserAgent"]),
];
const ASIM_AUTHENTICATION: Table = &[
    ("client_id", &["TargetAppId"]),
    ("client_name", &["TargetAppName"]),
    ("tenant_name", &["TargetUserScope"]),
    ("user_id", &["TargetUserId"]),
    ("user_name", &["TargetUsername"]),
];
const ASIM_AUDIT: Table = &[
    ("client_id", &["ActingAppId"]),
    ("client_name", &["ActingAppName"]),
    ("tenant_name", &["ActorScope"]),
    ("user_id", &["ActorUserId"]),
    ("user_name", &["ActorUsername"]),
];
const ECS: Table = &[
    ("date", &["@timestamp"]),
    ("type", &["event", "code"]),
    ("log_id", &["event", "id"]),
    ("description", &["message"]),
    ("user_id", &["user", "id"]),
    ("user_name", &["user", "name"]),
    ("organization_id", &["organization", "id"]),
    ("organization_name", &["organization", "name"]),
    ("ip", &["source", "address"]),
    ("user_agent", &["user_agent", "original"]),
    ("hostname", &["url", "domain"]),
];
const OCSF: Table = &[
    ("date", &["metadata", "original_time"]),
    ("type", &["metadata", "event_code"]),
    ("log_id", &["metadata", "uid"]),
    ("description", &["message"]),
    ("tenant_name", &["metadata", "tenant_uid"]),
    // Not in findings, which hold them in their evidence, nor in base events.
    ("ip", &["src_endpoint", "ip"]),
    ("user_agent", &["http_request", "user_agent"]),
    ("client_id", &["actor", "app_uid"]),
    ("connection", &["actor", "idp", "name"]),
    ("connection_id", &["actor", "idp", "uid"]),
];

/// Computes `{"log_id", "data", …}` from a row.
fn restore(schema: Schema, row: &Value) -> Value {
    let is_sentinel = row.get("LogId").is_some();
    let (tables, rest): (Vec<Table>, &str) = match schema {
        Schema::Ecs => (vec![ECS], "auth0"),
        Schema::Ocsf => (vec![OCSF], "unmapped"),
        Schema::Asim | Schema::Sentinel if is_sentinel => (vec![SENTINEL], "Raw"),
        Schema::Asim if row.get("Operation").is_some() => {
            (vec![ASIM_COMMON, ASIM_AUDIT], "AdditionalFields")
        }
        Schema::Asim => (vec![ASIM_COMMON, ASIM_AUTHENTICATION], "AdditionalFields"),
        Schema::Raw | Schema::Sentinel => unreachable!(),
    };
    let empty = json!({});
    let rest = row.get(rest).unwrap_or(&empty);
    let filled = rest.get("$filled").and_then(Value::as_array);
    let is_filled = |name: &str| filled.is_some_and(|filled| filled.contains(&json!(name)));
    let at = |path: &[&str]| path.iter().try_fold(row, |value, name| value.get(name));
    let mut data = Map::new();
    for (name, path) in tables.into_iter().flatten() {
        if let Some(value) = at(path).filter(|_| !is_filled(name)) {
            data.insert((*name).to_owned(), value.clone());
        }
    }
    let mut detail = Map::new();
    let (_, log_id) = match schema {
        Schema::Ecs => ECS[2],
        Schema::Ocsf => OCSF[2],
        Schema::Raw | Schema::Asim | Schema::Sentinel if is_sentinel => SENTINEL[2],
        Schema::Raw | Schema::Asim | Schema::Sentinel => ASIM_COMMON[2],
    };
    detail.insert("log_id".to_owned(), at(log_id).unwrap().clone());
    for (name, value) in rest.as_object().unwrap() {
        match name.as_str() {
            "log_id_derived" | "redacted" => {
                detail.insert(name.clone(), value.clone());
            }
            "$own" => data.extend(value.as_object().unwrap().clone()),
            other if MARKS.contains(&other) => {}
            _ => {
                data.insert(name.clone(), value.clone());
            }
        }
    }
    detail.insert("data".to_owned(), Value::Object(data));
    // It counts before what our own marks and fields say.
    if let Some(beside) = rest.get("$beside") {
        detail.extend(beside.as_object().unwrap().clone());
    }
    Value::Object(detail)
}

/// Holds what every event of a body becomes against the event; a text that `serde_json` does not read is left out.
fn check(body: &str) {
    let Ok(parsed) = parse(body) else {
        return;
    };
    for log_event in &parsed.log_events {
        let Ok(event) = serde_json::from_str::<Value>(&log_event.detail()) else {
            continue;
        };
        let received_at: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        for schema in [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel] {
            let mapping = Mapping::to(schema, None, received_at).keeping(Raw::Rest);
            let row = mapping.write(log_event);
            let row: Value = serde_json::from_str(&row).unwrap();
            assert_eq!(restore(schema, &row), event, "{schema:?} {row:#}");
        }
    }
}

#[test]
fn the_event_can_be_computed_from_a_row_that_keeps_the_rest() {
    let fixtures = format!("{}/fixtures", env!("CARGO_MANIFEST_DIR"));
    for file in ["answers.ndjson", "codes.ndjson"] {
        check(&fs::read_to_string(format!("{fixtures}/{file}")).unwrap());
    }
    for folder in ["log-events", "envelopes"] {
        for entry in fs::read_dir(format!("{fixtures}/{folder}")).unwrap() {
            check(&fs::read_to_string(entry.unwrap().path()).unwrap());
        }
    }
    for clashing in [
        r#"{"type":"s","log_id":"1","$filled":1,"redacted":["x"],"$own":{"a":1},"time_of_receipt":2}"#,
        r#"{"log_id":17,"data":{"type":"s","log_id":"1","_id":"2"},"more":[1],"redacted":["ip"]}"#,
        r#"{"data":{"type":"s"},"more":null}"#,
        r#"{"log_id":["x"],"data":{"type":"s","log_id":"1"}}"#,
        r#"{"log_id":{"x":1},"data":{"type":"s"}}"#,
        r#"{"log_id":["x"],"log_id":"1","data":{"type":"s"},"more":1,"more":2}"#,
        r#"{"log_id":"1","redacted":"ip,user_name","data":{"type":"s"}}"#,
        r#"{"log_id":"1","redacted":7,"data":{"type":"s"}}"#,
        r#"{"log_id":"1","redacted":[],"log_id_derived":false,"data":{"type":"s"}}"#,
        r#"{"log_id":"1","log_id_derived":"yes","data":{"type":"s"},"red\u0061cted":["ip",7]}"#,
        r#"{"log_id_derived":"yes","redacted":[7],"data":{"type":"s"}}"#,
        r#"{"type":"s","log_id":"1","$log_ids":["x"]}"#,
        r#"{"type":"s","log_id":"1","data":{"log_id":"2"},"trimmed":["x"],"$beside":null}"#,
        r#"{"type":"s","log_id":"1","details":{"user_id":"auth0|9"},"details":{"error":"x"}}"#,
        r#"{"type":"s","log_id":"1","details":{"user_id":"auth0|9"},"details":"x"}"#,
    ] {
        check(clashing);
    }
}

#[test]
fn what_is_no_log_id_beside_a_record_is_kept_and_nothing_is_named_twice() {
    let body = r#"{"log_id":["a"],"data":{"type":"s"},"x":1,"log_id":"b","x":2,"log_id":{"c":3}}"#;
    let parsed = parse(body).unwrap();
    for schema in [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel] {
        let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(Raw::Rest);
        let row = mapping.write(&parsed.log_events[0]);
        let beside = r#""$beside":{"x":2,"$log_ids":[["a"],"b",{"c":3}]}"#;
        assert!(row.contains(beside), "{schema:?} {row}");
    }
}

#[test]
fn what_no_text_can_hold_stays_with_the_rest_as_it_is_written() {
    let body = r#"{"type":"s","log_id":"1","user_name":"\ud800","\udfff":1,"ip":"192.0.2.7","n":-1.50e400,"m":-0,"k":1.0,"":[{}]}"#;
    let parsed = parse(body).unwrap();
    for schema in [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel] {
        for raw in [Raw::Whole, Raw::Rest] {
            let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(raw);
            let row = mapping.write(&parsed.log_events[0]);
            // The whole event is a text of its own in two schemas.
            let row = row.replace(r#"\""#, "\"").replace(r"\\", r"\");
            for member in [
                r#""user_name":"\ud800""#,
                r#""\udfff":1"#,
                r#""n":-1.50e400"#,
                r#""m":-0"#,
                r#""k":1.0"#,
                r#""":[{}]"#,
            ] {
                assert!(row.contains(member), "{schema:?} {raw:?} {member} {row}");
            }
        }
    }
}

#[test]
fn a_row_that_keeps_nothing_says_only_what_its_fields_do() {
    let body = r#"{"log_id":"1","redacted":["ip"],"data":{"type":"s","novel":"kept?","details":{"deep":"kept?"}}}"#;
    let parsed = parse(body).unwrap();
    for (schema, rest) in [
        (Schema::Ecs, "auth0"),
        (Schema::Ocsf, "unmapped"),
        (Schema::Asim, "AdditionalFields"),
    ] {
        let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(Raw::None);
        let row = mapping.write(&parsed.log_events[0]);
        assert!(!row.contains("kept?"), "{row}");
        let row: Value = serde_json::from_str(&row).unwrap();
        assert_eq!(
            row[rest],
            json!({"time_of_receipt": true, "redacted": ["ip"]})
        );
    }
}

#[test]
fn raw_is_read_by_its_name() {
    for raw in Raw::ALL {
        assert_eq!(Raw::parse(raw.name()), Some(raw));
    }
    assert_eq!(Raw::parse("Whole"), None);
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é]{0,12}".prop_map(Value::from),
        Just(json!("2026-11-20T10:00:00.000Z")),
        Just(json!("192.0.2.7")),
        Just(json!("maria@example.com")),
        Just(json!("Other 0.0.0 / Other 0.0.0")),
        Just(json!("user_id: auth0|42")),
        Just(json!("cid1@clients")),
        Just(json!("fe80::1%eth0")),
        Just(json!("/api/v2/users/auth0%7C42")),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            inner
                .clone()
                .prop_map(|value| Value::from(value.to_string())),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "date",
        "log_id",
        "_id",
        "user_id",
        "user_name",
        "ip",
        "client_ip",
        "client_id",
        "client_name",
        "connection",
        "connection_id",
        "description",
        "details",
        "hostname",
        "is_mobile",
        "isMobile",
        "location_info",
        "organization_id",
        "scope",
        "tenant_name",
        "user_agent",
        "request",
        "auth",
        "user",
        "userAgent",
        "path",
        "email",
        "name",
        "actor",
        "sub",
        "redacted",
        "data",
        "trimmed",
        "$own",
        "$filled",
        "$beside",
        "novel",
        "body",
        "error",
        "message",
        "audience",
        "strategy",
    ])
    .prop_map(str::to_owned)
}

/// What stands beside a record, as JSON: some of it twice, and marks that are none of ours.
fn beside() -> impl Strategy<Value = Vec<(String, String)>> {
    let names = vec![
        "log_id",
        "log_id",
        "redacted",
        "log_id_derived",
        "r\\u0065dacted",
        "more",
        "_id",
        "date",
        "$beside",
    ];
    let name = prop::sample::select(names).prop_map(str::to_owned);
    let odd = vec![
        "7",
        "true",
        "false",
        "null",
        "\"\"",
        "\"yes\"",
        "\"900\"",
        "\"ip,user_name\"",
        "[]",
        "[\"ip\"]",
        "[\"ip\",7]",
        "{}",
    ];
    let odd = prop::sample::select(odd).prop_map(str::to_owned);
    let json = prop_oneof![4 => odd, 1 => value().prop_map(|value| value.to_string())];
    prop::collection::vec((name, json), 0..5)
}

proptest! {
    #[test]
    fn so_it_can_for_any_event(
        members in prop::collection::btree_map(name(), value(), 0..12),
        code in prop::sample::select(vec!["s", "sapi", "seccft", "sdu", "fscim", "f", "ss", "limit_wc", "depnote", "none", "scp", "session_revoked", "organization_member_added"]),
        beside in prop::option::of((beside(), 0..5_usize)),
    ) {
        let mut record: Map<String, Value> = members.into_iter().collect();
        record.insert("type".to_owned(), json!(code));
        let record = Value::Object(record);
        let Some((beside, position)) = beside else {
            check(&record.to_string());
            return Ok(());
        };
        let mut members: Vec<String> = beside
            .iter()
            .map(|(name, json)| format!(r#""{name}":{json}"#))
            .collect();
        members.insert(position.min(members.len()), format!(r#""data":{record}"#));
        check(&format!("{{{}}}", members.join(",")));
    }
}
