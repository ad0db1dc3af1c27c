//! The way by the queue: a request is one message, the target reads it, and each event is at the sink once.

use std::time::Duration;

use cargo_local::cloud::CloudOptions;
use fakes::faults::Fault;
use serde_json::{Value, json};

use crate::kit::ingest::Ingest;
use crate::kit::replay::{Replaying, dead_letter};
use crate::kit::target::{
    attributes, event, event_of_type, failures_of, log_ids_in, once_each, record,
};
use crate::kit::{arrived, cloud, post, settings};

const QUEUE_ALONE: (&str, &str) = ("SINKS", "event-queue");
const TRY_AGAIN: &str = r#"{"error":"not everything could be stored, send it again"}"#;

fn array(events: &[String]) -> String {
    format!("[{}]", events.join(","))
}

/// Events of about so many bytes each.
fn large_events(count: usize, bytes: usize) -> Vec<String> {
    let padding = "x".repeat(bytes);
    let events = (0..count).map(|number| event(&number.to_string()));
    events
        .map(|event| event.replace("2001:db8::7", &padding))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_one_message_of_its_details_byte_for_byte_that_names_its_producer() {
    // Without a list of sinks it goes to the queue.
    let ingest = Ingest::start(&[("SINKS", "")]).await;
    let odd = r#"{ "log_id":"2",  "data":{"type":"s","n": 1.50,"text":"\u0041"}}"#;
    let body = format!(
        "{}\n{odd}\n{{\"type\":\"s\",\"log_id\":\"3\"}}\n",
        event("1")
    );
    let reply = ingest.post(body).await;
    let counts = r#"{"received":3,"delivered":3,"filtered":0,"set_aside":0}"#;
    assert_eq!((reply.status, reply.body.as_str()), (200, counts));
    let wrapped = r#"{"log_id":"3","data":{"type":"s","log_id":"3"}}"#;
    let [(sent, extras)] = ingest.deliver.messages().try_into().unwrap();
    assert_eq!(
        *sent,
        array(&[event("1"), odd.to_owned(), wrapped.to_owned()])
    );
    let attributes = extras.attributes.iter();
    let attributes: Vec<(&str, &str)> = attributes
        .map(|(name, attribute)| (name.as_str(), attribute.string_value.as_str()))
        .collect();
    assert_eq!(attributes, [("producer", "aws-webhook-ingest")]);
    assert_eq!(extras.delay, Duration::ZERO);
    assert_eq!(ingest.log_ids().len(), 0, "nothing is on the bus");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_webhook_redacted_is_believed_by_its_attribute_and_what_a_sender_says_is_not() {
    let redact = [
        ("REDACT", "user_name=hmac,ip=mask"),
        ("REDACT_KEY", "pipeline-key"),
    ];
    let ingest = Ingest::start(&[&redact[..], &[QUEUE_ALONE]].concat()).await;
    let marked = |log_id: &str| {
        let mark = r#","redacted":["user_name","ip"],"data":"#;
        event(log_id).replacen(r#","data":"#, mark, 1)
    };
    let is_shown = |text: &str| text.contains("2001:db8::7") || text.contains("Łucja");
    assert_eq!(
        ingest.post(array(&[event("1"), marked("2")])).await.status,
        200
    );
    let [(queued, extras)] = ingest.deliver.messages().try_into().unwrap();
    assert!(!is_shown(&queued), "{queued}");

    // What stands in the queue, body and attributes, and what anybody else who may send to it writes there.
    let cloud = cloud(CloudOptions {
        environment: settings(&redact),
        ..CloudOptions::default()
    })
    .await;
    let mut of_webhook = record("1", Some(&queued));
    of_webhook["messageAttributes"] = attributes(&extras);
    let of_anybody = record("2", Some(&array(&[marked("3")])));
    assert_eq!(
        failures_of(&cloud, vec![of_webhook, of_anybody]).await,
        [""; 0]
    );
    let rows = cloud.collector.events();
    assert!(!rows.iter().any(|row| is_shown(row)), "{rows:?}");
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let rows: Vec<Value> = rows.iter().map(|row| read(row)).collect();
    assert_eq!(rows.len(), 3);
    let hashed = &rows[0]["data"]["user_name"];
    for row in &rows {
        assert_eq!(row["redacted"], json!(["user_name", "ip"]));
        // The hash of a hash would be another one.
        assert_eq!(row["data"]["user_name"], *hashed);
    }
    assert_eq!(json!(rows[..2]), read(&queued), "not redacted twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_above_a_megabyte_is_split_and_an_event_above_one_set_aside() {
    let ingest = Ingest::start(&[QUEUE_ALONE]).await;
    let mut events = large_events(11, 300_000);
    events.push(event("large").replace("2001:db8::7", &"x".repeat(1_000_000)));
    let reply = ingest.post(array(&events)).await;
    let counts = r#"{"received":12,"delivered":11,"filtered":0,"set_aside":1}"#;
    assert_eq!((reply.status, reply.body.as_str()), (200, counts));
    let bodies = ingest.deliver.bodies();
    assert_eq!(bodies.len(), 4);
    let sent = bodies.iter().flat_map(|body| {
        assert!(body.len() <= 1_000_000, "{}", body.len());
        let events: Vec<Value> = serde_json::from_str(body).unwrap();
        events
    });
    let log_ids = sent.map(|event| event["log_id"].as_str().unwrap().parse::<u32>().unwrap());
    let mut log_ids: Vec<u32> = log_ids.collect();
    log_ids.sort_unstable();
    assert_eq!(log_ids, (0..11).collect::<Vec<_>>());
    let [dead_letter] = ingest.dead_letters().try_into().unwrap();
    let reason = "over the 1,000,000 bytes of a message";
    assert_eq!(
        (&dead_letter["reason"], &dead_letter["sink"]),
        (&json!(reason), &json!("event-queue"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_fails_for_now_gets_every_body_and_what_was_lost_on_the_way_twice_at_most() {
    let ingest = Ingest::start(&[QUEUE_ALONE]).await;
    let shares = vec![
        (0.2, Fault::Status(500)),
        (0.1, Fault::Throttle),
        (0.1, Fault::DropBefore),
        (0.1, Fault::DropAfter),
    ];
    ingest.queue_faults.mix(shares);
    for body in 0..20 {
        let log_ids = (0..5).map(|event| format!("{body}-{event}"));
        let events: Vec<String> = log_ids.map(|log_id| event(&log_id)).collect();
        assert_eq!(ingest.post(array(&events)).await.status, 200);
    }
    ingest.queue_faults.clear();
    let mut bodies = ingest.deliver.bodies();
    let message_count = bodies.len();
    bodies.sort_unstable();
    bodies.dedup();
    assert_eq!(bodies.len(), 20);
    let lost_answers = ingest.queue_faults.injected()["drop_after"];
    assert!(u64::try_from(message_count - 20).unwrap() <= lost_answers);
    assert_eq!(ingest.dead_letters().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_answers_503_while_its_queue_is_missing_or_forbidden_and_then_succeeds() {
    let url = "http://127.0.0.1:9/123456789012/no-such-queue";
    let ingest = Ingest::start(&[QUEUE_ALONE, ("EVENT_QUEUE_URL", url)]).await;
    let reply = ingest.post(event("1")).await;
    assert_eq!((reply.status, reply.body.as_str()), (503, TRY_AGAIN));
    let named = "event queue `no-such-queue` answered";
    let function = &ingest.function;
    let output = function.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
    assert_eq!(ingest.dead_letters().len(), 0);

    let ingest = Ingest::start(&[QUEUE_ALONE]).await;
    for fault in [Fault::Denied, Fault::Status(500), Fault::DropBefore] {
        ingest.queue_faults.always(fault);
        assert_eq!(ingest.post(event("1")).await.status, 503);
    }
    ingest.queue_faults.clear();
    assert_eq!(ingest.post(event("1")).await.status, 200);
    assert_eq!(ingest.deliver.bodies().len(), 1);
    assert_eq!(ingest.dead_letters().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_names_the_queue_is_replayed_to_every_sink() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    let path = file.to_str().unwrap();
    let replaying = Replaying::start(&[("SINKS", "http,file"), ("FILE_SINK_PATH", path)]).await;
    let letter = |log_id| dead_letter(Some("event-queue"), Some(log_id), &event(log_id));
    for _ in 0..2 {
        replaying.bring(&["1", "2"].map(letter)).await;
        assert_eq!(replaying.cloud.collector.log_ids(), once_each(["1", "2"]));
        assert_eq!(log_ids_in(&file), once_each(["1", "2"]));
    }
    assert_eq!(replaying.bus.log_ids().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_that_sqs_set_aside_is_replayed_to_every_sink_that_lacks_it() {
    let replaying = Replaying::start(&[("SINKS", "http")]).await;
    replaying.bring(&[array(&[event("1"), event("2")])]).await;
    let body = array(&[event("2"), event("3")]);
    replaying.cloud.set_aside_queue.send(&body).unwrap();
    replaying.replay().await;
    let expected = once_each(["1", "2", "3"]);
    assert_eq!(replaying.cloud.collector.log_ids(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_webhook_by_the_queue_each_event_is_at_the_sink_once_however_auth0_cuts_its_bodies()
 {
    let cloud = cloud(CloudOptions::default()).await;
    let events: Vec<String> = (0..300).map(|number| event(&number.to_string())).collect();
    for size in [100, 7, 43] {
        for part in events.chunks(size) {
            assert_eq!(post(&cloud, array(part)).await.0, 200);
        }
    }
    arrived(&cloud).await;
    let expected = once_each((0..300).map(|number| number.to_string()));
    assert_eq!(cloud.collector.log_ids(), expected);
    let mut stored = cloud.collector.events();
    stored.sort_unstable();
    let mut sent = events;
    sent.sort_unstable();
    assert_eq!(stored, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_beside_the_queue_gets_the_types_that_it_is_for_and_the_sinks_get_all() {
    let cloud = cloud(CloudOptions::default()).await;
    let types = [
        "s",
        "pwd_leak",
        "fp",
        "sapi",
        "limit_wc",
        "api_limit_warning",
    ];
    let events = types.map(|event_type| event_of_type(event_type, event_type));
    let (status, body) = post(&cloud, array(&events)).await;
    let counts = r#"{"received":6,"delivered":6,"filtered":0,"set_aside":0}"#;
    assert_eq!((status, body.as_str()), (200, counts));
    arrived(&cloud).await;
    assert_eq!(cloud.collector.log_ids(), once_each(types));
    let on_bus = ["pwd_leak", "sapi", "limit_wc", "api_limit_warning"];
    assert_eq!(cloud.bus.log_ids(), once_each(on_bus));
    let counted = |output: &str| -> Option<Value> {
        let lines = output
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .into_iter()
            .find(|line: &Value| line["sink"] == "event-bus")
    };
    let ingest = &cloud.ingest;
    let output = ingest.output_when(|output| counted(output).is_some()).await;
    let line = counted(&output).unwrap();
    assert_eq!(
        (&line["delivered"], &line["filtered"]),
        (&json!(4), &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_fails_keeps_nothing_from_the_queue() {
    let cloud = cloud(CloudOptions::default()).await;
    cloud.bus_faults.always(Fault::Denied);
    let body = array(&[event("1"), event_of_type("sapi", "2")]);
    assert_eq!(post(&cloud, body.clone()).await.0, 503);
    cloud.bus_faults.clear();
    assert_eq!(post(&cloud, body).await.0, 200);
    arrived(&cloud).await;
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    assert_eq!(cloud.bus.log_ids(), once_each(["2"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_for_the_bus_goes_back_to_it_whatever_its_filter_says() {
    let replaying = Replaying::start(&[("EVENT_BUS_INCLUDE_TYPES", "fp")]).await;
    replaying
        .bring(&[dead_letter(Some("event-bus"), Some("1"), &event("1"))])
        .await;
    assert_eq!(replaying.bus.log_ids(), once_each(["1"]));
}
