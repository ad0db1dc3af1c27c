use serde_json::{Value, json};
use tenant_logs::{Redaction, Unreadable, decode, decode_base64, gunzip};

use super::*;
use crate::flow::Marks;
use crate::testing::TestDeadLetters;

type TestRelay = Relay<TestSink, MemoryStore, TestDeadLetters>;

fn one_sink() -> TestRelay {
    relay(vec![TestSink::new("one", |_, _| None)])
}

fn redacting(rules: &str, key: Option<&str>) -> TestRelay {
    let mut relay = one_sink();
    relay.redaction = Redaction::parse(rules, key.map(Secret::new)).unwrap();
    relay
}

fn stored(relay: &TestRelay) -> Vec<Value> {
    let stored = relay.destinations[0].sink.stored();
    let parse = |text: &String| serde_json::from_str(text).unwrap();
    stored.iter().map(parse).collect()
}

/// The only dead letter of bytes that cannot be read.
async fn dead_letter_of(relay: &TestRelay, bytes: &[u8]) -> Value {
    let text = decode(bytes, 10_000_000);
    let parsed = match &text {
        Ok(text) => parse(text),
        Err(unreadable) => Err(*unreadable),
    };
    let bodies = vec![IncomingBody::new(bytes, parsed)];
    let outcome = relay.deliver(bodies, &deadline()).await;
    assert_eq!((outcome.set_aside, handed_back(&outcome)), (1, vec![]));
    let mut dead_letters = relay.dead_letters.stored();
    assert_eq!(dead_letters.len(), 1);
    dead_letters.remove(0)
}

/// Packs bytes as a sender does.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_acknowledged_unread_is_kept_to_its_last_byte() {
    let open_array = format!("[{}", vec![event("a"); 3_000].join(","));
    let dead_letter = dead_letter_of(&one_sink(), open_array.as_bytes()).await;
    assert_eq!(dead_letter["event"], open_array);
    assert_eq!(dead_letter["size"], open_array.len());
    assert_eq!(dead_letter["sha256"], sha256_hex(open_array.as_bytes()));

    let torn = gzip(b"[{}]")[..12].to_vec();
    for bytes in [b"[1,\xff]".to_vec(), gzip(b"no JSON"), torn] {
        let dead_letter = dead_letter_of(&one_sink(), &bytes).await;
        assert_eq!(dead_letter["encoding"], "gzip");
        let packed = decode_base64(dead_letter["event"].as_str().unwrap()).unwrap();
        assert_eq!(gunzip(&packed, 10_000).unwrap(), bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_kept_in_its_beginning_because_its_sender_has_it() {
    let mut relay = one_sink();
    relay.on_exhaustion = OnExhaustion::SetAside;
    let body = format!("[{}", " ".repeat(100_000));
    let dead_letter = dead_letter_of(&relay, body.as_bytes()).await;
    assert_eq!(dead_letter["size"], 100_001);
    assert_eq!(dead_letter["event"].as_str().unwrap().len(), 65_536);
}

#[tokio::test(start_paused = true)]
async fn text_that_cannot_be_redacted_is_marked_or_withheld_and_no_plain_hash_is_told() {
    let text = "{\"ip\":\"192.0.2.1\"";
    let dead_letter = dead_letter_of(&redacting("ip=mask", None), text.as_bytes()).await;
    assert_eq!(dead_letter["unredacted"], true);
    assert_eq!(dead_letter["event"], text);
    assert_eq!(dead_letter.get("sha256"), None);

    let mut withholding = redacting("ip=mask", Some("k3y"));
    withholding.withholds_unreadable = true;
    let dead_letter = dead_letter_of(&withholding, text.as_bytes()).await;
    assert_eq!(dead_letter["event"], Value::Null);
    assert_eq!(dead_letter.get("unredacted"), None);
    assert_eq!(dead_letter["size"], text.len());
    let keyed = withholding.redaction.digest(text.as_bytes()).unwrap();
    assert_eq!(dead_letter["sha256"], keyed);
    assert_ne!(keyed, sha256_hex(text.as_bytes()));

    // Nothing is hidden where there is no rule.
    let mut without_rules = one_sink();
    without_rules.withholds_unreadable = true;
    let dead_letter = dead_letter_of(&without_rules, text.as_bytes()).await;
    assert_eq!(dead_letter["event"], text);
}

#[tokio::test(start_paused = true)]
async fn an_element_that_cannot_be_redacted_follows_the_same_rules() {
    let body = format!("{}\n{{\"ip\":\n\"192.0.2.1\"\n7", event("a"));
    for is_withheld in [false, true] {
        let mut relay = redacting("ip=mask", None);
        relay.withholds_unreadable = is_withheld;
        let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
        assert_eq!((outcome.delivered, outcome.set_aside), (1, 3));
        let texts = ["{\"ip\":", "\"192.0.2.1\"", "7"];
        for (dead_letter, text) in relay.dead_letters.stored().iter().zip(texts) {
            let expected = if is_withheld {
                Value::Null
            } else {
                text.into()
            };
            assert_eq!(dead_letter["event"], expected);
            assert_eq!(dead_letter.get("unredacted").is_none(), is_withheld);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_of_a_refusable_body_of_which_something_fits_no_dead_letter() {
    let emoji = "\u{1f600}".repeat(40_000);
    let large = format!(r#"{{"log_id":"b","data":{{"type":"s","x":"{emoji}"}}}}"#);
    let noise: String = (0..100_u8).map(|n| sha256_hex(&[n])).collect();
    let reject = format!(r#"{{"x":"{noise}"}}"#);
    for odd in [large, reject] {
        let mut relay = one_sink();
        relay.on_exhaustion = OnExhaustion::SetAside;
        relay.dead_letters.max_bytes = Some(400);
        let body = format!("[{},{odd}]", event("a"));
        let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
        assert!(outcome.is_not_storable);
        assert_eq!(stored(&relay), Vec::<Value>::new());
        assert_eq!(relay.dead_letters.stored(), Vec::<Value>::new());

        relay.dead_letters.max_bytes = Some(1_000_000);
        let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
        assert!(!outcome.is_not_storable);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_sender_says_was_redacted_is_not_believed_and_taken_out() {
    let claims = r#"{"log_id":"a","redacted":["ip"],"log_id_derived":true,"data":{"type":"s","ip":"192.0.2.1"}}"#;
    let treated = json!({"log_id": "a", "redacted": ["ip"], "data": {"type": "s", "ip": "***"}});
    let of_bus = |source: &str| {
        format!(r#"{{"detail-type":"Auth0 log","source":"{source}","detail":{claims}}}"#)
    };
    let (ours, theirs) = (of_bus("auth0.com/acme/auth0.logs"), of_bus("elsewhere"));
    let as_it_is: Value = serde_json::from_str(claims).unwrap();
    for (body, marks, expected) in [
        (claims, Marks::TakenOut, &treated),
        (&ours, Marks::TakenOut, &treated),
        (claims, Marks::OfOurEnvelopes, &treated),
        (&theirs, Marks::OfOurEnvelopes, &treated),
        (&ours, Marks::OfOurEnvelopes, &as_it_is),
        (claims, Marks::Believed, &as_it_is),
    ] {
        let relay = redacting("ip=mask", None);
        let body = IncomingBody {
            marks,
            ..incoming(&[body]).remove(0)
        };
        relay.deliver(vec![body], &deadline()).await;
        assert_eq!(stored(&relay), std::slice::from_ref(expected), "{marks:?}");
    }

    let without_rules = one_sink();
    without_rules
        .deliver(incoming(&[claims]), &deadline())
        .await;
    let plain = json!({"log_id": "a", "data": {"type": "s", "ip": "192.0.2.1"}});
    assert_eq!(stored(&without_rules), [plain]);
}

#[tokio::test(start_paused = true)]
async fn events_without_a_log_id_that_differ_only_in_what_is_hidden_are_all_delivered() {
    let event = |ip: u8| format!(r#"{{"type":"s","ip":"192.0.2.{ip}"}}"#);
    let body = format!("[{},{}]", event(1), event(2));
    let mut names = BTreeSet::new();
    for key in [None, Some("k3y"), Some("other")] {
        let relay = redacting("ip=mask", key);
        for _ in 0..2 {
            let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
            assert_eq!(outcome.delivered, 2);
        }
        let stored = stored(&relay);
        // By a key the second time is a repeat; without one nobody can tell.
        assert_eq!(stored.len(), if key.is_some() { 2 } else { 4 });
        for event in &stored {
            assert_eq!(event["log_id_derived"], true);
            let log_id = event["log_id"].as_str().unwrap();
            assert_eq!(log_id.len(), 64);
            assert!(names.insert(log_id.to_owned()), "{log_id}");
        }
    }
    for ip in [1, 2] {
        assert!(!names.contains(&sha256_hex(event(ip).as_bytes())));
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_back_and_goes_nowhere_is_set_aside_again() {
    let mut relay = one_sink();
    relay.filter = Filter::parse(FilterSettings {
        exclude_types: Some("fp"),
        ..FilterSettings::default()
    })
    .unwrap();
    let stopped = r#"{"log_id":"b","data":{"type":"fp"}}"#;
    let body = format!("[{},{stopped}]", event("a"));
    let returned = |body| IncomingBody {
        is_returned: true,
        ..incoming(&[body]).remove(0)
    };
    let outcome = relay.deliver(vec![returned(&body)], &deadline()).await;
    let counted = (outcome.received, outcome.filtered, outcome.rejected);
    assert_eq!(counted, (2, 0, 1));
    assert_eq!((outcome.delivered, outcome.set_aside), (1, 1));
    let dead_letter = relay.dead_letters.stored().remove(0);
    assert_eq!(
        dead_letter["reason"],
        "cannot be replayed: a filter stops it"
    );
    assert_eq!(dead_letter["log_id"], "b");
    assert_eq!(
        dead_letter["event"],
        json!({"log_id": "b", "data": {"type": "fp"}})
    );

    let outcome = relay.deliver(vec![returned("[]")], &deadline()).await;
    assert_eq!((outcome.received, outcome.set_aside), (1, 1));
    assert_eq!(relay.dead_letters.stored()[1]["event"], "[]");
    let outcome = relay.deliver(incoming(&["[]", stopped]), &deadline()).await;
    assert_eq!((outcome.filtered, outcome.set_aside), (1, 0));
}

#[test]
fn every_limit_of_a_body_is_told_in_words() {
    for (unreadable, words) in [
        (
            Unreadable::TooManyElements { limit: 5 },
            "the body has more than 5 elements",
        ),
        (
            Unreadable::TooManyRejects { limit: 5 },
            "more than 5 elements of the body are no log events",
        ),
        (
            Unreadable::NotStorable,
            "an element of the body is too large to be set aside",
        ),
    ] {
        assert_eq!(unreadable.to_string(), words);
    }
}
