use super::*;
use crate::gunzip;

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

#[test]
fn unparsed_text_is_kept_to_64_kb_with_size_and_hash() {
    let body = vec![b'x'; 70_000];
    let mut unparsed = dead_letter(DeadLetterEvent::Unparsed {
        body: body.as_slice().into(),
        is_withheld: false,
    });
    unparsed.log_id = None;
    unparsed.sink = None;
    let document: serde_json::Value = serde_json::from_str(&unparsed.to_json()).unwrap();
    assert_eq!(document["log_id"], serde_json::Value::Null);
    assert_eq!(document["sink"], serde_json::Value::Null);
    assert_eq!(document["size"], 70_000);
    assert_eq!(document["sha256"], sha256_hex(&body));
    assert_eq!(document["event"].as_str().unwrap().len(), 65_536);
}

#[test]
fn unparsed_text_that_could_not_be_redacted_stays_out() {
    let unparsed = dead_letter(DeadLetterEvent::Unparsed {
        body: b"jane@example.com".into(),
        is_withheld: true,
    });
    let document: serde_json::Value = serde_json::from_str(&unparsed.to_json()).unwrap();
    assert_eq!(document["event"], serde_json::Value::Null);
    assert_eq!(document["size"], 16);
}

#[test]
fn an_event_over_the_limit_is_packed() {
    let event = format!(r#"{{"log_id":"1","data":{{"x":"{}"}}}}"#, "y".repeat(5_000));
    let text = dead_letter(json(&event)).to_json_within(1_000);
    assert!(text.len() <= 1_000);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["encoding"], "gzip");
    let packed = STANDARD
        .decode(document["event"].as_str().unwrap())
        .unwrap();
    assert_eq!(gunzip(&packed, 10_000).unwrap(), event.as_bytes());
}

#[test]
fn an_event_that_packing_does_not_bring_under_the_limit_is_cut_and_measured() {
    let noise: String = (0..30_000_u32)
        .map(|n| sha256_hex(&n.to_le_bytes()))
        .collect();
    let event = format!(r#"{{"log_id":"1","data":{{"x":"{noise}"}}}}"#);
    let text = dead_letter(json(&event)).to_json_within(1_048_576);
    assert!(text.len() <= 1_048_576);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["size"], event.len());
    assert_eq!(document["sha256"], sha256_hex(event.as_bytes()));
    assert!(event.starts_with(document["event"].as_str().unwrap()));
}
