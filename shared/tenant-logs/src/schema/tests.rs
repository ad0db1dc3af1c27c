//! What holds for every schema; what one schema says of an event stands in its golden files.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::{Redaction, parse};

const MAPPED: [Schema; 4] = [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel];

/// Every body of a folder of fixtures, with its name.
fn fixtures(folder: &str) -> Vec<(String, String)> {
    let folder = format!("{}/fixtures/{folder}", env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    files.collect()
}

fn rows(schema: Schema, body: &str) -> Vec<Value> {
    let parsed = parse(body).unwrap();
    assert!(parsed.rejects.is_empty(), "{body}");
    let log_events = parsed.log_events.iter();
    log_events
        .map(|log_event| serde_json::from_str(&schema.write(log_event)).unwrap())
        .collect()
}

fn only(schema: Schema, body: &str) -> Value {
    let mut rows = rows(schema, body);
    assert_eq!(rows.len(), 1, "{body}");
    rows.remove(0)
}

/// What the schema keeps of the whole event.
fn raw_of(schema: Schema, row: &Value) -> Value {
    match schema {
        Schema::Raw => row.clone(),
        Schema::Ecs => {
            let original = row["event"]["original"].as_str().unwrap();
            serde_json::from_str(original).unwrap()
        }
        Schema::Ocsf => serde_json::from_str(row["raw_data"].as_str().unwrap()).unwrap(),
        Schema::Asim if row.get("Raw").is_none() => row["AdditionalFields"].clone(),
        Schema::Asim | Schema::Sentinel => row["Raw"].clone(),
    }
}

#[test]
fn a_schema_has_the_name_it_is_read_by() {
    for schema in Schema::ALL {
        assert_eq!(Schema::parse(schema.name()), Some(schema));
    }
    assert_eq!(Schema::parse("ECS"), None);
    assert_eq!(Schema::default(), Schema::Raw);
}

#[test]
fn an_event_in_each_envelope_gives_the_same_row() {
    // The copy of the event is its very text, so it keeps the white space that came with it.
    let rows = |schema, body: &str| {
        let mut rows = rows(schema, body);
        for row in &mut rows {
            let raw = raw_of(schema, row);
            match schema {
                Schema::Ecs => row["event"]["original"] = raw,
                Schema::Ocsf => row["raw_data"] = raw,
                Schema::Raw | Schema::Asim | Schema::Sentinel => {}
            }
        }
        rows
    };
    for schema in MAPPED {
        let expected = rows(schema, &fixtures_named("envelopes", "webhook-array.json"));
        for (name, body) in fixtures("envelopes") {
            // Its items have members of their own: `_id` and `isMobile`.
            if name != "management-api-page.json" {
                let found = rows(schema, &body);
                let is_part = found.iter().all(|row| expected.contains(row));
                assert!(is_part && !found.is_empty(), "{schema:?} {name}");
            }
        }
    }
}

fn fixtures_named(folder: &str, wanted: &str) -> String {
    let mut found = fixtures(folder);
    found.retain(|(name, _)| name == wanted);
    found.remove(0).1
}

#[test]
fn every_schema_keeps_the_whole_event() {
    for (name, body) in fixtures("log-events") {
        // A number that fits no float is kept, though `serde_json` does not read it.
        if serde_json::from_str::<Value>(&body).is_err() {
            continue;
        }
        let raw = only(Schema::Raw, &body);
        for schema in Schema::ALL {
            let row = only(schema, &body);
            let mut kept = raw_of(schema, &row);
            kept.as_object_mut().unwrap().remove("time_of_receipt");
            assert_eq!(kept, raw, "{schema:?} {name}");
        }
    }
}

#[test]
fn appending_leaves_what_was_written_before() {
    let parsed = parse(r#"{"type":"s","log_id":"1"}"#).unwrap();
    for schema in Schema::ALL {
        let mut out = "[{},".to_owned();
        Mapping::to(schema, None, Timestamp::UNIX_EPOCH).append(&parsed.log_events[0], &mut out);
        let expected = format!("[{{}},{}", schema.write(&parsed.log_events[0]));
        assert_eq!(out, expected);
    }
}

#[test]
fn a_member_of_the_wrong_type_leaves_its_target_out() {
    let members = [
        "audience",
        "client_id",
        "client_name",
        "connection",
        "connection_id",
        "description",
        "hostname",
        "ip",
        "is_mobile",
        "location_info",
        "references",
        "security_context",
        "strategy",
        "strategy_type",
        "tenant_name",
        "user_agent",
        "user_id",
        "user_name",
    ];
    let bare = r#"{"type":"s","log_id":"1","date":"2026-11-20T09:04:00.000Z"}"#;
    for wrong in ["5", "null", r#""\ud800""#, "[1]", r#""""#] {
        let wrong_members = members.map(|member| format!(r#","{member}":{wrong}"#));
        let body = bare.trim_end_matches('}').to_owned() + &wrong_members.concat() + "}";
        let mut ecs = only_lenient(Schema::Ecs, &body);
        let mut expected = only(Schema::Ecs, bare);
        for row in [&mut ecs, &mut expected] {
            row.as_object_mut().unwrap().remove("auth0");
            row["event"].as_object_mut().unwrap().remove("original");
        }
        assert_eq!(ecs, expected, "{wrong}");
        let mut sentinel = only_lenient(Schema::Sentinel, &body);
        let mut expected = only(Schema::Sentinel, bare);
        for row in [&mut sentinel, &mut expected] {
            row.as_object_mut().unwrap().remove("Raw");
        }
        assert_eq!(sentinel, expected, "{wrong}");
    }
}

/// Reads a row whose copied members may hold half of a surrogate pair, which `serde_json` does not read.
fn only_lenient(schema: Schema, body: &str) -> Value {
    let parsed = parse(body).unwrap();
    let row = schema.write(&parsed.log_events[0]);
    serde_json::from_str(&row.replace(r#":"\ud800""#, r#":"half""#)).unwrap()
}

#[test]
fn an_unknown_code_keeps_its_code_and_gets_the_generic_class() {
    let body = r#"{"type":"agent_\u0022started\u0022","log_id":"1"}"#;
    let ecs = only(Schema::Ecs, body);
    assert_eq!(ecs["event"]["code"], "agent_\"started\"");
    assert_eq!(ecs["event"]["kind"], "event");
    assert_eq!(ecs["event"]["type"], json!(["info"]));
    assert_eq!(ecs["event"]["outcome"], "unknown");
    assert_eq!(ecs["event"].get("category"), None);
    let sentinel = only(Schema::Sentinel, body);
    assert_eq!(sentinel["EventType"], "agent_\"started\"");
}

#[test]
fn what_was_redacted_is_redacted_in_every_schema() {
    let rules = "user_name=mask,ip=mask,details.request.path=drop";
    let redaction = Redaction::parse(rules, None).unwrap();
    let body = r#"{"type":"sapi","log_id":"1","user_name":"ada@example.com","ip":"192.0.2.7","details":{"request":{"path":"/api/v2/users/ada@example.com"}}}"#;
    let mut parsed = parse(body).unwrap();
    redaction.redact(&mut parsed.log_events[0]);
    for schema in Schema::ALL {
        let row = schema.write(&parsed.log_events[0]);
        assert!(!row.contains("ada@"), "{row}");
        assert!(!row.contains("192.0.2.7"), "{row}");
        let raw = raw_of(schema, &serde_json::from_str(&row).unwrap());
        assert_eq!(
            raw["redacted"],
            json!(["user_name", "ip", "details.request.path"])
        );
    }
}

#[test]
fn defence_is_an_alert_and_never_a_threat_indicator() {
    for code in ["pwd_leak", "signup_pwd_leak", "limit_wc", "limit_mu"] {
        let ecs = only(
            Schema::Ecs,
            &format!(r#"{{"type":"{code}","log_id":"1","ip":"192.0.2.7"}}"#),
        );
        assert_eq!(ecs["event"]["kind"], "alert", "{code}");
        assert!(ecs.get("threat").is_none(), "{code}");
        assert!(!ecs["event"].to_string().contains("indicator"), "{code}");
    }
}

#[test]
fn an_address_that_is_none_is_no_ip() {
    let ecs = only(Schema::Ecs, r#"{"type":"s","log_id":"1","ip":"***"}"#);
    assert_eq!(ecs["source"], json!({"address": "***"}));
    assert_eq!(ecs.get("network"), None);
    let ecs = only(
        Schema::Ecs,
        r#"{"type":"s","log_id":"1","ip":"192.0.2.7","client_ip":"2001:db8::7"}"#,
    );
    assert_eq!(ecs["source"]["ip"], "192.0.2.7");
    assert_eq!(ecs["client"]["ip"], "2001:db8::7");
    assert_eq!(ecs["related"]["ip"], json!(["192.0.2.7", "2001:db8::7"]));
}

#[test]
fn members_that_are_not_known_stay_below_auth0_once() {
    let ecs = only(
        Schema::Ecs,
        r#"{"type":"s","log_id":"1","date":"2026-11-20T09:04:00.000Z","novel":1,"\u006eovel":{"a":[ 2 ]},"other":null}"#,
    );
    assert_eq!(ecs["auth0"], json!({"novel": {"a": [2]}}));
}

#[test]
fn a_scope_is_one_text_however_it_came() {
    for scope in [r#""openid email""#, r#"["openid", "email"]"#] {
        let body = format!(r#"{{"type":"s","log_id":"1","scope":{scope}}}"#);
        assert_eq!(only(Schema::Sentinel, &body)["Scope"], "openid email");
    }
    let body = r#"{"type":"s","log_id":"1","scope":["openid",1]}"#;
    assert_eq!(only(Schema::Sentinel, body).get("Scope"), None);
}

#[test]
fn a_time_comes_from_the_envelope_and_at_last_from_the_receipt_and_never_is_the_epoch() {
    let received_at: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
    let detail = r#"{"log_id":"1","data":{"type":"s"}}"#;
    let of_row = |schema, body: &str| -> (String, Value) {
        let parsed = parse(body).unwrap();
        let row = Mapping::to(schema, None, received_at)
            .write(&parsed.log_events[0])
            .into_owned();
        let row: Value = serde_json::from_str(&row).unwrap();
        let rest = match schema {
            Schema::Ecs => &row["auth0"],
            Schema::Ocsf => &row["unmapped"],
            Schema::Asim => &row["AdditionalFields"],
            Schema::Raw | Schema::Sentinel => &row["Raw"],
        };
        let time = match schema {
            Schema::Ecs => row["@timestamp"].to_string(),
            Schema::Ocsf => Timestamp::from_millisecond(row["time"].as_i64().unwrap())
                .unwrap()
                .to_string(),
            Schema::Raw | Schema::Asim | Schema::Sentinel => row["TimeGenerated"].to_string(),
        };
        (
            time.trim_matches('"').to_owned(),
            rest["time_of_receipt"].clone(),
        )
    };
    for schema in MAPPED {
        assert_eq!(
            of_row(schema, detail),
            ("2026-11-20T17:00:00Z".to_owned(), json!(true)),
            "{schema:?}"
        );
        for envelope in [
            format!(
                r#"{{"detail-type":"Auth0 log","time":"2026-11-20T16:05:01Z","detail":{detail}}}"#
            ),
            format!(
                r#"{{"specversion":"1.0","id":"1","type":"com.auth0.Log","time":"2026-11-20T16:05:01Z","data":{detail}}}"#
            ),
            format!(
                r#"{{"eventType":"com.auth0.Log","eventTime":"2026-11-20T16:05:01Z","data":{detail}}}"#
            ),
        ] {
            assert_eq!(
                of_row(schema, &envelope),
                ("2026-11-20T16:05:01Z".to_owned(), Value::Null),
                "{schema:?} {envelope}"
            );
        }
    }
}

#[test]
fn a_fingerprint_that_is_no_hash_is_no_hash_in_ocsf() {
    for (ja3, expected) in [
        ("e7d705a3286e19ea42f587b344ee6865", true),
        ("x", false),
        ("", false),
    ] {
        let body =
            format!(r#"{{"type":"pwd_leak","log_id":"1","security_context":{{"ja3":"{ja3}"}}}}"#);
        let row = only(Schema::Ocsf, &body).to_string();
        assert_eq!(row.contains("ja3_hash"), expected, "{row}");
    }
}
