use std::time::Duration;

use relay::Remedy;
use serde_json::json;

use super::*;
use crate::test_endpoint::{Answer, Call, TestEndpoint, read_settings, refusals, send_rows};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(4);
const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/deliver";

fn event(log_id: &str, padding: &str) -> String {
    format!(r#"{{ "log_id":"{log_id}","data":{{"type":"s","n": 1.50,"padding":"{padding}"}}}}"#)
}

fn array(details: &[String]) -> String {
    format!("[{}]", details.join(","))
}

async fn send(
    details: &[String],
    time: Duration,
    answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
) -> (Delivery, Vec<Call>) {
    let endpoint = TestEndpoint::start(answer).await;
    let settings = read_settings(&[("EVENT_QUEUE_URL", URL)], EventQueueSettings::read);
    let queue = EventQueue::new(&endpoint.connection(), settings.unwrap(), "a-function");
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let delivery = send_rows(&queue, &array(details), Some(trace), time).await;
    (delivery, endpoint.calls())
}

fn take(_: &Call) -> Answer {
    let answer = json!({"MessageId": "1", "MD5OfMessageBody": "d41d8cd98f00b204e9800998ecf8427e"});
    Answer::Json(200, answer)
}

fn error(status: u16, code: &str) -> Answer {
    let body = json!({"__type": code, "message": "alice@example.com"});
    Answer::Json(status, body)
}

fn message_body(call: &Call) -> &str {
    call.body["MessageBody"].as_str().unwrap()
}

#[tokio::test]
async fn a_request_is_one_message_byte_for_byte_that_names_its_producer_and_its_trace() {
    let details = ["1", "2", "3"].map(|log_id| event(log_id, "ż"));
    let (delivery, calls) = send(&details, LONG, take).await;
    assert_eq!(delivery, Delivery::all_delivered(3));
    let [call] = calls.as_slice() else {
        panic!("{} calls", calls.len());
    };
    assert_eq!(call.operation, "AmazonSQS.SendMessage");
    assert_eq!(call.body["QueueUrl"], URL);
    assert_eq!(message_body(call), array(&details));
    let producer = json!({"producer": {"DataType": "String", "StringValue": "a-function"}});
    assert_eq!(call.body["MessageAttributes"], producer);
    assert_eq!(
        call.body["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"],
        "Root=1-5759e988-bd862e3fe1be46a994272793"
    );
    assert_eq!(call.body.get("DelaySeconds"), None);
}

#[tokio::test]
async fn a_message_above_a_million_bytes_is_split_and_an_event_above_is_refused_alone() {
    let padding = "x".repeat(300_000);
    let mut details: Vec<String> = (0..7)
        .map(|index| event(&index.to_string(), &padding))
        .collect();
    details.insert(2, event("large", &"x".repeat(1_000_000)));
    let (delivery, calls) = send(&details, LONG, take).await;
    assert_eq!(delivery.delivered, [0, 1, 3, 4, 5, 6, 7]);
    let reason = "over the 1,000,000 bytes of a message";
    assert_eq!(refusals(&delivery), [(2, Remedy::SetAside, reason)]);
    let mut sent: Vec<&str> = calls.iter().map(message_body).collect();
    sent.sort_unstable();
    details.remove(2);
    let mut expected = [&details[..3], &details[3..6], &details[6..]].map(array);
    expected.sort_unstable();
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_message_may_have_a_million_bytes_and_no_more() {
    let empty = array(&[event("1", ""), event("2", "")]).len();
    let half = "x".repeat((1_000_000 - empty) / 2);
    let rest = "x".repeat((1_000_000 - empty) - half.len());
    let count = async |details: &[String]| send(details, LONG, take).await.1.len();
    assert_eq!(count(&[event("1", &half), event("2", &rest)]).await, 1);
    let more = format!("{rest}x");
    assert_eq!(count(&[event("1", &half), event("2", &more)]).await, 2);
}

#[tokio::test]
async fn characters_that_sqs_refuses_are_escaped_and_counted_as_escapes() {
    let (delivery, calls) = send(&[event("1", "\u{fffe}a\u{ffff}")], LONG, take).await;
    assert_eq!(delivery, Delivery::all_delivered(1));
    assert_eq!(
        message_body(&calls[0]),
        array(&[event("1", r"\ufffea\uffff")])
    );
    let large = "\u{ffff}".repeat(100_000);
    let (delivery, calls) = send(&[event("1", &large), event("2", &large)], LONG, take).await;
    assert_eq!(delivery, Delivery::all_delivered(2));
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn a_call_that_fails_refuses_its_events_by_what_the_code_means() {
    let cases = [
        (500, "InternalFailure", Remedy::Retry),
        (
            400,
            "AWS.SimpleQueueService.RequestThrottled",
            Remedy::Retry,
        ),
        (400, "com.amazonaws.sqs#QueueDoesNotExist", Remedy::Stop),
        (403, "AccessDeniedException", Remedy::Stop),
    ];
    for (status, code, remedy) in cases {
        let details = ["1", "2"].map(|log_id| event(log_id, ""));
        let (delivery, calls) = send(&details, LONG, move |_| error(status, code)).await;
        assert_eq!(calls.len(), 1, "{code}");
        let refused = refusals(&delivery);
        let remedies: Vec<_> = refused
            .iter()
            .map(|(index, remedy, _)| (*index, *remedy))
            .collect();
        assert_eq!(remedies, [(0, remedy), (1, remedy)], "{code}");
        let reason = refused[0].2;
        assert!(
            reason.starts_with("event queue `deliver` answered "),
            "{reason}"
        );
        assert!(!reason.contains("alice"), "{reason}");
    }
}

#[tokio::test]
async fn content_that_sqs_refuses_is_found_and_the_others_pass() {
    let details = ["1", "bad", "3", "4"].map(|log_id| event(log_id, ""));
    let answer = |call: &Call| {
        if message_body(call).contains("bad") {
            error(400, "InvalidMessageContents")
        } else {
            take(call)
        }
    };
    let (delivery, _) = send(&details, LONG, answer).await;
    assert_eq!(delivery.delivered, [0, 2, 3]);
    let reason = "event queue `deliver` answered InvalidMessageContents";
    assert_eq!(refusals(&delivery), [(1, Remedy::SetAside, reason)]);
}

#[tokio::test]
async fn a_message_without_an_answer_is_not_delivered() {
    let answers: [fn(&Call) -> Answer; 4] = [
        |_| Answer::Hang,
        |_| Answer::Drop,
        |_| Answer::Json(200, json!({})),
        |_| Answer::Text(200, "<html>"),
    ];
    for answer in answers {
        let (delivery, _) = send(&[event("1", "")], SHORT, answer).await;
        assert_eq!(delivery.delivered, [0; 0]);
        let remedies: Vec<Remedy> = delivery.refused.iter().map(|one| one.remedy).collect();
        assert_eq!(remedies, [Remedy::Retry]);
    }
}

#[test]
fn the_queue_is_named_by_its_url() {
    let check = |url: &str, is_right: bool| {
        let settings = read_settings(&[("EVENT_QUEUE_URL", url)], EventQueueSettings::read);
        assert_eq!(settings.is_ok(), is_right, "{url}");
    };
    check(URL, true);
    check("http://127.0.0.1:4566/000000000000/deliver", true);
    check("", false);
    check("deliver", false);
    check(&format!("{URL}.fifo"), false);
}
