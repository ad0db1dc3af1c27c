//! From the webhook over the custom topic to Log Analytics, with the contract that the Lambda has too.

use std::io::Write;

use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::TOKEN;
use fakes::client;
use fakes::faults::Fault;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::azure::{azure, dead_letters, post, replay, settled};
use crate::kit::target::once_each;

/// A wrapped log event whose record names itself, as Auth0's do.
fn event(log_id: &str) -> String {
    format!(
        r#"{{"log_id":"{log_id}","data":{{"log_id":"{log_id}","type":"s","date":"2026-11-20T10:30:15.204Z","ip":"2001:db8::7"}}}}"#
    )
}

fn body(log_ids: &[&str]) -> String {
    let events: Vec<String> = log_ids.iter().map(|id| event(id)).collect();
    format!("[{}]", events.join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_webhook_takes_is_one_cloud_event_and_then_rows() {
    let cloud = azure(AzureOptions::default()).await;
    let (status, answer) = post(&cloud, body(&["a", "b"])).await;
    let counts = r#"{"received":2,"delivered":2,"filtered":0,"set_aside":0}"#;
    assert_eq!((status, answer.as_str()), (200, counts));
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b"]));
    assert_eq!(cloud.subscriber.calls(), 1);
    let [event] = cloud.topic.published().try_into().unwrap();
    for (name, expected) in [
        ("specversion", "1.0"),
        ("type", "com.auth0.Logs"),
        ("source", "auth0.com/acme/auth0.logs"),
    ] {
        assert_eq!(event[name], expected, "{name}");
    }
    assert_eq!(event.get("subject"), None);
    let details: Value = serde_json::from_str(&body(&["a", "b"])).unwrap();
    assert_eq!(event["data"], details);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_get_single_events_of_the_types_that_are_named_and_our_subscription_takes_none() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("EVENT_TOPIC_INCLUDE_TYPES", "f*")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let failed = event("b").replace(r#""type":"s""#, r#""type":"fp""#);
    assert_eq!(
        post(&cloud, format!("[{},{failed}]", event("a"))).await.0,
        200
    );
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b"]));
    assert_eq!(cloud.subscriber.calls(), 1);
    let [of_many, single] = cloud.topic.published().try_into().unwrap();
    assert_eq!(of_many["data"].as_array().unwrap().len(), 2);
    for (name, expected) in [
        ("type", "com.auth0.Log"),
        ("id", "b"),
        ("source", "auth0.com/acme/auth0.logs"),
        ("subject", "fp"),
        ("time", "2026-11-20T10:30:15.204Z"),
    ] {
        assert_eq!(single[name], expected, "{name}");
    }
    assert_eq!(single["data"]["log_id"], "b");
    assert!(single["data"].get("data").is_none(), "{single}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_event_of_many_only_the_sink_that_lacks_its_log_events_gets_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.ndjson");
    let options = AzureOptions {
        file_sink: Some(file.clone()),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    // As many as one delivery tries.
    cloud
        .faults
        .logs
        .script([Fault::Status(503), Fault::Status(503), Fault::Status(503)]);
    assert_eq!(post(&cloud, body(&["a", "b", "c"])).await.0, 200);
    settled(&cloud).await;
    let answers = cloud.subscription.deliveries().answers;
    assert_eq!((answers[&500], answers[&202]), (1, 1), "{answers:?}");
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b", "c"]));
    let lines = std::fs::read_to_string(file).unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_in_the_order_of_the_contract() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("MAX_BODY_BYTES", "10000")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let url = cloud.webhook_url();
    let get = hyper::Request::get(&url).body(bytes::Bytes::new()).unwrap();
    let answer = client::send(get).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    for headers in [&[][..], &[("authorization", "Bearer wrong")]] {
        let answer = client::post(&url, headers, "{").await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    let (status, answer) = post(&cloud, "[{]").await;
    assert_eq!(
        (status, answer.contains(r#""offset":2"#)),
        (400, true),
        "{answer}"
    );
    assert_eq!(post(&cloud, "x".repeat(10_001)).await.0, 413);
    assert_eq!(post(&cloud, "").await.0, 400);
    assert_eq!(dead_letters(&cloud).len(), 2);
    let (status, answer) = post(&cloud, format!("[7,{}]", event("a"))).await;
    let counts = r#"{"received":2,"delivered":1,"filtered":0,"set_aside":1}"#;
    assert_eq!((status, answer.as_str()), (200, counts));
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn chunked_and_gzipped_bodies_survive_the_host() {
    let cloud = azure(AzureOptions::default()).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body(&["packed"]).as_bytes()).unwrap();
    assert_eq!(post(&cloud, encoder.finish().unwrap()).await.0, 200);

    let url = cloud.webhook_url();
    let (address, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: h\r\nauthorization: {TOKEN}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for chunk in body(&["chunked"]).as_bytes().chunks(7) {
        stream
            .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await
            .unwrap();
        stream.write_all(chunk).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["packed", "chunked"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_faulty_gets_the_events_in_the_end_and_one_that_is_closed_lets_nothing_be_acknowledged()
 {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("INVOCATION_SECONDS", "5")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    cloud
        .faults
        .topic
        .script([Fault::Throttle, Fault::Status(503), Fault::DropAfter]);
    assert_eq!(post(&cloud, body(&["a"])).await.0, 200);
    settled(&cloud).await;
    // The answer of the third try was lost, so the topic has it twice, and the workspace once.
    assert_eq!(cloud.topic.published().len(), 2);
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));

    cloud.faults.topic.always(Fault::Denied);
    let (status, _) = post(&cloud, body(&["b"])).await;
    assert_eq!(status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_stays_away_makes_dead_letters_that_replay_brings_back_to_it() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("INVOCATION_SECONDS", "5")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    cloud.faults.topic.always(Fault::Status(503));
    let (status, answer) = post(&cloud, body(&["a"])).await;
    assert_eq!(
        (status, answer.contains(r#""set_aside":1"#)),
        (200, true),
        "{answer}"
    );
    let stored = dead_letters(&cloud);
    let dead_letter = stored.values().next().unwrap();
    assert_eq!(dead_letter["sink"], "event-topic");
    cloud.faults.topic.clear();
    let expected: Value = serde_json::json!({ "delivered": 1, "set_aside": 0, "left": 0 });
    assert_eq!(replay(&cloud).await, expected);
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
    assert_eq!(dead_letters(&cloud).len(), 0);
}
