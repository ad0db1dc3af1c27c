//! Forms that nobody knows, or that hold no log event: set aside whole, with a reason that names the form.

use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::CloudOptions;
use fakes::client;
use serde_json::{Value, json};

use super::{NONE, cloud_event, invoke, notification, piped};
use crate::kit::target::{event, failed, once_each, record};
use crate::kit::{azure, cloud, dead_letters};

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_set_aside_whole_with_a_reason_that_names_its_form() {
    let cloud = cloud(CloudOptions::default()).await;
    let forms = [
        (
            json!({"awslogs": {"data": "H4sI"}}),
            "not a log event: looks like a CloudWatch Logs subscription",
        ),
        (
            json!({"Type": "SubscriptionConfirmation", "Token": "t", "TopicArn": "a", "Message": "m", "SubscribeURL": "u"}),
            "not a log event: looks like an SNS subscription confirmation",
        ),
        (
            json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]}),
            "not a log event: looks like an event of Lambda with records",
        ),
        (
            notification("hello"),
            "not a log event: an SNS notification, and of what it carries the body is not JSON at byte 0",
        ),
        (
            cloud_event(b"\xff"),
            "not a log event: a CloudEvent, and of what it carries the body is not UTF-8 from byte 0 on",
        ),
        (
            json!({"hello": "world"}),
            "not a log event: neither `type` nor `log_id`",
        ),
    ];
    let bodies: Vec<String> = forms.iter().map(|(form, _)| form.to_string()).collect();
    assert_eq!(failed(&cloud, &bodies).await, NONE);
    let letters = dead_letters(&cloud.set_aside_queue);
    let found: Vec<(&Value, &Value)> = letters
        .iter()
        .map(|letter| (&letter["event"], &letter["reason"]))
        .collect();
    let wanted: Vec<Value> = forms.iter().map(|(_, reason)| (*reason).into()).collect();
    let wanted: Vec<(&Value, &Value)> = forms.iter().map(|(form, _)| form).zip(&wanted).collect();
    assert_eq!(found, wanted);
}

/// A body, what its dead letter says, and what that keeps.
type Kept = (Value, &'static str, Value);

fn event_of(data: Value) -> Value {
    let mut event = cloud_event(b"");
    let members = event.as_object_mut().unwrap();
    members.remove("data_base64");
    members.insert("data".to_owned(), data);
    event
}

/// Forms that are opened, and hold what is no log event.
fn opened() -> Vec<Kept> {
    let unknown = json!({"a": 1});
    let text = unknown.to_string();
    let of_many = event_of(json!([unknown]));
    vec![
        (
            notification(&text),
            "not a log event: neither `type` nor `log_id`, within an SNS notification",
            unknown.clone(),
        ),
        (
            cloud_event(text.as_bytes()),
            "not a log event: neither `type` nor `log_id`, within a CloudEvent",
            unknown.clone(),
        ),
        (
            of_many,
            "not a log event: neither `type` nor `log_id`, within a CloudEvent",
            unknown.clone(),
        ),
        (
            json!([text]),
            "not a log event: neither `type` nor `log_id`, within a JSON string",
            unknown,
        ),
    ]
}

/// Forms that stay whole.
fn unopened() -> Vec<Kept> {
    let of_one = event_of(json!({"a": 1}));
    let topic = json!({"id": "1", "topic": "t", "subject": "s", "eventType": "com.auth0.Log", "eventTime": "2026-11-20T10:30:16Z", "dataVersion": "1", "data": {"a": 1}});
    let whole = |form: Value, reason| (form.clone(), reason, form);
    vec![
        whole(
            of_one,
            "not a log event: looks like a CloudEvent whose data is no log event",
        ),
        whole(
            topic,
            "not a log event: looks like an Event Grid event whose data is no log event",
        ),
        whole(
            json!({"detail-type": "Auth0 log", "source": "auth0.com/acme/auth0.logs", "detail": {"a": 1}}),
            "not a log event: looks like an EventBridge event whose detail is no log event",
        ),
        whole(
            json!({"ddsource": "auth0", "message": event("1")}),
            "not a log event: looks like a Datadog log",
        ),
        whole(
            json!({"EnqueuedTimeUtc": "2026-11-20T10:30:16Z", "Body": "e30="}),
            "not a log event: looks like an event of Event Hubs",
        ),
        whole(
            json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": []}),
            "not a log event: looks like a CloudWatch Logs subscription",
        ),
        whole(
            json!({"topic": "t", "partition": 0, "offset": 1, "timestamp": 1, "value": "e30=", "eventSource": "aws:kafka"}),
            "not a log event: looks like a Kafka record",
        ),
        whole(
            json!({"messageID": "1", "data": "e30=", "eventSource": "aws:amq"}),
            "not a log event: looks like an Amazon MQ record",
        ),
    ]
}

/// In whatever order they arrived: calls to the queue go side by side.
fn assert_kept(letters: &[Value], wanted: &[Kept]) {
    let mut found: Vec<_> = letters
        .iter()
        .map(|letter| {
            (
                letter["reason"].as_str().unwrap(),
                letter["event"].to_string(),
            )
        })
        .collect();
    let mut wanted: Vec<_> = wanted
        .iter()
        .map(|(_, reason, kept)| (*reason, kept.to_string()))
        .collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_known_form_carries_and_is_no_log_event_is_set_aside_with_the_name_of_that_form() {
    let cloud = cloud(CloudOptions::default()).await;
    let carried = [opened(), unopened()].concat();
    let bodies: Vec<String> = carried
        .iter()
        .map(|(body, _, _)| body.to_string())
        .collect();
    assert_eq!(failed(&cloud, &bodies).await, NONE);
    assert_kept(&dead_letters(&cloud.set_aside_queue), &carried);
    // As EventBridge Pipes hand over an array of them.
    let before = carried.len();
    let of_pipes = &carried[before - 2..];
    let array: Vec<&Value> = of_pipes.iter().map(|(record, _, _)| record).collect();
    assert_eq!(invoke(&cloud, &json!(array)).await, "{}");
    let letters = dead_letters(&cloud.set_aside_queue).split_off(before);
    assert_kept(&letters, of_pipes);
    assert!(cloud.collector.log_ids().is_empty());
}

/// As whoever writes JSON twice makes of it.
#[tokio::test(flavor = "multi_thread")]
async fn strings_that_hold_log_events_are_read() {
    let cloud = cloud(CloudOptions::default()).await;
    let bodies = [
        json!(event("1")).to_string(),
        json!([event("2"), event("3")]).to_string(),
        notification(&json!([event("4"), "text"]).to_string()).to_string(),
        json!(notification(&event("5")).to_string()).to_string(),
    ];
    assert_eq!(failed(&cloud, &bodies).await, NONE);
    assert_eq!(invoke(&cloud, &json!([event("6"), event("7")])).await, "{}");
    let expected = ["1", "2", "3", "4", "5", "6", "7"];
    assert_eq!(cloud.collector.log_ids(), once_each(expected));
    for sent in cloud.collector.events() {
        assert!(
            expected.iter().any(|log_id| sent == event(log_id)),
            "{sent}"
        );
    }
    let letters = dead_letters(&cloud.set_aside_queue);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["event"], "text");
    assert_eq!(
        letters[0]["reason"],
        "not a log event: not a JSON object, within an SNS notification"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_beside_a_log_event_in_one_array_costs_neither() {
    let cloud = cloud(CloudOptions::default()).await;
    let bare: Value = serde_json::from_str(&event("2")).unwrap();
    let mixed = json!([
        record("m", Some(&event("1"))),
        bare,
        piped("1", event("3").as_bytes())
    ]);
    assert_eq!(invoke(&cloud, &mixed).await, "{}");
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2", "3"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

/// A failure record of Lambda is an object: an array with its name in it is none, and would lose its first element.
#[tokio::test(flavor = "multi_thread")]
async fn two_elements_are_never_taken_for_the_members_of_a_failure_record() {
    let cloud = cloud(CloudOptions::default()).await;
    let failure = |log_id: &str| {
        let payload: Value = serde_json::from_str(&event(log_id)).unwrap();
        json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": payload})
    };
    let named = json!({"log_id": "1", "data": {"type": "s", "details": {"requestPayload": 7}}});
    let second: Value = serde_json::from_str(&event("2")).unwrap();
    let bodies = [
        json!([named, second]).to_string(),
        json!([failure("3"), failure("4")]).to_string(),
    ];
    assert_eq!(failed(&cloud, &bodies).await, NONE);
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    let letters = dead_letters(&cloud.set_aside_queue);
    let kept: Vec<&Value> = letters.iter().map(|letter| &letter["event"]).collect();
    assert_eq!(kept, [&failure("3"), &failure("4")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undated_log_event_of_many_has_the_time_of_its_cloud_event() {
    let cloud = azure::azure(AzureOptions::default()).await;
    let url = cloud.subscriber.event_grid_url("deliver");
    let headers = [("aeg-event-type", "Notification")];
    let undated = |log_id: &str| json!({"log_id": log_id, "data": {"type": "s"}});
    let dated: Value = serde_json::from_str(&event("3")).unwrap();
    let mut of_many = event_of(json!([undated("1"), undated("2"), dated]));
    of_many["type"] = "com.auth0.Logs".into();
    of_many["time"] = "2026-11-20T10:30:16Z".into();
    let answer = client::post(&url, &headers, of_many.to_string()).await;
    assert_eq!(answer.unwrap().status(), 202);
    azure::settled(&cloud).await;
    let times = cloud.logs.rows().into_iter().map(|row| {
        let text = |name: &str| row.columns[name].as_str().unwrap().to_owned();
        (text("LogId"), text("TimeGenerated"))
    });
    let mut times: Vec<(String, String)> = times.collect();
    times.sort();
    let sent = "2026-11-20T10:30:16Z";
    let expected = [("1", sent), ("2", sent), ("3", "2026-11-20T10:30:15.204Z")];
    let expected = expected.map(|(log_id, time)| (log_id.to_owned(), time.to_owned()));
    assert_eq!(times, expected);
}
