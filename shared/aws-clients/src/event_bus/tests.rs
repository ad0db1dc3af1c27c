mod presence;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::*;
use crate::test_endpoint::{Answer, Call, TestEndpoint, read_settings, refusals, send_rows};

const TRACE: &str = "Root=1-65a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(4);

/// Log events `0` to `count - 1`, of about `bytes` each.
fn body(count: usize, bytes: usize) -> String {
    let padding = "x".repeat(bytes);
    let record = |index: usize| {
        json!({"log_id": index.to_string(), "data": {
            "type": "s", "date": "2026-11-20T08:15:30.250Z", "padding": padding,
        }})
    };
    (0..count).map(record).collect::<Value>().to_string()
}

/// Sends a body's log events through an endpoint that answers as `answer` says.
async fn send(
    body: &str,
    time: Duration,
    answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
) -> (Delivery, Vec<Call>) {
    let endpoint = TestEndpoint::start(move |call| {
        if is_put(call) {
            answer(call)
        } else {
            Answer::Json(200, json!({"Name": "auth0-logs"}))
        }
    })
    .await;
    let mut delivery = send_over(&bus_at(&endpoint), body, time).await;
    delivery.delivered.sort_unstable();
    delivery
        .refused
        .sort_unstable_by_key(|refusal| refusal.index);
    let calls = endpoint.calls().into_iter().filter(is_put);
    (delivery, calls.collect())
}

fn is_put(call: &Call) -> bool {
    call.operation == "AWSEvents.PutEvents"
}

fn bus_at(endpoint: &TestEndpoint) -> EventBus {
    let settings = read_settings(&[("EVENT_BUS_NAME", "auth0-logs")], EventBusSettings::read);
    let tenant = TenantName::parse("acme").unwrap();
    EventBus::new(&endpoint.connection(), settings.unwrap(), &tenant)
}

async fn send_over(bus: &EventBus, body: &str, time: Duration) -> Delivery {
    send_rows(bus, body, Some(TRACE), time).await
}

fn entries(call: &Call) -> &Vec<Value> {
    call.body["Entries"].as_array().unwrap()
}

fn log_ids(call: &Call) -> Vec<usize> {
    let log_id = |entry: &Value| {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        detail["log_id"].as_str().unwrap().parse().unwrap()
    };
    entries(call).iter().map(log_id).collect()
}

/// Takes every entry for which `code` has none.
fn answer_entries(call: &Call, code: impl Fn(usize) -> Option<&'static str>) -> Value {
    let entry = |log_id: usize| match code(log_id) {
        Some(code) => json!({"ErrorCode": code, "ErrorMessage": "alice@example.com"}),
        None => json!({"EventId": "11111111-2222-3333-4444-555555555555"}),
    };
    let entries: Value = log_ids(call).into_iter().map(entry).collect();
    json!({"FailedEntryCount": 0, "Entries": entries})
}

fn take_all(call: &Call) -> Answer {
    Answer::Json(200, answer_entries(call, |_| None))
}

fn error(status: u16, code: &str) -> Answer {
    Answer::Json(
        status,
        json!({"__type": code, "message": "alice@example.com"}),
    )
}

#[tokio::test]
async fn ten_entries_go_in_a_call_with_every_field() {
    let (delivery, calls) = send(&body(25, 10), LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(25));
    let mut counts: Vec<usize> = calls.iter().map(|call| entries(call).len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [5, 10, 10]);
    let mut sent: Vec<usize> = calls.iter().flat_map(log_ids).collect();
    sent.sort_unstable();
    assert_eq!(sent, (0..25).collect::<Vec<_>>());
    let first = calls
        .iter()
        .find(|call| log_ids(call).contains(&0))
        .unwrap();
    assert_eq!(
        entries(first)[0],
        json!({
            "Time": 1_795_162_530.25,
            "Source": "auth0.com/acme/auth0.logs",
            "DetailType": "Auth0 log",
            "EventBusName": "auth0-logs",
            "TraceHeader": TRACE,
            "Detail": r#"{"data":{"date":"2026-11-20T08:15:30.250Z","padding":"xxxxxxxxxx","type":"s"},"log_id":"0"}"#,
        })
    );
}

#[tokio::test]
async fn calls_are_signed_with_the_credentials_of_the_environment() {
    let (_, calls) = send(&body(1, 10), LONG, take_all).await;
    assert_eq!(calls[0].operation, "AWSEvents.PutEvents");
    assert!(
        calls[0].authorization.contains("Credential=AKIDEXAMPLE/"),
        "{:?}",
        calls[0]
    );
    assert!(
        calls[0].authorization.contains("/eu-central-1/events/"),
        "{:?}",
        calls[0]
    );
    assert_eq!(calls[0].session_token, "example-token");
}

#[tokio::test]
async fn an_event_without_a_readable_date_has_no_time() {
    let (delivery, calls) = send(
        r#"[{"log_id":"0","data":{"type":"s","date":"soon"}}]"#,
        LONG,
        take_all,
    )
    .await;
    assert_eq!(delivery, Delivery::all_delivered(1));
    assert_eq!(entries(&calls[0])[0].get("Time"), None);
}

#[tokio::test]
async fn a_call_stays_within_its_bytes() {
    let (delivery, calls) = send(&body(7, 300_000), LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(7));
    let mut counts: Vec<usize> = calls.iter().map(|call| entries(call).len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 3, 3]);
}

#[tokio::test]
async fn an_entry_is_counted_as_event_bridge_counts_it() {
    // 14 for the time, 25 for the source, 9 for the detail type.
    let around = body(1, 0).len() - "[]".len() + 14 + 25 + 9;
    let (delivery, _) = send(&body(1, 1_000_000 - around), LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(1));
    let (delivery, calls) = send(&body(1, 1_000_001 - around), LONG, take_all).await;
    let reason = "over the 1,000,000 bytes of an EventBridge entry";
    assert_eq!(refusals(&delivery), [(0, Remedy::SetAside, reason)]);
    assert_eq!(calls.len(), 0);
}

#[tokio::test]
async fn refused_entries_are_told_apart_by_their_codes() {
    let (delivery, calls) = send(&body(5, 10), LONG, |call| {
        let code = |log_id| match log_id {
            0 => Some("InternalFailure"),
            1 => Some("ThrottlingException"),
            2 => Some("MalformedDetail"),
            3 => Some("ServiceUnavailable"),
            _ => None,
        };
        Answer::Json(200, answer_entries(call, code))
    })
    .await;
    assert_eq!(calls.len(), 1);
    assert_eq!(delivery.delivered, [4]);
    assert_eq!(
        refusals(&delivery),
        [
            (0, Remedy::Retry, "EventBridge answered InternalFailure"),
            (1, Remedy::Retry, "EventBridge answered ThrottlingException"),
            (2, Remedy::SetAside, "EventBridge answered MalformedDetail"),
            (
                3,
                Remedy::SetAside,
                "EventBridge answered ServiceUnavailable"
            ),
        ]
    );
}

#[tokio::test]
async fn an_entry_that_the_answer_leaves_out_is_not_taken_as_delivered() {
    let (delivery, _) = send(&body(3, 10), LONG, |_| {
        Answer::Json(
            200,
            json!({"FailedEntryCount": 0, "Entries": [{}, {"EventId": "1"}]}),
        )
    })
    .await;
    assert_eq!(delivery.delivered, [1]);
    let unanswered = [
        (0, Remedy::Retry, "no answer"),
        (2, Remedy::Retry, "no answer"),
    ];
    assert_eq!(refusals(&delivery), unanswered);
}

async fn check_whole(answer: fn() -> Answer, remedy: Remedy, reason: &str) {
    let (delivery, calls) = send(&body(2, 10), LONG, move |_| answer()).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        refusals(&delivery),
        [(0, remedy, reason), (1, remedy, reason)]
    );
}

#[tokio::test]
async fn a_call_that_fails_as_a_whole_refuses_all_its_entries() {
    use Remedy::{Retry, Stop};
    let bus = "event bus `auth0-logs`";
    let hint = "check its name, its region, permissions and credentials";
    let not_found = format!("{bus} answered ResourceNotFoundException: {hint}");
    let denied = format!("{bus} answered AccessDeniedException: {hint}");
    check_whole(
        || Answer::Text(500, "<html>"),
        Retry,
        &format!("{bus} answered 500"),
    )
    .await;
    check_whole(
        || error(503, "ServiceUnavailable"),
        Retry,
        &format!("{bus} answered ServiceUnavailable"),
    )
    .await;
    check_whole(
        || error(400, "ThrottlingException"),
        Retry,
        &format!("{bus} answered ThrottlingException"),
    )
    .await;
    check_whole(
        || Answer::Text(429, ""),
        Retry,
        &format!("{bus} answered 429"),
    )
    .await;
    check_whole(
        || Answer::Text(200, "{\"Entr"),
        Retry,
        &format!("{bus} answered what cannot be read"),
    )
    .await;
    check_whole(|| error(400, "ResourceNotFoundException"), Stop, &not_found).await;
    check_whole(|| error(400, "AccessDeniedException"), Stop, &denied).await;
}

#[tokio::test]
async fn a_dropped_connection_is_worth_another_try() {
    let (delivery, _) = send(&body(2, 10), LONG, |_| Answer::Drop).await;
    assert!(delivery.delivered.is_empty());
    for (_, remedy, reason) in refusals(&delivery) {
        assert_eq!(remedy, Remedy::Retry);
        assert!(
            reason.starts_with("no answer from event bus `auth0-logs`: "),
            "{reason}"
        );
    }
    assert_eq!(delivery.refused.len(), 2);
}

#[tokio::test]
async fn when_one_call_hangs_the_others_answers_are_kept() {
    let began = Instant::now();
    let (delivery, calls) = send(&body(25, 10), SHORT, |call| {
        if log_ids(call).contains(&12) {
            Answer::Hang
        } else {
            take_all(call)
        }
    })
    .await;
    assert!(began.elapsed() < LONG);
    assert_eq!(calls.len(), 3);
    assert_eq!(
        delivery.delivered,
        (0..10).chain(20..25).collect::<Vec<_>>()
    );
    let reason = "no answer from event bus `auth0-logs` in time";
    let expected: Vec<_> = (10..20)
        .map(|index| (index, Remedy::Retry, reason))
        .collect();
    assert_eq!(refusals(&delivery), expected);
}

#[tokio::test]
async fn calls_are_made_side_by_side() {
    // Nobody is answered before all eight calls are under way.
    let barrier = Arc::new(Barrier::new(CALLS_AT_ONCE));
    let (delivery, calls) = send(&body(80, 10), LONG, move |call| {
        Answer::Together(Arc::clone(&barrier), answer_entries(call, |_| None))
    })
    .await;
    assert_eq!(delivery, Delivery::all_delivered(80));
    assert_eq!(calls.len(), 8);
}

#[tokio::test]
async fn an_entry_that_makes_its_call_fail_takes_no_other_with_it() {
    let (delivery, calls) = send(&body(10, 10), LONG, |call| {
        if log_ids(call).contains(&6) {
            error(400, "ValidationException")
        } else {
            take_all(call)
        }
    })
    .await;
    let reason = "event bus `auth0-logs` answered ValidationException";
    assert_eq!(refusals(&delivery), [(6, Remedy::SetAside, reason)]);
    assert_eq!(delivery.delivered, [0, 1, 2, 3, 4, 5, 7, 8, 9]);
    // 10, 5+5, 2+3, 1+2 or 1+1: two calls for each bisection.
    assert_eq!(calls.len(), 7);
}

#[test]
fn settings_that_cannot_be_right_are_named() {
    let check = |values: &[(&str, &str)], problem: &str| {
        let settings = read_settings(values, EventBusSettings::read);
        assert_eq!(
            settings.map_or_else(|error| error.to_string(), |_| String::new()),
            problem
        );
    };
    check(
        &[],
        "1 setting is wrong:\n  EVENT_BUS_NAME: required, not set",
    );
    check(
        &[("EVENT_BUS_NAME", "aws.partner/auth0.com/acme-1/auth0.logs")],
        "",
    );
    check(
        &[(
            "EVENT_BUS_NAME",
            "arn:aws:events:eu-central-1:123456789012:event-bus/logs",
        )],
        "",
    );
    check(
        &[("EVENT_BUS_NAME", "a bus"), ("EVENT_SOURCE", "aws.events")],
        "2 settings are wrong:\n  EVENT_BUS_NAME: cannot read `a bus` (want the name or ARN of a bus)\n  \
         EVENT_SOURCE: cannot read `aws.events` (want at most 256 characters, not beginning with `aws.`)",
    );
}

#[tokio::test]
async fn no_call_is_begun_once_the_time_is_over() {
    let (delivery, calls) = send(&body(1, 0), Duration::ZERO, take_all).await;
    assert_eq!(calls.len(), 0);
    let [refusal] = delivery.refused.try_into().unwrap();
    assert_eq!(refusal.remedy, Remedy::Retry);
    assert_eq!(
        refusal.reason,
        "no time was left for a call of event bus `auth0-logs`"
    );
}
