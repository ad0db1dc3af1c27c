use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use relay::Remedy;
use serde_json::{Value, json};
use tenant_logs::{Parsed, Redaction, Schema, parse};

use super::*;
use crate::test_settings::read_settings;
use crate::tries::{once, send_rows, twice};
use fakes::test_server::{Answer, Call, TestServer};

const LONG: Duration = Duration::from_secs(20);

async fn server(answer: impl Fn(&[Value]) -> Answer + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |call| {
        if call.path.starts_with("/msi/token?") {
            assert!(
                call.path
                    .contains("resource=https%3A%2F%2Feventgrid.azure.net&")
            );
            let body = r#"{"access_token":"t","expires_in":3600}"#;
            return Answer::Full(200, Vec::new(), body.to_owned());
        }
        assert!(call.bytes.len() <= 1_000_000);
        answer(&events_of(call))
    })
    .await
}

fn events_of(call: &Call) -> Vec<Value> {
    serde_json::from_str(&call.body).unwrap()
}

fn published(server: &TestServer) -> Vec<Call> {
    let calls = server.calls().into_iter();
    calls
        .filter(|call| call.path.starts_with("/api/events"))
        .collect()
}

fn topic(server: &TestServer) -> EventTopic {
    topic_with(server, "")
}

/// A topic where others get the log events of these types.
fn topic_with(server: &TestServer, include_types: &str) -> EventTopic {
    let endpoint = format!("http://{}/api/events", server.address);
    let token = format!("http://{}/msi/token", server.address);
    let values = [
        ("EVENT_TOPIC_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_ENDPOINT", &token),
        ("IDENTITY_HEADER", "h"),
        ("EVENT_TOPIC_INCLUDE_TYPES", include_types),
    ];
    let identity = read_settings(&values, EntraIdentity::read_managed).unwrap();
    let settings = read_settings(&values, EventTopicSettings::read).unwrap();
    EventTopic::new(&identity, settings, &TenantName::parse("acme").unwrap())
}

async fn send(topic: &EventTopic, body: &str, redact: &str) -> Delivery {
    send_as(&once(LONG), topic, body, redact).await
}

async fn send_as(sending: &Sending, topic: &EventTopic, body: &str, redact: &str) -> Delivery {
    let Parsed { mut log_events, .. } = parse(body).unwrap();
    let redaction = Redaction::parse(redact, None).unwrap();
    for log_event in &mut log_events {
        redaction.redact(log_event);
    }
    send_rows(topic, Schema::Raw, &log_events, sending).await
}

fn body(count: usize) -> String {
    let elements = (0..count).map(|index| {
        json!({"log_id": index.to_string(), "data": {"log_id": index.to_string(), "type": "s"}})
    });
    Value::from(elements.collect::<Vec<_>>()).to_string()
}

/// The details of an event of many, as they are written.
fn details_of(event: &Value) -> &Vec<Value> {
    assert_eq!(event["type"], "com.auth0.Logs");
    event["data"].as_array().unwrap()
}

#[tokio::test]
async fn a_body_is_one_event_of_many_details() {
    let server = server(|_| Answer::Status(200)).await;
    let record =
        r#"{"log_id":"1", "type":"fp","date":"2026-11-21T10:00:00.120Z","n":1.50,"user_name":"x"}"#;
    let body = format!(r#"[{{"log_id":"1","data":{record}}},{{"type":"s","log_id":"2"}}]"#);
    let delivery = send(&topic(&server), &body, "").await;
    assert_eq!(delivery, Delivery::all_delivered(2));
    let [call] = published(&server).try_into().unwrap();
    assert_eq!(call.method, "POST");
    assert_eq!(call.path, "/api/events?api-version=2018-01-01");
    assert_eq!(call.headers["authorization"], "Bearer t");
    assert_eq!(
        call.headers["content-type"],
        "application/cloudevents-batch+json; charset=utf-8"
    );
    let id = tenant_logs::sha256_hex(b"1\n2");
    let expected = format!(
        r#"[{{"specversion":"1.0","type":"com.auth0.Logs","id":"{id}","source":"auth0.com/acme/auth0.logs","datacontenttype":"application/json","data":[{{"log_id":"1","data":{record}}},{{"log_id":"2","data":{{"type":"s","log_id":"2"}}}}]}}]"#
    );
    assert_eq!(call.body, expected);
}

#[tokio::test]
async fn others_get_what_the_settings_name_singly_beside_the_event_of_many() {
    let server = server(|_| Answer::Status(200)).await;
    let record = r#"{"log_id":"1","type":"fp","date":"2026-11-21T10:00:00.120Z"}"#;
    let body = format!(r#"[{{"log_id":"1","data":{record}}},{{"log_id":"2","type":"s"}}]"#);
    let delivery = send(&topic_with(&server, "fp,gd_*"), &body, "").await;
    assert_eq!(delivery, Delivery::all_delivered(2));
    let [call] = published(&server).try_into().unwrap();
    let [of_many, _] = events_of(&call).try_into().unwrap();
    assert_eq!(details_of(&of_many).len(), 2);
    let single = format!(
        r#",{{"specversion":"1.0","type":"com.auth0.Log","id":"1","source":"auth0.com/acme/auth0.logs","subject":"fp","time":"2026-11-21T10:00:00.12Z","datacontenttype":"application/json","data":{record}}}]"#
    );
    assert!(call.body.ends_with(&single), "{}", call.body);
}

#[tokio::test]
async fn what_was_redacted_is_named_beside_each_record_and_in_an_extension() {
    let server = server(|_| Answer::Status(200)).await;
    let body = r#"{"log_id":"1","type":"s","ip":"192.0.2.1","user_name":"x"}"#;
    let topic = topic_with(&server, "*");
    send(&topic, body, "ip=mask,user_name=drop").await;
    let [call] = published(&server).try_into().unwrap();
    let [of_many, single] = events_of(&call).try_into().unwrap();
    let record = json!({"log_id": "1", "type": "s", "ip": "***"});
    let detail = json!({"log_id": "1", "redacted": ["ip", "user_name"], "data": record});
    assert_eq!(of_many["data"], json!([detail]));
    assert_eq!(single["redacted"], "ip,user_name");
    assert_eq!(single["data"], record);
    assert!(!call.body.contains("192.0.2.1"));
}

#[tokio::test]
async fn whoever_reads_an_event_finds_the_same_log_events() {
    let server = server(|_| Answer::Status(200)).await;
    let body = r#"[
        {"log_id":"a","data":{"log_id":"a","type":"s"}},
        {"log_id":"b","data":{"type":"s"}},
        {"log_id":"c","data":{"log_id":"other","type":"s"}},
        {"_id":"d","type":"s"},
        {"type":"s","date":"2026-11-21T10:00:00Z"}
    ]"#;
    let topic = topic_with(&server, "*");
    let delivery = send(&topic, body, "type=mask").await;
    assert_eq!(delivery, Delivery::all_delivered(5));
    let [call] = published(&server).try_into().unwrap();
    let sent = parse(body).unwrap().log_events;
    let ids = |events: &[tenant_logs::LogEvent<'_>]| {
        let ids = events.iter().map(|event| event.log_id().to_owned());
        ids.collect::<Vec<_>>()
    };
    // Those of many first, then each again singly.
    let read = parse(&call.body).unwrap().log_events;
    assert_eq!(ids(&read), [ids(&sent), ids(&sent)].concat());
    assert!(
        read.iter()
            .all(|event| event.redacted().contains(&"type".to_owned()))
    );
}

fn element(index: usize, size: usize) -> Value {
    let id = index.to_string();
    json!({"log_id": id, "data": {"log_id": id, "type": "s", "x": "y".repeat(size)}})
}

#[tokio::test]
async fn an_event_of_many_is_billed_as_one_and_a_large_log_event_is_alone() {
    let server = server(|_| Answer::Status(200)).await;
    let mut elements: Vec<Value> = (0..100).map(|index| element(index, 2_000)).collect();
    elements.insert(50, element(100, 100_000));
    let delivery = send(&topic(&server), &Value::from(elements).to_string(), "").await;
    assert_eq!(delivery, Delivery::all_delivered(101));
    let [call] = published(&server).try_into().unwrap();
    let events = events_of(&call);
    let (large, others): (Vec<&Value>, Vec<&Value>) = events
        .iter()
        .partition(|event| event.to_string().len() > 65_536);
    assert_eq!(large.len(), 1);
    assert_eq!(details_of(large[0]).len(), 1);
    // 100 of 2,070 bytes, 31 of which fit one.
    assert_eq!(others.len(), 4);
    let count: usize = others.iter().map(|event| details_of(event).len()).sum();
    assert_eq!(count, 100);
}

#[tokio::test]
async fn a_request_stays_within_its_bytes() {
    let server = server(|_| Answer::Status(200)).await;
    // Events of many that are half full each: the most envelopes that there can be.
    let mut elements: Vec<Value> = (0..60)
        .map(|index| element(index, if index % 2 == 0 { 33_000 } else { 32_500 }))
        .collect();
    elements.push(element(60, 1_000_000));
    let delivery = send(&topic(&server), &Value::from(elements).to_string(), "").await;
    assert_eq!(delivery.delivered.len(), 60);
    assert_eq!(
        (delivery.refused[0].index, delivery.refused[0].remedy),
        (60, Remedy::SetAside)
    );
    assert_eq!(
        delivery.refused[0].reason,
        "over the 990400 bytes of log events in a request to Event Grid"
    );
    assert_eq!(published(&server).len(), 2);
}

#[tokio::test]
async fn an_event_that_the_topic_can_never_take_is_found_by_halving() {
    for status in [400, 413] {
        let server = server(move |events| {
            let mut details = events.iter().flat_map(details_of);
            let is_bad = details.any(|detail| detail["log_id"] == "17");
            Answer::Status(if is_bad { status } else { 200 })
        })
        .await;
        let delivery = send(&topic(&server), &body(40), "").await;
        assert_eq!(delivery.delivered.len(), 39);
        let [refusal] = delivery.refused.try_into().unwrap();
        assert_eq!((refusal.index, refusal.remedy), (17, Remedy::SetAside));
        assert_eq!(refusal.reason, format!("the event topic answered {status}"));
    }
}

#[tokio::test]
async fn every_other_answer_is_about_the_whole_request() {
    let advice = "check EVENT_TOPIC_ENDPOINT, that the topic takes CloudEvents, and that the identity has the role \
        EventGrid Data Sender on it";
    for (status, remedy, more) in [
        (403, Remedy::Stop, format!(": {advice}")),
        (404, Remedy::Stop, format!(": {advice}")),
        (429, Remedy::Retry, String::new()),
        (503, Remedy::Retry, String::new()),
    ] {
        let server = server(move |_| Answer::Status(status)).await;
        let delivery = send(&topic(&server), &body(2), "").await;
        let reason = format!("the event topic answered {status}{more}");
        assert_eq!(delivery, Delivery::all_refused(2, remedy, reason));
        assert_eq!(published(&server).len(), 1);
    }
}

#[tokio::test]
async fn a_wait_that_the_topic_asks_for_is_kept() {
    let count = AtomicUsize::new(0);
    let server = TestServer::start(move |call| {
        if call.path.starts_with("/msi/token") {
            let body = json!({"access_token": "t", "expires_in": 3600});
            return Answer::Full(200, Vec::new(), body.to_string());
        }
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::Full(429, vec![("retry-after", "1".to_owned())], String::new()),
            _ => Answer::Status(200),
        }
    })
    .await;
    let begun = Instant::now();
    let delivery = send_as(&twice(LONG), &topic(&server), &body(2), "").await;
    assert_eq!((delivery.delivered, delivery.retried), (vec![0, 1], 2));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(published(&server).len(), 2);
}

#[tokio::test]
async fn a_log_event_that_others_cannot_get_is_refused_and_the_rest_is_delivered() {
    let server = server(|events| {
        let is_bad = events.iter().any(|event| event["id"] == "17");
        Answer::Status(if is_bad { 400 } else { 200 })
    })
    .await;
    let delivery = send(&topic_with(&server, "s"), &body(40), "").await;
    assert_eq!(delivery.delivered.len(), 39);
    let [refusal] = delivery.refused.try_into().unwrap();
    assert_eq!((refusal.index, refusal.remedy), (17, Remedy::SetAside));
}

#[test]
fn the_topic_must_be_named() {
    let problem = read_settings(&[], EventTopicSettings::read).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "1 setting is wrong:\n  EVENT_TOPIC_ENDPOINT: required, not set"
    );
    let wrong = [("EVENT_TOPIC_EXCLUDE_CATEGORIES", "login")];
    let problems = read_settings(&wrong, EventTopicSettings::read).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "2 settings are wrong:\n  EVENT_TOPIC_ENDPOINT: required, not set\n  EVENT_TOPIC_EXCLUDE_CATEGORIES: cannot read `login` \
            (want one of Auth0's category names)"
    );
}
