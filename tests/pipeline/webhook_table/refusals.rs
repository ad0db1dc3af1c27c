//! Requests that are refused: 405, 401, 413, 400, in this order.

use serde_json::{Value, json};
use tenant_logs::sha256_hex;

use super::{
    DOORS, EVENT, ask, ask_to_post, gateway_event, gzip, handed_off, take_kept, without_time,
};
use crate::kit::ingest::{Ingest, TOKEN};

const LIMIT: &str = "2000";

fn assert_untouched(ingest: &Ingest) {
    assert_eq!(ingest.bus.counts().calls, 0);
    let dead_letters = ingest.dead_letters();
    assert!(dead_letters.is_empty(), "{dead_letters:?}");
}

/// The dead letter of a body that was refused as a whole, and what it keeps of it.
fn dead_letter_of(body: &[u8], reason: &str, kept: &[u8]) -> (Value, Vec<u8>) {
    let rest = json!({
        "reason": reason, "function": "aws-webhook-ingest", "sink": null, "tenant": "acme",
        "log_id": null, "size": body.len(), "sha256": sha256_hex(body),
    });
    (rest, kept.to_vec())
}

fn opened(dead_letter: Value) -> (Value, Vec<u8>) {
    let mut dead_letter = without_time(dead_letter);
    let kept = take_kept(&mut dead_letter);
    (dead_letter, kept)
}

fn assert_set_aside_by_each_door(ingest: &Ingest, dead_letter: &(Value, Vec<u8>)) {
    let dead_letters: Vec<_> = ingest.dead_letters().into_iter().map(opened).collect();
    let of_this = dead_letters
        .iter()
        .filter(|other| *other == dead_letter)
        .count();
    assert_eq!(of_this, DOORS, "{dead_letter:?}\nin {dead_letters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_but_a_post_is_answered_405_before_its_token_and_body_are_looked_at() {
    let ingest = Ingest::start(&[("MAX_BODY_BYTES", LIMIT)]).await;
    let methods = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let requests = [(Some(TOKEN), EVENT), (None, "[{"), (Some("wrong"), "")];
    for method in methods {
        for (token, body) in requests {
            let reply = ask(&ingest, method, token, body.as_bytes()).await;
            assert_eq!(reply.status, 405, "{method}");
            assert_eq!(reply.header("allow"), Some("POST"));
        }
    }
    assert_untouched(&ingest);
    // Each invocation has its line, and nothing in it.
    let lines = |output: &str| output.matches("\"message\":\"relayed log events\"").count();
    let wanted = DOORS * methods.len() * requests.len();
    let output = ingest
        .function
        .output_when(|output| lines(output) >= wanted)
        .await;
    assert_eq!(lines(&output), wanted);
    for counter in ["received", "delivered"] {
        let at_zero = format!("\"{counter}\":0,");
        assert_eq!(output.matches(&at_zero).count(), wanted, "{counter}");
    }
    for counter in ["unauthorized", "gap", "checkpoint_stopped"] {
        let named = format!("\"{counter}\"");
        assert_eq!(output.matches(&named).count(), 0, "{counter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_live_token_a_request_is_answered_401_before_its_body_is_looked_at() {
    let settings = [
        ("MAX_BODY_BYTES", LIMIT),
        ("WEBHOOK_TOKENS", "first-webhook-token,second-webhook-token"),
    ];
    let ingest = Ingest::start(&settings).await;
    let too_large = vec![b' '; 2001];
    let bomb = gzip(vec![b' '; 1_000_000]);
    let bodies = [
        EVENT.as_bytes(),
        b"[{",
        b"",
        b"\x1f\x8b\x08",
        &too_large,
        &bomb,
    ];
    for body in bodies {
        for token in [None, Some("Bearer wrong")] {
            let reply = ask(&ingest, "POST", token, body).await;
            assert_eq!(reply.status, 401);
            assert_eq!(
                reply.body,
                r#"{"error":"no live token in the Authorization header"}"#
            );
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
    }
    // The front end has decoded nothing yet: a broken encoding is part of the body.
    let event = gateway_event("POST", None, "*", true);
    assert_eq!(ingest.invoke(&event).await.unwrap().status, 401);
    assert_untouched(&ingest);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_like_a_token_is_answered_401() {
    let ingest =
        Ingest::start(&[("WEBHOOK_TOKENS", "first-webhook-token,second-webhook-token")]).await;
    let wrong = [
        "",
        "Bearer",
        "Bearer ",
        "first-webhook-toke",
        "first-webhook-token2",
        "FIRST-WEBHOOK-TOKEN",
        "first-webhook-token,second-webhook-token",
        "Bearer first-webhook-token second-webhook-token",
        "Bearerfirst-webhook-token",
        "Basic first-webhook-token",
        "Basic Zmlyc3Qtd2ViaG9vay10b2tlbg==",
        ",",
    ];
    for token in wrong {
        let reply = ask(&ingest, "POST", Some(token), EVENT.as_bytes()).await;
        assert_eq!(reply.status, 401, "{token}");
    }
    assert_untouched(&ingest);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_live_token_opens_with_and_without_the_word_bearer() {
    let tokens = "first-webhook-token, Bearer second-webhook-token";
    let ingest = Ingest::start(&[("WEBHOOK_TOKENS", tokens)]).await;
    let right = [
        "first-webhook-token",
        "Bearer first-webhook-token",
        "bearer  first-webhook-token",
        "second-webhook-token",
        "Bearer second-webhook-token",
    ];
    for token in right {
        let reply = ask(&ingest, "POST", Some(token), EVENT.as_bytes()).await;
        assert_eq!((reply.status, reply.body), (200, handed_off(1, 1, 0, 0)));
    }
    assert_eq!(ingest.on_bus().len(), right.len() * DOORS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_answered_413_also_after_gunzip_and_set_aside() {
    let ingest = Ingest::start(&[("MAX_BODY_BYTES", LIMIT)]).await;
    let padded = |bytes: usize| format!("{EVENT}{}", " ".repeat(bytes - EVENT.len())).into_bytes();
    let exact = padded(2000);
    for body in [exact.clone(), gzip(exact)] {
        let reply = ask_to_post(&ingest, body).await;
        assert_eq!((reply.status, reply.body), (200, handed_off(1, 1, 0, 0)));
    }
    assert_eq!(ingest.on_bus().len(), 2 * DOORS);

    let plain = padded(2001);
    let packed = gzip(&plain);
    let bomb = gzip(vec![b' '; 1_000_000]);
    assert!(packed.len() < 2000 && bomb.len() < 2000);
    for body in [plain, packed, bomb] {
        let reply = ask_to_post(&ingest, &body).await;
        assert_eq!(reply.status, 413);
        assert_eq!(reply.body, r#"{"error":"the body is over 2000 bytes"}"#);
        let dead_letter = dead_letter_of(&body, "the body is over 2000 bytes", &body);
        assert_set_aside_by_each_door(&ingest, &dead_letter);
    }
    assert_eq!(ingest.on_bus().len(), 2 * DOORS);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_large_body_the_first_64_kilobytes_are_set_aside() {
    let ingest = Ingest::start(&[("MAX_BODY_BYTES", "100000")]).await;
    let body = format!("[{}", "1234567,".repeat(15_000));
    assert_eq!(ask_to_post(&ingest, &body).await.status, 413);
    let first = &body.as_bytes()[..65_536];
    let dead_letter = dead_letter_of(body.as_bytes(), "the body is over 100000 bytes", first);
    assert_set_aside_by_each_door(&ingest, &dead_letter);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_elements_are_answered_413_as_a_whole_with_one_dead_letter() {
    let ingest = Ingest::start(&[("MAX_BODY_BYTES", "128000")]).await;
    let event = r#"{"type":"s"}"#;
    let array = |element: &str, count| format!("[{}]", vec![element; count].join(","));
    for (body, reason) in [
        (
            array("1", 1_001),
            "more than 1000 elements of the body are no log events",
        ),
        (
            format!("{event}{}", "\n1".repeat(1_001)),
            "more than 1000 elements of the body are no log events",
        ),
        (array(event, 2_001), "the body has more than 2000 elements"),
    ] {
        let reply = ask_to_post(&ingest, &body).await;
        let told = format!(r#"{{"error":"{reason}"}}"#);
        assert_eq!((reply.status, reply.body), (413, told));
        let dead_letter = dead_letter_of(body.as_bytes(), reason, body.as_bytes());
        assert_set_aside_by_each_door(&ingest, &dead_letter);
    }
    assert_eq!(ingest.dead_letters().len(), 3 * DOORS);
    assert_eq!(ingest.bus.counts().calls, 0);

    let reply = ingest.post(array("1", 1_000)).await;
    assert_eq!(
        (reply.status, reply.body),
        (200, handed_off(1000, 0, 0, 1000))
    );
    let reply = ingest.post(array(event, 2_000)).await;
    assert_eq!(
        (reply.status, reply.body),
        (200, handed_off(2000, 2000, 0, 0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_set_the_limit_is_6_mebibytes() {
    let ingest = Ingest::start(&[]).await;
    for (bytes, status) in [(6_291_456, 200), (6_291_457, 413)] {
        let body = format!("{EVENT}{}", " ".repeat(bytes - EVENT.len()));
        let event = gateway_event("POST", Some(TOKEN), &body, false);
        assert_eq!(ingest.invoke(&event).await.unwrap().status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_body_is_answered_400_with_the_byte_and_set_aside_and_nothing_of_it_is_sent()
{
    let ingest = Ingest::start(&[]).await;
    let length = EVENT.len();
    let cases = [
        // Not one complete value, so not JSON Lines either.
        (b"no JSON".to_vec(), 0),
        (b"{\"type\":\"s\"".to_vec(), 11),
        (format!("[{EVENT},{{\"type\":}}]").into(), length + 10),
        (format!("[{EVENT}").into(), length + 1),
        (format!("[{EVENT} {EVENT}]").into(), length + 2),
        (format!("[{EVENT},]").into(), length + 2),
        (format!("{{\"logs\":[{EVENT},}}").into(), length + 10),
        // Counted in what was unpacked.
        (gzip(format!("[{EVENT},")), length + 2),
    ];
    for (body, offset) in cases {
        let reply = ask_to_post(&ingest, &body).await;
        let reason = format!("the body is not JSON at byte {offset}");
        let told = format!(r#"{{"error":"{reason}","offset":{offset}}}"#);
        assert_eq!((reply.status, reply.body), (400, told));
        let dead_letter = dead_letter_of(&body, &reason, &body);
        assert_set_aside_by_each_door(&ingest, &dead_letter);
    }
    assert_eq!(ingest.bus.counts().calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_encoding_is_answered_400_and_set_aside() {
    let ingest = Ingest::start(&[]).await;
    let mut torn = gzip(EVENT);
    torn.truncate(40);
    let cases: [(&[u8], &str, usize); 3] = [
        (&torn, "the body is not valid gzip", 0),
        (b"\x1f\x8b", "the body is not valid gzip", 0),
        (b"[\"\xff\"]", "the body is not UTF-8 from byte 2 on", 2),
    ];
    for (body, reason, offset) in cases {
        let reply = ask_to_post(&ingest, body).await;
        let told = format!(r#"{{"error":"{reason}","offset":{offset}}}"#);
        assert_eq!((reply.status, reply.body), (400, told));
        let dead_letter = dead_letter_of(body, reason, body);
        assert_set_aside_by_each_door(&ingest, &dead_letter);
    }
    let event = gateway_event("POST", Some(TOKEN), "eyJ*", true);
    let reply = ingest.invoke(&event).await.unwrap();
    let reason = "the body is not valid base64 at byte 3";
    let told = format!(r#"{{"error":"{reason}","offset":3}}"#);
    assert_eq!((reply.status, reply.body), (400, told));
    let dead_letter = opened(ingest.dead_letters().pop().unwrap());
    assert_eq!(dead_letter, dead_letter_of(b"eyJ*", reason, b"eyJ*"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_is_answered_400_and_not_set_aside() {
    let ingest = Ingest::start(&[]).await;
    let bodies = [
        Vec::new(),
        b" \r\n\t".to_vec(),
        gzip(b""),
        "\u{feff}\n".into(),
    ];
    for body in bodies {
        let reply = ask_to_post(&ingest, body).await;
        let told = r#"{"error":"the body is empty","offset":0}"#.to_owned();
        assert_eq!((reply.status, reply.body), (400, told));
    }
    let mut event = gateway_event("POST", Some(TOKEN), "", false);
    event.as_object_mut().unwrap().remove("body");
    assert_eq!(ingest.invoke(&event).await.unwrap().status, 400);
    assert_untouched(&ingest);
}
