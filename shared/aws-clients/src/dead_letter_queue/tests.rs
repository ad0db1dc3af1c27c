use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tenant_logs::{DeadLetterEvent, Timestamp};
use tokio::sync::Barrier;

use super::*;
use crate::test_endpoint::{Answer, Call, TestEndpoint, once, read_settings, refusals};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(4);
const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/letters";

fn dead_letter(event: String) -> DeadLetter<'static> {
    DeadLetter {
        reason: "the sink says no".into(),
        at: Timestamp::UNIX_EPOCH,
        function: "aws-webhook-ingest",
        sink: Some("event-bus"),
        tenant: "acme",
        log_id: None,
        event: DeadLetterEvent::Json(Cow::Owned(event)),
    }
}

fn dead_letters(count: usize) -> Vec<DeadLetter<'static>> {
    (0..count)
        .map(|index| dead_letter(index.to_string()))
        .collect()
}

async fn set_aside(
    dead_letters: &[DeadLetter<'_>],
    time: Duration,
    answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
) -> (Delivery, Vec<Call>) {
    let endpoint = TestEndpoint::start(answer).await;
    let settings = read_settings(
        &[("DEAD_LETTER_QUEUE_URL", URL)],
        DeadLetterQueueSettings::read,
    );
    let queue = DeadLetterQueue::new(&endpoint.connection(), settings.unwrap());
    let mut delivery = queue.set_aside(dead_letters, &once(time)).await;
    delivery.delivered.sort_unstable();
    delivery
        .refused
        .sort_unstable_by_key(|refusal| refusal.index);
    (delivery, endpoint.calls())
}

fn entries(call: &Call) -> &Vec<Value> {
    call.body["Entries"].as_array().unwrap()
}

fn message(entry: &Value) -> Value {
    serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap()
}

/// Takes every entry for which `fault` has none.
fn answer_entries(call: &Call, fault: impl Fn(u64) -> Option<(&'static str, bool)>) -> Value {
    let mut successful = Vec::new();
    let mut failed = Vec::new();
    for entry in entries(call) {
        match fault(message(entry)["event"].as_u64().unwrap_or_default()) {
            None => successful.push(json!({
                "Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "d41d8cd98f00b204e9800998ecf8427e",
            })),
            Some((code, sender_fault)) => failed.push(json!({
                "Id": entry["Id"], "Code": code, "SenderFault": sender_fault, "Message": "alice@example.com",
            })),
        }
    }
    json!({"Successful": successful, "Failed": failed})
}

fn take_all(call: &Call) -> Answer {
    Answer::Json(200, answer_entries(call, |_| None))
}

#[tokio::test]
async fn ten_dead_letters_go_in_a_call() {
    let (delivery, calls) = set_aside(&dead_letters(25), LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(25));
    let mut counts: Vec<usize> = calls.iter().map(|call| entries(call).len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [5, 10, 10]);
    assert_eq!(calls[0].operation, "AmazonSQS.SendMessageBatch");
    assert_eq!(calls[0].body["QueueUrl"], URL);
    let mut events: Vec<u64> = calls
        .iter()
        .flat_map(|call| {
            entries(call)
                .iter()
                .map(|entry| message(entry)["event"].as_u64().unwrap())
        })
        .collect();
    events.sort_unstable();
    assert_eq!(events, (0..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_call_stays_within_its_bytes() {
    let large = || dead_letter(json!("x".repeat(400_000)).to_string());
    let (delivery, calls) = set_aside(&[large(), large(), large()], LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(3));
    let mut counts: Vec<usize> = calls.iter().map(|call| entries(call).len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2]);
}

#[tokio::test]
async fn a_dead_letter_over_the_limit_is_packed() {
    let event = json!("x".repeat(2_000_000)).to_string();
    let (delivery, calls) = set_aside(&[dead_letter(event)], LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(1));
    assert_eq!(message(&entries(&calls[0])[0])["encoding"], "gzip");
}

#[tokio::test]
async fn a_dead_letter_that_no_packing_makes_small_enough_is_refused_and_never_cut() {
    let noise: String = (0..60_000_u32)
        .map(|n| tenant_logs::sha256_hex(&n.to_le_bytes()))
        .collect();
    let large = dead_letter(json!(noise).to_string());
    let (delivery, calls) = set_aside(&[dead_letter("0".into()), large], LONG, take_all).await;
    assert_eq!(delivery.delivered, [0]);
    assert_eq!(refusals(&delivery), [(1, Remedy::HandBack, TOO_LARGE)]);
    assert_eq!(calls.len(), 1);
}

#[tokio::test]
async fn what_can_be_held_is_told_before_it_must_be() {
    let queue = |endpoint: &TestEndpoint| {
        let settings = read_settings(
            &[("DEAD_LETTER_QUEUE_URL", URL)],
            DeadLetterQueueSettings::read,
        );
        DeadLetterQueue::new(&endpoint.connection(), settings.unwrap())
    };
    let endpoint = TestEndpoint::start(take_all).await;
    let queue = queue(&endpoint);
    let noise: String = (0..60_000_u32)
        .map(|n| tenant_logs::sha256_hex(&n.to_le_bytes()))
        .collect();
    assert!(queue.can_hold(&dead_letter("0".into())));
    assert!(queue.can_hold(&dead_letter(json!("x".repeat(4_000_000)).to_string())));
    assert!(!queue.can_hold(&dead_letter(json!(noise).to_string())));
}

/// Log events of about so many bytes: noise, which cannot be packed, and characters that SQS refuses, in a member or in the
/// `log_id`, which is never packed.
fn events_of(bytes: usize) -> Vec<DeadLetter<'static>> {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: String = (0..bytes).map(|_| random.alphanumeric()).collect();
    let refused = "\u{ffff}".repeat(bytes / 3);
    let long_id = noise.split_at(bytes / 2).0.to_owned();
    let events = [
        (noise, "1".to_owned()),
        (long_id.clone(), long_id),
        (refused.clone(), refused),
    ];
    let events = events.into_iter().map(|(member, log_id)| DeadLetter {
        log_id: Some(log_id.into()),
        ..dead_letter(json!({"type": "s", "x": member}).to_string())
    });
    events.collect()
}

#[tokio::test]
async fn what_can_be_held_fits_whatever_its_size_and_its_reason() {
    let endpoint = TestEndpoint::start(take_all).await;
    let settings = read_settings(
        &[("DEAD_LETTER_QUEUE_URL", URL)],
        DeadLetterQueueSettings::read,
    );
    let queue = DeadLetterQueue::new(&endpoint.connection(), settings.unwrap());
    let mut held = Vec::new();
    for bytes in [
        10, 65_500, 131_050, 131_080, 520_000, 770_000, 790_000, 1_040_000, 1_048_576,
    ] {
        for dead_letter in events_of(bytes) {
            let with_reason = DeadLetter {
                reason: "x".repeat(REASON_BYTES - 100).into(),
                ..dead_letter.clone()
            };
            let fits = text(&with_reason, MAX_MESSAGE_BYTES).is_some();
            let is_held = queue.can_hold(&dead_letter);
            // The relay asks only for what is larger than 64 KB.
            assert!(is_held || bytes > 65_536, "{bytes}");
            assert!(fits || !is_held, "{bytes}");
            held.push(is_held);
        }
    }
    assert!(held.contains(&true) && held.contains(&false));
}

#[tokio::test]
async fn characters_that_sqs_refuses_are_escaped_even_when_that_needs_more_room() {
    let odd = json!("\u{fffe}\u{ffff}").to_string();
    let large = json!("\u{ffff}".repeat(300_000)).to_string();
    let (delivery, calls) =
        set_aside(&[dead_letter(odd), dead_letter(large)], LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(2));
    let sent: Vec<&Value> = calls.iter().flat_map(entries).collect();
    for entry in &sent {
        let text = entry["MessageBody"].as_str().unwrap();
        assert!(!text.contains(['\u{fffe}', '\u{ffff}']) && text.len() <= MAX_MESSAGE_BYTES);
    }
    assert!(
        sent.iter()
            .any(|entry| message(entry)["event"] == "\u{fffe}\u{ffff}")
    );
    assert!(
        sent.iter()
            .any(|entry| message(entry)["encoding"] == "gzip")
    );
}

#[tokio::test]
async fn a_refused_dead_letter_is_never_set_aside_again() {
    let (delivery, _) = set_aside(&dead_letters(4), LONG, |call| {
        let fault = |event| match event {
            0 => Some(("InternalError", false)),
            1 => Some(("InvalidMessageContents", true)),
            2 => Some(("AWS.SimpleQueueService.RequestThrottled", true)),
            _ => None,
        };
        Answer::Json(200, answer_entries(call, fault))
    })
    .await;
    assert_eq!(delivery.delivered, [3]);
    let queue = "dead-letter queue `letters` answered";
    assert_eq!(
        refusals(&delivery),
        [
            (0, Remedy::Retry, format!("{queue} InternalError").as_str()),
            (
                1,
                Remedy::Stop,
                format!("{queue} InvalidMessageContents").as_str()
            ),
            (
                2,
                Remedy::Retry,
                format!("{queue} AWS.SimpleQueueService.RequestThrottled").as_str()
            ),
        ]
    );
}

#[tokio::test]
async fn a_call_that_fails_as_a_whole_refuses_all_its_dead_letters() {
    let cases = [
        (500, "InternalFailure", Remedy::Retry, 1),
        (400, "ThrottlingException", Remedy::Retry, 1),
        (400, "com.amazonaws.sqs#QueueDoesNotExist", Remedy::Stop, 1),
        (403, "AccessDeniedException", Remedy::Stop, 1),
        // One of them may be at fault, so they are looked for.
        (400, "ValidationException", Remedy::Stop, 3),
    ];
    for (status, code, remedy, call_count) in cases {
        let answer = move |_: &Call| {
            Answer::Json(
                status,
                json!({"__type": code, "message": "alice@example.com"}),
            )
        };
        let (delivery, calls) = set_aside(&dead_letters(2), LONG, answer).await;
        assert_eq!(calls.len(), call_count, "{code}");
        assert!(delivery.delivered.is_empty(), "{code}");
        let refused: Vec<_> = refusals(&delivery)
            .iter()
            .map(|one| (one.0, one.1))
            .collect();
        assert_eq!(refused, [(0, remedy), (1, remedy)], "{code}");
        assert!(
            !delivery.refused[0].reason.contains("alice"),
            "{delivery:?}"
        );
    }
}

#[tokio::test]
async fn when_one_call_hangs_or_drops_the_others_answers_are_kept() {
    let (delivery, _) = set_aside(&dead_letters(30), SHORT, |call| {
        match message(&entries(call)[0])["event"].as_u64() {
            Some(0) => Answer::Hang,
            Some(10) => Answer::Drop,
            _ => take_all(call),
        }
    })
    .await;
    assert_eq!(delivery.delivered, (20..30).collect::<Vec<_>>());
    let refused: Vec<_> = refusals(&delivery)
        .iter()
        .map(|one| (one.0, one.1))
        .collect();
    assert_eq!(
        refused,
        (0..20)
            .map(|index| (index, Remedy::Retry))
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn calls_are_made_side_by_side() {
    let barrier = Arc::new(Barrier::new(3));
    let (delivery, _) = set_aside(&dead_letters(30), LONG, move |call| {
        Answer::Together(Arc::clone(&barrier), answer_entries(call, |_| None))
    })
    .await;
    assert_eq!(delivery, Delivery::all_delivered(30));
}

#[tokio::test]
async fn a_private_certificate_is_trusted_by_ssl_cert_file_alone() {
    let (endpoint, certificate) = TestEndpoint::start_tls(take_all).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate).unwrap();
    let set_aside = async |values: &[(&str, &str)]| {
        let settings = read_settings(
            &[("DEAD_LETTER_QUEUE_URL", URL)],
            DeadLetterQueueSettings::read,
        );
        let queue = DeadLetterQueue::new(&endpoint.connection_with(values), settings.unwrap());
        queue.set_aside(&dead_letters(1), &once(LONG)).await
    };
    let path = file.path().to_str().unwrap();
    assert_eq!(
        set_aside(&[("SSL_CERT_FILE", path)]).await,
        Delivery::all_delivered(1)
    );

    let delivery = set_aside(&[]).await;
    let [(0, Remedy::Retry, reason)] = refusals(&delivery)[..] else {
        panic!("{delivery:?}");
    };
    assert!(reason.contains("invalid peer certificate"), "{reason}");
    assert_eq!(endpoint.calls().len(), 1);
}

#[test]
fn the_queue_is_named_by_its_url() {
    let check = |url: &str, is_right: bool| {
        let settings = read_settings(
            &[("DEAD_LETTER_QUEUE_URL", url)],
            DeadLetterQueueSettings::read,
        );
        assert_eq!(settings.is_ok(), is_right, "{url}");
    };
    check(URL, true);
    check("http://127.0.0.1:4566/000000000000/letters", true);
    check("", false);
    check("letters", false);
    check(
        "https://sqs.eu-central-1.amazonaws.com/123456789012/letters.fifo",
        false,
    );
}
