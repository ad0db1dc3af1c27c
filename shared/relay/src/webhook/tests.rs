use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

use tenant_logs::Secret;

use super::*;
use crate::ports::PortError;
use crate::secrets::References;
use crate::testing::{TestDeadLetters, TestSink, deadline, relay_with};
use crate::{NoLedger, OnExhaustion, Remedy};

type TestRelay = Relay<TestSink, NoLedger, TestDeadLetters>;

const EVENT: &str = r#"{"log_id":"1","data":{"type":"s"}}"#;
const LIMIT: usize = 1_000;

fn ingest() -> TestRelay {
    let mut relay = relay_with(vec![TestSink::new("bus", |_, _| None)], None);
    relay.on_exhaustion = OnExhaustion::SetAside;
    relay
}

/// No store: these tokens are fixed.
enum NoStore {}

impl SecretStore for NoStore {
    const REFERENCES: References = References {
        suffix: "ARN",
        want: "an ARN",
        is_reference: |_| false,
    };

    async fn current(&self, _: &str) -> Result<Secret, PortError> {
        match *self {}
    }

    async fn live_versions(&self, _: &str) -> Result<Vec<Secret>, PortError> {
        match *self {}
    }
}

fn tokens() -> WebhookTokens<NoStore> {
    let list = Secret::new("Bearer first-webhook-token, second-webhook-token");
    WebhookTokens::Fixed(FixedTokens::parse(&list).unwrap())
}

fn post(body: &[u8]) -> WebhookRequest<'_> {
    WebhookRequest {
        method: "POST",
        authorization: Some(b"first-webhook-token"),
        body: WebhookBody::Plain(body.into()),
        trace_id: None,
    }
}

async fn answer(relay: &TestRelay, request: WebhookRequest<'_>) -> WebhookAnswer {
    receive(relay, &tokens(), LIMIT, request, &deadline()).await
}

async fn check(body: impl AsRef<[u8]>, status: u16, expected: &str) {
    let relay = ingest();
    let answer = answer(&relay, post(body.as_ref())).await;
    assert_eq!((answer.status, answer.body.as_str()), (status, expected));
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_method_other_than_post_is_answered_405_before_the_token_is_looked_at() {
    let relay = ingest();
    for method in ["GET", "PUT", "OPTIONS", "post"] {
        let request = WebhookRequest {
            method,
            authorization: None,
            ..post(b"")
        };
        let answer = answer(&relay, request).await;
        assert_eq!(
            (answer.status, answer.header),
            (405, Some(("allow", "POST")))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_live_token_opens_the_body() {
    let relay = ingest();
    let cases: [(Option<&[u8]>, u16); 12] = [
        (Some(b"first-webhook-token"), 200),
        (Some(b"Bearer first-webhook-token"), 200),
        (Some(b"bearer  first-webhook-token "), 200),
        (Some(b"second-webhook-token"), 200),
        (Some(b"Bearer second-webhook-token"), 200),
        (None, 401),
        (Some(b""), 401),
        (Some(b"Bearer "), 401),
        (Some(b"first"), 401),
        (Some(b"first-webhook-token,second-webhook-token"), 401),
        (Some(b"Basic first-webhook-token"), 401),
        (Some(b"FIRST-TOKEN"), 401),
    ];
    for (authorization, status) in cases {
        let request = WebhookRequest {
            authorization,
            ..post(EVENT.as_bytes())
        };
        let answer = answer(&relay, request).await;
        assert_eq!(answer.status, status, "{authorization:?}");
    }
    assert_eq!(relay.destinations[0].sink.stored().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_neither_a_broken_nor_a_large_body_is_looked_at() {
    let relay = ingest();
    for body in [&b"[{"[..], &[b'x'; LIMIT + 1]] {
        let request = WebhookRequest {
            authorization: None,
            ..post(body)
        };
        assert_eq!(answer(&relay, request).await.status, 401);
    }
    assert_eq!(relay.dead_letters.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_answered_413_and_set_aside_also_after_gunzip() {
    let relay = ingest();
    let plain = vec![b' '; LIMIT + 1];
    let packed = gzip(&" ".repeat(LIMIT + 1));
    for body in [&plain, &packed] {
        let answer = answer(&relay, post(body)).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.body, r#"{"error":"the body is over 1000 bytes"}"#);
    }
    let dead_letters = relay.dead_letters.stored();
    assert_eq!(dead_letters[0]["size"], LIMIT + 1);
    assert_eq!(dead_letters[1]["size"], packed.len());
    assert_eq!(dead_letters[1]["sha256"], tenant_logs::sha256_hex(&packed));
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_body_is_answered_400_with_the_byte_and_set_aside() {
    let relay = ingest();
    let body = format!("[{EVENT},{{\"type\":}}]");
    let answer = answer(&relay, post(body.as_bytes())).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body,
        r#"{"error":"the body is not JSON at byte 44","offset":44}"#
    );
    assert_eq!(relay.destinations[0].sink.stored().len(), 0);
    let dead_letters = relay.dead_letters.stored();
    assert_eq!(dead_letters[0]["event"], body);
    assert_eq!(dead_letters[0]["size"], body.len());
}

/// The dead letters of a body that was held and of one that was not are the same.
#[tokio::test(start_paused = true)]
async fn a_large_body_leaves_the_same_dead_letter_though_it_is_not_held() {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: String = (0..2_000_000).map(|_| random.alphanumeric()).collect();
    let packed = gzip(&format!("[\"{noise}"));
    let plain = noise.repeat(2).into_bytes();
    let mut not_held = LargeBody::begin(&Redaction::default());
    plain.chunks(100_000).for_each(|piece| not_held.add(piece));
    assert!(packed.len() >= LARGE);
    for (body, sent, status) in [
        (WebhookBody::Plain(packed.as_slice().into()), &packed, 400),
        (WebhookBody::Large(not_held), &plain, 413),
    ] {
        let relay = ingest();
        let request = WebhookRequest { body, ..post(b"") };
        let answer = receive(&relay, &tokens(), 3_000_000, request, &deadline()).await;
        assert_eq!(answer.status, status);
        let [letter] = relay.dead_letters.stored().try_into().unwrap();
        assert_eq!(letter["size"], sent.len());
        assert_eq!(letter["sha256"], tenant_logs::sha256_hex(sent));
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_body_is_answered_400_and_not_set_aside() {
    let relay = ingest();
    for body in ["", " \n"] {
        let answer = answer(&relay, post(body.as_bytes())).await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(relay.dead_letters.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_readable_form_is_answered_200_with_its_counts() {
    let all = r#"{"received":2,"delivered":2,"filtered":0,"set_aside":0}"#;
    check(format!("[{EVENT},{EVENT}]"), 200, all).await;
    check(format!("{EVENT}\n{EVENT}\n"), 200, all).await;
    check(format!("{{\"logs\":[{EVENT},{EVENT}]}}"), 200, all).await;
    check(gzip(&format!("[{EVENT},{EVENT}]")), 200, all).await;
    check(
        "[]",
        200,
        r#"{"received":0,"delivered":0,"filtered":0,"set_aside":0}"#,
    )
    .await;
    check(
        format!("[{EVENT},{{}},7]"),
        200,
        r#"{"received":3,"delivered":1,"filtered":0,"set_aside":2}"#,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_base64_body_is_decoded_first_and_a_broken_one_is_answered_400() {
    let relay = ingest();
    for (text, status) in [
        ("eyJsb2dfaWQiOiIxIn0=", 200),
        ("H4sIAAAAAAAA", 400),
        ("*", 400),
    ] {
        let request = WebhookRequest {
            body: WebhookBody::Base64(text.into()),
            ..post(b"")
        };
        assert_eq!(answer(&relay, request).await.status, status, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_refuses_is_set_aside_and_answered_200() {
    let mut relay = ingest();
    relay.destinations[0].sink.plan = |_, _| Some(Remedy::Retry);
    let answer = answer(&relay, post(EVENT.as_bytes())).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        r#"{"received":1,"delivered":0,"filtered":0,"set_aside":1}"#
    );
}

#[tokio::test(start_paused = true)]
async fn everything_failing_the_dead_letter_queue_too_is_answered_503() {
    let mut relay = ingest();
    relay.destinations[0].sink.plan = |_, _| Some(Remedy::Retry);
    relay.dead_letters.is_down = true;
    for body in [EVENT, "[{"] {
        let answer = answer(&relay, post(body.as_bytes())).await;
        assert_eq!(
            (answer.status, answer.header),
            (503, Some(("retry-after", "30")))
        );
    }
}

#[test]
fn a_list_without_a_token_is_none() {
    for list in ["", " , ", "Bearer "] {
        assert!(FixedTokens::parse(&Secret::new(list)).is_none(), "{list:?}");
    }
}
