use std::time::Duration;

use relay::Remedy;
use serde_json::{Value, json};
use tenant_logs::decode_base64;

use super::*;
use crate::test_endpoint::{Answer, Call, TestEndpoint, read_settings, refusals, send_rows};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(4);

/// Log events `0` to `count - 1`, of about `bytes` each.
fn body(count: usize, bytes: usize) -> String {
    let padding = "x".repeat(bytes);
    let record = |index: usize| json!({"log_id": index.to_string(), "data": {"type": "s", "padding": padding}});
    (0..count).map(record).collect::<Value>().to_string()
}

/// Sends a body's log events through an endpoint that answers as `answer` says.
async fn send(
    body: &str,
    time: Duration,
    answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
) -> (Delivery, Vec<Call>) {
    let endpoint = TestEndpoint::start(answer).await;
    let settings = read_settings(&[("FIREHOSE_STREAM_NAME", "logs")], FirehoseSettings::read);
    let firehose = Firehose::new(&endpoint.connection(), settings.unwrap());
    let delivery = send_rows(&firehose, body, None, time).await;
    (delivery, endpoint.calls())
}

/// The records of a call, as lines.
fn lines(call: &Call) -> Vec<String> {
    let records = call.body["Records"].as_array().unwrap();
    let line = |record: &Value| {
        let data = decode_base64(record["Data"].as_str().unwrap()).unwrap();
        String::from_utf8(data).unwrap()
    };
    records.iter().map(line).collect()
}

fn log_ids(call: &Call) -> Vec<usize> {
    let log_id = |line: &String| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["log_id"].as_str().unwrap().parse().unwrap()
    };
    lines(call).iter().map(log_id).collect()
}

/// Takes every record for which `code` has none.
fn answer_records(call: &Call, code: impl Fn(usize) -> Option<&'static str>) -> Answer {
    let record = |log_id: usize| match code(log_id) {
        Some(code) => json!({"ErrorCode": code, "ErrorMessage": "alice@example.com"}),
        None => json!({"RecordId": "abc"}),
    };
    let records: Value = log_ids(call).into_iter().map(record).collect();
    Answer::Json(
        200,
        json!({"FailedPutCount": 0, "RequestResponses": records}),
    )
}

fn take_all(call: &Call) -> Answer {
    answer_records(call, |_| None)
}

fn error(status: u16, code: &str) -> Answer {
    let body = json!({"__type": code, "message": "alice@example.com"});
    Answer::Json(status, body)
}

fn record_counts(calls: &[Call]) -> Vec<usize> {
    let mut counts: Vec<usize> = calls.iter().map(|call| lines(call).len()).collect();
    counts.sort_unstable();
    counts
}

#[tokio::test]
async fn five_hundred_records_go_in_a_call_each_as_a_line() {
    let (delivery, calls) = send(&body(1_201, 10), LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(1_201));
    assert_eq!(record_counts(&calls), [201, 500, 500]);
    let mut sent: Vec<usize> = calls.iter().flat_map(log_ids).collect();
    sent.sort_unstable();
    assert_eq!(sent, (0..1_201).collect::<Vec<_>>());
    assert_eq!(calls[0].operation, "Firehose_20150804.PutRecordBatch");
    assert_eq!(calls[0].body["DeliveryStreamName"], "logs");
    assert!(calls[0].authorization.contains("/firehose/aws4_request"));
    for line in calls.iter().flat_map(lines) {
        assert_eq!(line.find('\n'), Some(line.len() - 1));
    }
}

#[tokio::test]
async fn line_breaks_within_a_record_become_blanks() {
    let event = "{\n \"log_id\":\"0\",\r\n \"data\":{\"type\":\"s\"}}";
    let (_, calls) = send(event, LONG, take_all).await;
    let line = "{  \"log_id\":\"0\",   \"data\":{\"type\":\"s\"}}\n";
    assert_eq!(lines(&calls[0]), [line]);
}

#[tokio::test]
async fn a_call_stays_within_four_mebibytes() {
    let (delivery, calls) = send(&body(9, 1_000_000), LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(9));
    assert_eq!(record_counts(&calls), [1, 4, 4]);
}

#[tokio::test]
async fn a_record_over_the_limit_is_set_aside_and_the_others_go_on() {
    // Without the brackets of the array, and with the line break.
    let around = body(1, 0).len() - "[]".len() + "\n".len();
    let (delivery, _) = send(&body(1, 1_024_000 - around), LONG, take_all).await;
    assert_eq!(delivery, Delivery::all_delivered(1));
    let large = body(1, 1_024_001 - around);
    let alone = large.trim_start_matches('[').trim_end_matches(']');
    let both = format!(r#"[{alone},{{"log_id":"7"}}]"#);
    let (delivery, calls) = send(&both, LONG, take_all).await;
    let reason = "over the 1,024,000 bytes of a Firehose record";
    assert_eq!(refusals(&delivery), [(0, Remedy::SetAside, reason)]);
    assert_eq!(delivery.delivered, [1]);
    assert_eq!(record_counts(&calls), [1]);
}

#[tokio::test]
async fn refused_records_of_a_call_that_succeeds_are_told_apart_by_their_codes() {
    let (delivery, calls) = send(&body(4, 10), LONG, |call| {
        answer_records(call, |log_id| match log_id {
            0 => Some("InternalFailure"),
            1 => Some("ServiceUnavailableException"),
            2 => Some("SomethingNew"),
            _ => None,
        })
    })
    .await;
    assert_eq!(calls.len(), 1, "one try: sending again is for the caller");
    assert_eq!(delivery.delivered, [3]);
    let busy = "Firehose answered ServiceUnavailableException";
    assert_eq!(
        refusals(&delivery),
        [
            (0, Remedy::Retry, "Firehose answered InternalFailure"),
            (1, Remedy::Retry, busy),
            (2, Remedy::SetAside, "Firehose answered SomethingNew"),
        ]
    );
}

#[tokio::test]
async fn a_record_that_the_answer_leaves_out_is_not_taken_as_delivered() {
    let (delivery, _) = send(&body(3, 10), LONG, |_| {
        let records = json!([{}, {"RecordId": "1"}]);
        Answer::Json(
            200,
            json!({"FailedPutCount": 0, "RequestResponses": records}),
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

async fn check_whole(answer: fn() -> Answer, remedy: Remedy, answered: &str) {
    let (delivery, calls) = send(&body(2, 10), LONG, move |_| answer()).await;
    assert_eq!(calls.len(), 1);
    let reason = format!("Firehose stream `logs` answered {answered}");
    let expected = [(0, remedy, reason.as_str()), (1, remedy, reason.as_str())];
    assert_eq!(refusals(&delivery), expected);
}

#[tokio::test]
async fn a_call_that_fails_as_a_whole_refuses_all_its_records() {
    use Remedy::{Retry, Stop};
    let hint = "check its name, its region, permissions and credentials";
    let not_found = format!("ResourceNotFoundException: {hint}");
    let no_key = format!("InvalidKMSResourceException: {hint}");
    let denied = format!("AccessDeniedException: {hint}");
    let busy = "ServiceUnavailableException";
    check_whole(|| Answer::Text(500, "<html>"), Retry, "500").await;
    check_whole(|| error(503, "ServiceUnavailableException"), Retry, busy).await;
    check_whole(|| error(400, "ServiceUnavailableException"), Retry, busy).await;
    let throttled = || error(400, "ThrottlingException");
    check_whole(throttled, Retry, "ThrottlingException").await;
    let torn = || Answer::Text(200, "{\"Req");
    check_whole(torn, Retry, "what cannot be read").await;
    let unknown = || error(400, "ResourceNotFoundException");
    check_whole(unknown, Stop, &not_found).await;
    check_whole(|| error(400, "InvalidKMSResourceException"), Stop, &no_key).await;
    check_whole(|| error(400, "AccessDeniedException"), Stop, &denied).await;
}

#[tokio::test]
async fn a_record_that_makes_its_call_fail_takes_no_other_with_it() {
    let (delivery, calls) = send(&body(10, 10), LONG, |call| {
        if log_ids(call).contains(&6) {
            error(400, "InvalidArgumentException")
        } else {
            take_all(call)
        }
    })
    .await;
    let reason = "Firehose stream `logs` answered InvalidArgumentException";
    assert_eq!(refusals(&delivery), [(6, Remedy::SetAside, reason)]);
    assert_eq!(delivery.delivered, [0, 1, 2, 3, 4, 5, 7, 8, 9]);
    assert_eq!(calls.len(), 7);
}

#[tokio::test]
async fn when_one_call_hangs_the_others_answers_are_kept() {
    let (delivery, _) = send(&body(1_001, 10), SHORT, |call| {
        if log_ids(call).contains(&500) {
            Answer::Hang
        } else {
            take_all(call)
        }
    })
    .await;
    let expected: Vec<usize> = (0..500).chain([1_000]).collect();
    assert_eq!(delivery.delivered, expected);
    let reason = "no answer from Firehose stream `logs` in time";
    assert_eq!(refusals(&delivery)[0], (500, Remedy::Retry, reason));
    assert_eq!(delivery.refused.len(), 500);
}

#[tokio::test]
async fn a_dropped_connection_is_worth_another_try() {
    let (delivery, _) = send(&body(2, 10), LONG, |_| Answer::Drop).await;
    assert!(delivery.delivered.is_empty());
    let remedies = delivery.refused.iter().map(|refusal| refusal.remedy);
    assert_eq!(remedies.collect::<Vec<_>>(), [Remedy::Retry; 2]);
}

#[test]
fn settings_that_cannot_be_right_are_named() {
    let check = |value: &str, problem: &str| {
        let values = [("FIREHOSE_STREAM_NAME", value)];
        let settings = read_settings(&values, FirehoseSettings::read);
        let shown = settings.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(shown, problem);
    };
    check("acme_logs-1.raw", "");
    check(
        "",
        "1 setting is wrong:\n  FIREHOSE_STREAM_NAME: required, not set",
    );
    check(
        "a stream",
        "1 setting is wrong:\n  FIREHOSE_STREAM_NAME: cannot read `a stream` (want the name of a Firehose stream)",
    );
}

#[tokio::test]
async fn no_call_is_begun_once_the_time_is_over() {
    let (delivery, calls) = send(&body(1, 0), Duration::ZERO, take_all).await;
    assert_eq!(calls.len(), 0);
    let reason = "no time was left for a call of Firehose stream `logs`";
    assert_eq!(refusals(&delivery), [(0, Remedy::Retry, reason)]);
}
