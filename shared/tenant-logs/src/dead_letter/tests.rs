use super::*;
use crate::{Redaction, Secret, gunzip, sha256_hex};

fn dead_letter(event: DeadLetterEvent<'_>) -> DeadLetter<'_> {
    DeadLetter {
        reason: "PutEvents answered MalformedDetail".into(),
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
        function: "aws-webhook-ingest",
        sink: Some("event-bus"),
        tenant: "acme",
        log_id: Some("1".into()),
        event,
    }
}

fn json(text: &str) -> DeadLetterEvent<'_> {
    DeadLetterEvent::Json(text.into())
}

#[test]
fn a_dead_letter_embeds_the_events_own_text() {
    let event = r#"{"log_id":"1","data":{"n": 1.50}}"#;
    assert_eq!(
        dead_letter(json(event)).to_json(),
        r#"{"reason":"PutEvents answered MalformedDetail","at":"2026-11-20T10:00:00Z","function":"aws-webhook-ingest","sink":"event-bus","tenant":"acme","log_id":"1","event":{"log_id":"1","data":{"n": 1.50}}}"#
    );
}

fn unparsed(body: &[u8], keep: Keep, redaction: &Redaction) -> serde_json::Value {
    let mut dead_letter = dead_letter(DeadLetterEvent::Unparsed(Unparsed::new(
        body, keep, redaction,
    )));
    dead_letter.log_id = None;
    dead_letter.sink = None;
    serde_json::from_str(&dead_letter.to_json()).unwrap()
}

#[test]
fn a_refused_body_is_kept_to_64_kb_with_size_and_hash() {
    let body = vec![b'x'; 70_000];
    let document = unparsed(&body, Keep::Beginning, &Redaction::default());
    assert_eq!(document["log_id"], serde_json::Value::Null);
    assert_eq!(document["sink"], serde_json::Value::Null);
    assert_eq!(document["size"], 70_000);
    assert_eq!(document["sha256"], sha256_hex(&body));
    assert_eq!(document["event"].as_str().unwrap().len(), 65_536);
    assert_eq!(document.get("unredacted"), None);

    let body = format!("{}é", "x".repeat(65_535));
    let document = unparsed(body.as_bytes(), Keep::Beginning, &Redaction::default());
    assert_eq!(document["event"], "x".repeat(65_535));
}

#[test]
fn a_body_that_was_never_held_whole_leaves_the_same_dead_letter() {
    let key = || Some(Secret::new("k3y"));
    let body = "{\"log_id\":\"é\"},".repeat(10_000).into_bytes();
    for redaction in [
        Redaction::default(),
        Redaction::parse("ip=mask", key()).unwrap(),
        Redaction::parse("ip=mask", None).unwrap(),
    ] {
        for keep in [Keep::Beginning, Keep::Nothing] {
            for piece_bytes in [1_000, 65_536, 100_000, 1_000_000] {
                let mut large = LargeBody::begin(&redaction);
                for piece in body.chunks(piece_bytes) {
                    large.add(piece);
                }
                let held = Unparsed::new(body.as_slice(), keep, &redaction);
                assert_eq!(Unparsed::of_large(&large, keep, &redaction), held);
                assert!(body.starts_with(large.beginning()));
            }
        }
    }
}

#[test]
fn all_other_text_is_kept_whole_as_text_and_bytes_that_are_none_are_packed() {
    let text = "{\"a\":\u{a0}1".repeat(50_000);
    let document = unparsed(text.as_bytes(), Keep::Whole, &Redaction::default());
    assert_eq!(document["event"], text);
    assert_eq!(document.get("encoding"), None);

    let bytes = b"[1,\xff]";
    let document = unparsed(bytes, Keep::Whole, &Redaction::default());
    assert_eq!(document["encoding"], "gzip");
    assert_eq!(document["size"], 5);
    let packed = STANDARD.decode(document["event"].as_str().unwrap());
    assert_eq!(gunzip(&packed.unwrap(), 100).unwrap(), bytes);
}

#[test]
fn text_that_cannot_be_redacted_says_so_or_stays_out_and_no_hash_tells_what_it_was() {
    let body = b"jane@example.com";
    let keyed = Redaction::parse("ip=mask", Some(Secret::new("key"))).unwrap();
    let document = unparsed(body, Keep::Whole, &keyed);
    assert_eq!(document["unredacted"], true);
    assert_eq!(document["event"], "jane@example.com");
    // openssl dgst -sha256 -hmac key
    assert_eq!(
        document["sha256"],
        "43c915a5fb2a55c3ccab3ef8b4ceec305b515df308878ece0d42526f5e24484a"
    );

    let without_key = Redaction::parse("ip=mask", None).unwrap();
    let document = unparsed(body, Keep::Nothing, &without_key);
    assert_eq!(document["event"], serde_json::Value::Null);
    assert_eq!(document["size"], 16);
    assert_eq!(document.get("sha256"), None);
    assert_eq!(document.get("unredacted"), None);
}

#[test]
fn an_event_over_the_limit_is_packed() {
    let event = format!(r#"{{"log_id":"1","data":{{"x":"{}"}}}}"#, "y".repeat(5_000));
    let text = dead_letter(json(&event)).to_json_within(1_000).unwrap();
    assert!(text.len() <= 1_000);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["encoding"], "gzip");
    let packed = STANDARD
        .decode(document["event"].as_str().unwrap())
        .unwrap();
    assert_eq!(gunzip(&packed, 10_000).unwrap(), event.as_bytes());
}

#[test]
fn what_packing_does_not_bring_under_the_limit_is_no_dead_letter_and_never_cut() {
    let noise: String = (0..30_000_u32)
        .map(|n| sha256_hex(&n.to_le_bytes()))
        .collect();
    let event = format!(r#"{{"log_id":"1","data":{{"x":"{noise}"}}}}"#);
    assert_eq!(dead_letter(json(&event)).to_json_within(1_048_576), None);
    let unparsed = Unparsed::new(event.as_bytes(), Keep::Whole, &Redaction::default());
    let unparsed = dead_letter(DeadLetterEvent::Unparsed(unparsed));
    assert_eq!(unparsed.to_json_within(1_048_576), None);
}
