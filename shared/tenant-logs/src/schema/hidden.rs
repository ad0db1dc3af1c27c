//! What redaction hides in one place is not told in another.

use serde_json::{Value, json};

use super::*;
use crate::{Redaction, parse};

const MAPPED: [Schema; 4] = [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel];

/// The row of a body's only log event, after redaction.
fn redacted(body: &str, rules: &str, schema: Schema) -> Value {
    let redaction = Redaction::parse(rules, None).unwrap();
    let mut parsed = parse(body).unwrap();
    redaction.redact(&mut parsed.log_events[0]);
    serde_json::from_str(&schema.write(&parsed.log_events[0])).unwrap()
}

#[test]
fn a_place_is_not_filled_from_another_where_a_rule_is_about_either() {
    let body = r#"{"type":"sapi","log_id":"1","user_agent":"","details":{"request":{"userAgent":"agent/1","auth":{"user":{"user_id":"auth0|7","name":"Maria Example","email":"maria@example.com"}}}}}"#;
    let all = ["auth0|7", "Maria Example", "maria@example.com", "agent/1"];
    let check = |rules: &str, hidden: &[&str]| {
        for schema in MAPPED {
            let mut row = redacted(body, rules, schema);
            for whole in [
                "auth0",
                "unmapped",
                "raw_data",
                "AdditionalFields",
                "Raw",
                "Details",
            ] {
                row.as_object_mut().unwrap().remove(whole);
            }
            if schema == Schema::Ecs {
                row["event"].as_object_mut().unwrap().remove("original");
            }
            for text in all {
                let is_shown = row.to_string().contains(text);
                let is_hidden = hidden.contains(&text);
                assert!(!is_hidden || !is_shown, "{schema:?} {rules} {text} {row}");
                // These two hold a name and an address beside each other.
                if matches!(schema, Schema::Ecs | Schema::Ocsf) {
                    assert!(is_hidden || is_shown, "{schema:?} {rules} {text} {row}");
                }
            }
        }
    };
    check("user_name=mask", &["Maria Example", "maria@example.com"]);
    check("user_id=drop", &["auth0|7"]);
    check("user_agent=mask", &["agent/1"]);
    check("details.request.auth=drop", &all[..3]);
}

#[test]
fn what_is_hidden_of_a_user_or_an_address_is_not_made_up_from_what_stands_beside_it() {
    let body = r#"{"type":"sapi","log_id":"1","user_id":"auth0|7","user_name":"maria","client_id":"c1","client_name":"Job","client_ip":"2001:db8::7","ip":"192.0.2.7"}"#;
    let row = |schema: Schema, rules: &str| -> Value {
        let redaction = Redaction::parse(rules, None).unwrap();
        let mut parsed = parse(body).unwrap();
        redaction.redact(&mut parsed.log_events[0]);
        serde_json::from_str(&schema.write(&parsed.log_events[0])).unwrap()
    };
    let hidden = "user_id=drop,user_name=drop,client_ip=drop";
    let ecs = row(Schema::Ecs, hidden);
    assert_eq!((&ecs["user"], &ecs["client"]), (&Value::Null, &Value::Null));
    assert_eq!(ecs["source"]["ip"], "192.0.2.7");
    let ocsf = row(Schema::Ocsf, hidden);
    assert_eq!(ocsf["actor"], json!({"app_name": "Job", "app_uid": "c1"}));
    for schema in [Schema::Asim, Schema::Sentinel] {
        let row = row(schema, hidden);
        assert_eq!(
            (&row["ActorUserId"], &row["ActorUsername"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[test]
fn what_a_target_is_called_is_not_told_by_one_body_where_a_rule_is_about_the_other() {
    let body = r#"{"type":"sapi","log_id":"1","details":{"request":{"method":"post","path":"/api/v2/users","body":"{\"email\":\"nils@example.com\",\"name\":\"Nils\"}"},"response":{"body":{"user_id":"auth0|42","email":"nils@example.com","name":"Nils"}}}}"#;
    for (rules, expected) in [
        (
            "ip=mask",
            json!({"id": "auth0|42", "name": "Nils", "email": "nils@example.com"}),
        ),
        (
            "details.response.body.email=drop",
            json!({"id": "auth0|42", "name": "Nils"}),
        ),
        (
            "details.request.path=mask",
            json!({"name": "Nils", "email": "nils@example.com"}),
        ),
        ("details.response=drop", Value::Null),
    ] {
        let row = redacted(body, rules, Schema::Ecs);
        assert_eq!(row["user"]["target"], expected, "{rules}");
    }
}

#[test]
fn an_identifier_that_is_hidden_does_not_make_another_object_of_the_paths() {
    let body = r#"{"type":"sapi","log_id":"1","details":{"request":{"path":"/api/v2/users/auth0%7C42"},"response":{"body":{"user_id":"auth0|43","email":"nils@example.com"}}}}"#;
    for (rules, expected) in [
        ("ip=mask", json!({"id": "auth0|42"})),
        (
            "details.response.body.user_id=mask",
            json!({"id": "auth0|42", "email": "nils@example.com"}),
        ),
    ] {
        let row = redacted(body, rules, Schema::Ecs);
        assert_eq!(row["user"]["target"], expected, "{rules}");
    }
}

#[test]
fn what_an_application_is_called_is_not_told_in_the_place_of_a_user_name_where_a_rule_is_about_either()
 {
    let body = r#"{"type":"scp","log_id":"1","user_id":"c1@clients","user_name":"runner","client_id":"c1","client_name":"Job","details":{"actor":{"sub":"c1@clients","name":"helper"}}}"#;
    let names = |rules: &str| {
        let row = redacted(body, rules, Schema::Ecs);
        (row["user"]["name"].clone(), row["related"]["user"].clone())
    };
    assert_eq!(
        names("ip=mask"),
        (json!("Job"), json!(["c1", "Job", "c1@clients"]))
    );
    assert_eq!(names("user_name=mask").0, "***");
    assert_eq!(names("client_name=mask").0, "runner");
    assert_eq!(names("user_name=drop").0, Value::Null);
    assert_eq!(
        names("details.actor.name=mask").1,
        json!(["c1", "Job", "c1@clients", "***"])
    );
}

#[test]
fn who_asked_for_a_change_is_not_told_where_a_rule_hides_it() {
    let body = r#"{"type":"scp","log_id":"1","user_id":"auth0|42","details":{"request":{"path":"/api/v2/users/auth0%7C42","auth":{"user":{"user_id":"auth0|7","email":"maria@example.com"}}}}}"#;
    for (rules, hidden) in [
        ("details.request.auth=drop", &["auth0|7", "maria"][..]),
        ("details.request.auth.user.email=drop", &["maria"]),
        ("user_id=drop", &["auth0|7", "auth0|42"]),
        ("details.request.path=mask,user_id=mask", &["auth0|42"]),
    ] {
        let redaction = Redaction::parse(rules, None).unwrap();
        for schema in MAPPED {
            let mut parsed = parse(body).unwrap();
            redaction.redact(&mut parsed.log_events[0]);
            let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(Raw::None);
            let row: Value = serde_json::from_str(&mapping.write(&parsed.log_events[0])).unwrap();
            let mut row = row;
            // The request itself stands where its own rules are about it.
            for own in ["Details", "url", "http_request"] {
                row.as_object_mut().unwrap().remove(own);
            }
            for text in hidden {
                assert!(!row.to_string().contains(text), "{schema:?} {rules} {row}");
            }
        }
    }
}

#[test]
fn what_is_hidden_of_json_in_a_string_is_told_nowhere_else() {
    let details = json!({
        "request": {
            "path": "/api/v2/users/auth0%7C42",
            "auth": {"user": {"user_id": "auth0|7", "name": "Maria Example", "email": "maria@example.com"}},
            "body": json!({"email": "nils@example.com"}).to_string(),
        },
        "error": {"message": "Secret reason", "description": "Secret reason, too"},
    });
    let body = json!({"type": "sapi", "log_id": "1", "details": details.to_string()}).to_string();
    for (rules, hidden) in [
        (
            "details.request.auth=drop",
            &["Maria Example", "maria@example.com", "auth0|7"][..],
        ),
        ("details.request.body.email=drop", &["nils@example.com"]),
        ("details.error.message=drop", &["Secret reason\""]),
        (
            "details=mask",
            &["Maria Example", "nils@example.com", "Secret", "auth0|42"],
        ),
    ] {
        let redaction = Redaction::parse(rules, None).unwrap();
        for schema in MAPPED {
            for raw in Raw::ALL {
                let mut parsed = parse(&body).unwrap();
                redaction.redact(&mut parsed.log_events[0]);
                let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(raw);
                let row = mapping.write(&parsed.log_events[0]);
                for text in hidden {
                    assert!(!row.contains(text), "{schema:?} {rules} {text} {row}");
                }
                if raw == Raw::None
                    && schema != Schema::Sentinel
                    && rules.starts_with("details.error")
                {
                    assert!(!row.contains("too"), "{schema:?} {row}");
                }
            }
        }
    }
}

#[test]
fn a_user_of_a_body_is_not_told_where_a_rule_is_about_the_user() {
    let body = r#"{"type":"fs","log_id":"1","details":{"body":{"email":"nils@example.com","user_id":"auth0|42"}}}"#;
    for (rules, hidden) in [
        ("user_name=mask", "nils@example.com"),
        ("user_id=mask", "auth0|42"),
        ("details.body=drop", "nils@example.com"),
    ] {
        let redaction = Redaction::parse(rules, None).unwrap();
        for schema in MAPPED {
            let mut parsed = parse(body).unwrap();
            redaction.redact(&mut parsed.log_events[0]);
            let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(Raw::None);
            let row = mapping.write(&parsed.log_events[0]);
            let row = row.replace(r#""Details""#, "");
            let row = row.split("\"body\"").next().unwrap_or_default();
            assert!(!row.contains(hidden), "{schema:?} {rules} {row}");
        }
    }
}
