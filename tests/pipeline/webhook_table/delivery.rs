//! What is filtered, redacted, and split on its way to the bus.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{DOORS, EVENT, ask_to_post, handed_off};
use crate::kit::ingest::Ingest;

/// One event of each of five types, of four categories.
const FIVE: &str = r#"[{"type":"s","log_id":"s"},{"type":"fp","log_id":"fp"},{"type":"gd_auth_succeed","log_id":"gd_auth_succeed"},{"type":"sapi","log_id":"sapi"},{"type":"never_heard_of","log_id":"never_heard_of"}]"#;

async fn check(settings: &[(&str, &str)], passing: &[&str]) {
    let ingest = Ingest::start(settings).await;
    let reply = ask_to_post(&ingest, FIVE).await;
    let expected = handed_off(5, passing.len(), 5 - passing.len(), 0);
    assert_eq!((reply.status, reply.body), (200, expected), "{settings:?}");
    let log_ids: BTreeSet<String> = ingest.log_ids().into_keys().collect();
    let passing: BTreeSet<String> = passing.iter().map(|log_id| (*log_id).into()).collect();
    assert_eq!(log_ids, passing, "{settings:?}");
    assert_eq!(ingest.dead_letters().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_come_from_the_environment_and_an_unknown_type_has_no_category() {
    check(&[("INCLUDE_TYPES", "s,gd_*")], &["s", "gd_auth_succeed"]).await;
    check(
        &[("EXCLUDE_TYPES", "sapi, gd_*")],
        &["s", "fp", "never_heard_of"],
    )
    .await;
    check(
        &[("INCLUDE_TYPES", "s*"), ("EXCLUDE_TYPES", "sapi")],
        &["s"],
    )
    .await;
    let login = tenant_logs::known_event_type("s").unwrap().category.name();
    check(&[("INCLUDE_CATEGORIES", login)], &["s"]).await;
    check(
        &[("EXCLUDE_CATEGORIES", login)],
        &["fp", "gd_auth_succeed", "sapi", "never_heard_of"],
    )
    .await;
    check(
        &[
            ("INCLUDE_CATEGORIES", login),
            ("INCLUDE_TYPES", "never_heard_of"),
        ],
        &["s", "never_heard_of"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_redacted_never_reaches_the_bus_or_a_dead_letter() {
    let settings = [
        ("REDACT", "user_name=hmac,ip=mask,details.request.body=drop"),
        ("REDACT_KEY", "pipeline-key"),
        ("WITHHOLD_UNREADABLE", "true"),
    ];
    let ingest = Ingest::start(&settings).await;
    let event = r#"{"log_id":"1","data":{"type":"s","user_name":"ada.okafor@example.com","ip":"192.0.2.17","details":{"request":{"body":{"a":1},"path":"/x"}},"n":1.50}}"#;
    let untouched = r#"{"log_id":"2","data":{"type":"s","n":1.50}}"#;
    let no_event = r#"{"user_name":"ada.okafor@example.com","ip":"192.0.2.17"}"#;
    let reply = ask_to_post(&ingest, format!("[{event},{untouched},{no_event}]")).await;
    assert_eq!((reply.status, reply.body), (200, handed_off(3, 2, 0, 1)));
    // HMAC-SHA-256 of the name under the key, by another program (openssl dgst -hmac).
    let hashed = "993fb02519c99ece3a1b30902351dfef3039e62b2975d8ab0c28d283a6875de4";
    let redacted = format!(
        r#"{{"log_id":"1","redacted":["user_name","ip","details.request.body"],"data":{{"type":"s","user_name":"{hashed}","ip":"***","details":{{"request":{{"path":"/x"}}}},"n":1.50}}}}"#
    );
    let details: Vec<String> = ingest
        .on_bus()
        .iter()
        .map(|event| event.detail.get().to_owned())
        .collect();
    assert_eq!(details[..2], [redacted, untouched.to_owned()]);
    let dead_letter = ingest.dead_letters().pop().unwrap();
    let expected = format!(r#"{{"user_name":"{hashed}","ip":"***"}}"#);
    let expected: Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(dead_letter["event"], expected);

    assert_eq!(ingest.post("[{\"user_name\":\"ada").await.status, 400);
    let dead_letter = ingest.dead_letters().pop().unwrap();
    assert_eq!(dead_letter["event"], Value::Null);
    assert_eq!(dead_letter["size"], 18);

    ingest
        .bus_faults
        .always(fakes::faults::Fault::RefuseEntries {
            share: 1.0,
            code: "MalformedDetail".to_owned(),
        });
    assert_eq!(ingest.post(event).await.status, 200);
    for text in ingest.dead_letter_texts() {
        assert!(
            !text.contains("ada") && !text.contains("192.0.2.17"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_above_the_limit_of_put_events_is_set_aside_and_the_rest_goes_on() {
    let ingest = Ingest::start(&[]).await;
    // An entry counts its source, its detail type, 14 bytes for the time, and the detail.
    let beside = "auth0.com/acme/auth0.logs".len() + "Auth0 log".len() + 14;
    let event = |log_id: &str, bytes: usize| {
        let empty = format!(
            r#"{{"log_id":"{log_id}","data":{{"type":"s","date":"2026-11-20T10:30:15.204Z","a":""}}}}"#
        );
        let filling = "x".repeat(bytes - empty.len());
        empty.replace(r#""a":"""#, &format!(r#""a":"{filling}""#))
    };
    let fits = event("fits", 1_000_000 - beside);
    let too_large = event("too-large", 1_000_001 - beside);
    let reply = ask_to_post(&ingest, format!("[{EVENT},{too_large},{fits},{EVENT}]")).await;
    assert_eq!((reply.status, reply.body), (200, handed_off(4, 3, 0, 1)));
    let log_ids = ingest.log_ids();
    let doors = u64::try_from(DOORS).unwrap();
    let expected = [("1".to_owned(), 2 * doors), ("fits".to_owned(), doors)];
    assert_eq!(log_ids, expected.into());
    let dead_letters = ingest.dead_letters();
    assert_eq!(dead_letters.len(), DOORS);
    for dead_letter in dead_letters {
        assert_eq!(
            dead_letter["reason"],
            "over the 1,000,000 bytes of an EventBridge entry"
        );
        assert_eq!(dead_letter["sink"], "event-bus");
        assert_eq!(dead_letter["log_id"], "too-large");
        let event: Value = serde_json::from_str(&too_large).unwrap();
        assert_eq!(dead_letter["event"], event);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_holds_at_most_ten_entries() {
    let ingest = Ingest::start(&[]).await;
    let events: Vec<String> = (0..95)
        .map(|number| format!(r#"{{"log_id":"{number}","type":"s"}}"#))
        .collect();
    let reply = ingest.post(format!("[{}]", events.join(","))).await;
    assert_eq!((reply.status, reply.body), (200, handed_off(95, 95, 0, 0)));
    assert_eq!(ingest.bus.counts().calls, 10);
    assert_eq!(ingest.log_ids().len(), 95);
}
