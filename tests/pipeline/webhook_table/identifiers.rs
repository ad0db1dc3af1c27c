//! Where the `log_id` of an event comes from, and what counts as a log event.

use serde_json::{Value, json};

use super::{DOORS, EVENT, ask_to_post, handed_off, without_time};
use crate::kit::ingest::Ingest;

#[tokio::test(flavor = "multi_thread")]
async fn the_log_id_comes_from_the_wrapper_then_the_record_then_its_underscore_id() {
    let cases = [
        (
            r#"{"log_id":"w","data":{"type":"s","log_id":"d","_id":"u"}}"#,
            "w",
        ),
        (r#"{"data":{"type":"s","log_id":"d","_id":"u"}}"#, "d"),
        (r#"{"data":{"type":"s","_id":"u"}}"#, "u"),
        (r#"{"type":"s","log_id":"d","_id":"u"}"#, "d"),
        (r#"{"type":"s","_id":"u"}"#, "u"),
        (r#"{"log_id":"","data":{"type":"s","log_id":"d"}}"#, "d"),
        (r#"{"log_id":null,"data":{"type":"s","log_id":"d"}}"#, "d"),
        (r#"{"type":"s","log_id":90020261120}"#, "90020261120"),
    ];
    let ingest = Ingest::start(&[]).await;
    for (body, log_id) in cases {
        assert_eq!(ingest.post(body).await.status, 200, "{body}");
        let event = ingest.on_bus().pop().unwrap();
        assert_eq!(event.member("/log_id"), Some(log_id.into()), "{body}");
        assert_eq!(event.member("/log_id_derived"), None, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_an_identifier_has_a_stable_one_that_says_so() {
    let ingest = Ingest::start(&[]).await;
    let same = [
        r#"{"type":"s","user_name":"Ada Okafor"}"#,
        r#"{"data":{"type":"s","user_name":"Ada Okafor"}}"#,
        "{ \"type\": \"s\",\n\t\"user_name\": \"Ada Okafor\" }",
    ];
    let other = r#"{"type":"s","user_name":"AdaOkafor"}"#;
    for body in same.into_iter().chain([other]) {
        assert_eq!(ingest.post(body).await.status, 200);
    }
    let events = ingest.on_bus();
    let log_ids: Vec<Value> = events
        .iter()
        .map(|event| event.member("/log_id").unwrap())
        .collect();
    for event in &events {
        assert_eq!(event.member("/log_id_derived"), Some(true.into()));
    }
    // SHA-256 of the first text, which has no white space between its tokens.

    assert_eq!(log_ids[0], tenant_logs::sha256_hex(same[0].as_bytes()));
    assert_eq!(log_ids[..3], [&log_ids[0]; 3].map(Clone::clone));
    assert_ne!(log_ids[3], log_ids[0]);
    assert_eq!(
        events[0].member("/data/user_name"),
        Some("Ada Okafor".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_that_is_no_log_event_is_set_aside_with_its_reason_and_the_rest_goes_on() {
    let cases = [
        ("{}", "not a log event: neither `type` nor `log_id`"),
        (
            r#"{"data":{"ip":"192.0.2.1"}}"#,
            "not a log event: neither `type` nor `log_id`",
        ),
        (
            r#"{"stream":"lst_1","heartbeat":true}"#,
            "not a log event: neither `type` nor `log_id`",
        ),
        ("7", "not a log event: not a JSON object"),
        (r#""text""#, "not a log event: not a JSON object"),
        ("null", "not a log event: not a JSON object"),
        (
            r#"[{"type":"s"}]"#,
            "not a log event: looks like an array within an array",
        ),
    ];
    let ingest = Ingest::start(&[]).await;
    for (element, reason) in cases {
        let (before, dead_letters_before) = (ingest.on_bus().len(), ingest.dead_letters().len());
        for body in [
            format!("[{EVENT},{element},{EVENT}]"),
            format!("{{\"logs\":[{EVENT},{element},{EVENT}]}}"),
        ] {
            let reply = ask_to_post(&ingest, &body).await;
            assert_eq!((reply.status, reply.body), (200, handed_off(3, 2, 0, 1)));
        }
        assert_eq!(ingest.on_bus().len(), before + 4 * DOORS);
        let dead_letters = ingest.dead_letters().split_off(dead_letters_before);
        assert_eq!(dead_letters.len(), 2 * DOORS);
        let event: Value = serde_json::from_str(element).unwrap();
        let expected = json!({
            "reason": reason, "function": "aws-webhook-ingest", "sink": null, "tenant": "acme",
            "log_id": null, "event": event,
        });
        for dead_letter in dead_letters {
            assert_eq!(without_time(dead_letter), expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_cannot_be_read_is_set_aside_with_the_byte_and_the_rest_goes_on() {
    let ingest = Ingest::start(&[]).await;
    let line = r#"{"type":"s","#;
    let body = format!("{EVENT}\n{line}\n{EVENT}\n7\n");
    let reply = ask_to_post(&ingest, &body).await;
    assert_eq!((reply.status, reply.body), (200, handed_off(4, 2, 0, 2)));
    assert_eq!(ingest.on_bus().len(), 2 * DOORS);
    let dead_letters = ingest.dead_letters();
    assert_eq!(dead_letters.len(), 2 * DOORS);
    assert_eq!(
        without_time(dead_letters[0].clone()),
        json!({
            "reason": "not JSON at byte 12 of the line", "function": "aws-webhook-ingest",
            "sink": null, "tenant": "acme", "log_id": null, "size": line.len(),
            "sha256": tenant_logs::sha256_hex(line.as_bytes()), "event": line,
        })
    );
    assert_eq!(dead_letters[1]["event"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_type_and_an_identifier_alone_are_log_events() {
    let ingest = Ingest::start(&[]).await;
    let body = r#"[{"type":"never_heard_of","log_id":"1","new":{"deep":[1.10]}},{"log_id":"2"},{"type":7}]"#;
    let reply = ask_to_post(&ingest, body).await;
    assert_eq!((reply.status, reply.body), (200, handed_off(3, 3, 0, 0)));
    let first = ingest.on_bus().swap_remove(0);
    let detail =
        r#"{"log_id":"1","data":{"type":"never_heard_of","log_id":"1","new":{"deep":[1.10]}}}"#;
    assert_eq!(first.detail.get(), detail);
}
