//! Dead letters as they lie on the dead-letter queue.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fakes::aws::queue::MESSAGE_LIMIT_BYTES;
use fakes::faults::Fault;
use serde_json::{Value, json};
use tenant_logs::{gunzip, sha256_hex};

use super::{EVENT, handed_off, without_time};
use crate::kit::ingest::Ingest;

async fn refusing() -> Ingest {
    let ingest = Ingest::start(&[]).await;
    ingest.bus_faults.always(Fault::RefuseEntries {
        share: 1.0,
        code: "MalformedDetail".to_owned(),
    });
    ingest
}

fn event_of(filling: &str) -> String {
    format!(r#"{{"log_id":"large","data":{{"type":"s","a":"{filling}"}}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_has_exactly_its_seven_fields_and_the_events_own_text() {
    let ingest = refusing().await;
    let odd = r#"{"log_id":"1","data":{"type":"s","price":1.50,"name":"Zo\u00eb 日本"}}"#;
    let enveloped = format!(
        r#"{{"version":"0","detail-type":"Auth0 log","source":"aws.partner/auth0.com/a/auth0.logs","detail":{odd}}}"#
    );
    for body in [odd, enveloped.as_str()] {
        let reply = ingest.post(body.to_owned()).await;
        assert_eq!((reply.status, reply.body), (200, handed_off(1, 0, 0, 1)));
        let text = ingest.dead_letter_texts().pop().unwrap();
        let dead_letter: Value = serde_json::from_str(&text).unwrap();
        let at = dead_letter["at"].as_str().unwrap();
        assert_eq!(
            text.as_ref(),
            format!(
                r#"{{"reason":"EventBridge answered MalformedDetail","at":"{at}","function":"aws-webhook-ingest","sink":"event-bus","tenant":"acme","log_id":"1","event":{odd}}}"#
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_above_a_mebibyte_is_packed() {
    let ingest = refusing().await;
    let event = event_of(&"so much the same ".repeat(80_000));
    assert!(event.len() > MESSAGE_LIMIT_BYTES);
    let reply = ingest.post(event.clone()).await;
    assert_eq!((reply.status, reply.body), (200, handed_off(1, 0, 0, 1)));
    let mut dead_letter = without_time(ingest.dead_letters().pop().unwrap());
    let packed = STANDARD.decode(dead_letter["event"].take().as_str().unwrap());
    let unpacked = gunzip(&packed.unwrap(), 10_000_000).unwrap();
    assert_eq!(String::from_utf8(unpacked).unwrap(), event);
    let rest = json!({
        "reason": "over the 1,000,000 bytes of an EventBridge entry", "encoding": "gzip",
        "function": "aws-webhook-ingest", "sink": "event-bus", "tenant": "acme",
        "log_id": "large", "event": null,
    });
    assert_eq!(dead_letter, rest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_which_something_fits_no_dead_letter_is_answered_413_and_nothing_of_it_is_sent() {
    let ingest = Ingest::start(&[]).await;
    let mut random = fastrand::Rng::with_seed(7);
    let filling: String = (0..2_000_000).map(|_| random.alphanumeric()).collect();
    // A log event that the bus could not take, and an element that is none.
    for odd in [event_of(&filling), format!(r#"{{"a":"{filling}"}}"#)] {
        let body = format!("[{EVENT},{odd}]");
        let before = ingest.dead_letters().len();
        let reply = ingest.post(body.clone()).await;
        let reason = "an element of the body is too large to be set aside";
        let told = format!(r#"{{"error":"{reason}"}}"#);
        assert_eq!((reply.status, reply.body), (413, told));
        let dead_letters = ingest.dead_letters().split_off(before);
        assert_eq!(dead_letters.len(), 1);
        let expected = json!({
            "reason": reason, "function": "aws-webhook-ingest", "sink": null, "tenant": "acme",
            "log_id": null, "size": body.len(), "sha256": sha256_hex(body.as_bytes()),
            "event": body.get(..65_536),
        });
        assert_eq!(without_time(dead_letters[0].clone()), expected);
    }
    assert_eq!(ingest.bus.counts().calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn characters_that_sqs_refuses_do_not_cost_a_dead_letter() {
    let ingest = refusing().await;
    let event = event_of("\u{fffe}\u{ffff}\u{7f}\u{10ffff}");
    let body = format!("[{event},{EVENT}]");
    let reply = ingest.post(body).await;
    assert_eq!((reply.status, reply.body), (200, handed_off(2, 0, 0, 2)));
    let dead_letters = ingest.dead_letters();
    let of_event: Vec<Value> = dead_letters
        .iter()
        .map(|dead_letter| dead_letter["event"].clone())
        .collect();
    let sent: Value = serde_json::from_str(&event).unwrap();
    assert!(of_event.contains(&sent), "{of_event:?}");
}
