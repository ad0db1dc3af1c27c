//! From a topic to Log Analytics: both schemas, one and many, every form of data, events that are none.

use cargo_local::azure_cloud::AzureOptions;
use fakes::client;
use fakes::collector::Refusal;
use fakes::faults::Fault;
use serde_json::{Value, json};

use crate::kit::azure::{azure, dead_letters, event, event_with, settled};
use crate::kit::target::once_each;

fn ids(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("90020261120{number:04}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_partner_topic_each_event_is_in_the_workspace_once_and_twice_delivers_nothing_new()
{
    let cloud = azure(AzureOptions::default()).await;
    let events: Vec<Value> = ids(250).iter().map(|id| event(id)).collect();
    for _ in 0..2 {
        cloud.partner_topic.put(&events).unwrap();
        settled(&cloud).await;
    }
    assert_eq!(cloud.logs.log_ids(), once_each(ids(250)));
    assert_eq!(cloud.ledger.count(), 250);
    assert_eq!(dead_letters(&cloud).len(), 0);
    let row = cloud.logs.rows().remove(0);
    assert_eq!(row.stream, "Custom-Auth0Logs");
    assert_eq!(row.columns["EventType"], "s");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_one_by_one_are_delivered_by_calls_side_by_side() {
    let options = AzureOptions {
        is_single: true,
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let events: Vec<Value> = ids(120).iter().map(|id| event(id)).collect();
    cloud.partner_topic.put(&events).unwrap();
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(ids(120)));
    assert_eq!(cloud.subscriber.calls(), 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_may_be_flat_or_wrapped_an_object_or_text_in_either_schema() {
    let mut options = AzureOptions::default();
    // Whoever subscribes us to a topic of their own gets what others put onto it, too.
    options.subscription.types.clear();
    let cloud = azure(options).await;
    let record =
        |id: &str| json!({ "log_id": id, "type": "s", "date": "2026-11-20T10:30:15.204Z" });
    let wrapped = |id: &str| json!({ "log_id": id, "data": record(id) });
    let texts = [
        event("flat"),
        event_with(&wrapped("wrapped")),
        event_with(&record("text").to_string().into()),
        event_with(&wrapped("wrapped-text").to_string().into()),
    ];
    cloud.partner_topic.put(&texts).unwrap();
    let cloud_event = |data: Value| {
        json!({
            "specversion": "1.0",
            "id": "1",
            "source": "auth0.com/acme/auth0.logs",
            "type": "com.auth0.Log",
            "data": data,
        })
    };
    let events = [
        cloud_event(record("cloud-flat")),
        cloud_event(wrapped("cloud-wrapped")),
        cloud_event(record("cloud-text").to_string().into()),
    ];
    cloud.topic.put(&events).unwrap();
    settled(&cloud).await;
    let expected = [
        "flat",
        "wrapped",
        "text",
        "wrapped-text",
        "cloud-flat",
        "cloud-wrapped",
        "cloud-text",
    ];
    assert_eq!(cloud.logs.log_ids(), once_each(expected));
    assert_eq!(dead_letters(&cloud).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_keeps_the_rest_of_its_event_unless_raw_says_otherwise() {
    let record =
        json!({ "log_id": "1", "type": "s", "date": "2026-11-20T10:30:15.204Z", "novel": 7 });
    let whole = json!({ "log_id": "1", "data": record });
    for (raw, kept) in [
        ("", json!({ "novel": 7 })),
        ("none", json!({})),
        ("whole", whole),
    ] {
        let options = AzureOptions {
            environment: vec![("RAW".to_owned(), raw.to_owned())],
            ..AzureOptions::default()
        };
        let cloud = azure(options).await;
        cloud.partner_topic.put(&[event_with(&record)]).unwrap();
        settled(&cloud).await;
        assert_eq!(cloud.logs.rows().remove(0).columns["Raw"], kept, "{raw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_set_aside_and_acknowledged_and_another_publisher_is_filtered() {
    let cloud = azure(AzureOptions::default()).await;
    let poison = event_with(&json!({ "neither": "type nor identifier" }));
    let mut other = event_with(&json!({ "url": "https://example.com/" }));
    other["eventType"] = "Microsoft.Storage.BlobCreated".into();
    cloud
        .partner_topic
        .put(&[event("good"), poison, other])
        .unwrap();
    settled(&cloud).await;
    let answers = cloud.partner_subscription.deliveries().answers;
    assert!(answers.keys().all(|status| *status == 202), "{answers:?}");
    assert_eq!(cloud.logs.log_ids(), once_each(["good"]));
    let dead_letters = dead_letters(&cloud);
    assert_eq!(dead_letters.len(), 1, "{dead_letters:?}");
    let dead_letter = dead_letters.values().next().unwrap();
    assert_eq!(dead_letter["sink"], Value::Null);
    assert_eq!(
        dead_letter["event"]["data"]["neither"],
        "type nor identifier"
    );
    let counted = |text: &str| cloud.subscriber.output().contains(text);
    crate::kit::eventually("the counters", || counted(r#""filtered":1"#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_log_event_is_set_aside_once_however_often_event_grid_brings_its_neighbours() {
    let cloud = azure(AzureOptions::default()).await;
    let of_many = json!({
        "specversion": "1.0",
        "id": "1",
        "source": "auth0.com/acme/auth0.logs",
        "type": "com.auth0.Logs",
        "data": [{"log_id": "a", "data": {"type": "s"}}, 5, {"neither": "type nor identifier"}],
    });
    // As many as two deliveries try.
    cloud.faults.logs.script(vec![Fault::Status(503); 6]);
    cloud.topic.put(&[of_many]).unwrap();
    settled(&cloud).await;
    let answers = cloud.subscription.deliveries().answers;
    assert_eq!((answers[&500], answers[&202]), (2, 1), "{answers:?}");
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
    assert_eq!(dead_letters(&cloud).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_event_at_all_could_be_is_set_aside_and_answered_with_success() {
    let cloud = azure(AzureOptions::default()).await;
    let url = cloud.subscriber.event_grid_url("deliver");
    let headers = [("aeg-event-type", "Notification")];
    for body in ["[{}]", r#"[{"data":null}]"#, r#"{"data":"not json"}"#] {
        let answer = client::post(&url, &headers, body).await.unwrap();
        assert_eq!(answer.status(), 202, "{body}");
    }
    assert_eq!(dead_letters(&cloud).len(), 3);
    assert_eq!(cloud.logs.rows().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_rule_refuses_is_set_aside_alone() {
    let cloud = azure(AzureOptions::default()).await;
    cloud.logs.refuse(vec![Refusal {
        contains: "\"bad\"".to_owned(),
        status: 400,
    }]);
    let events: Vec<Value> = ["good", "bad", "better"].map(event).into();
    cloud.partner_topic.put(&events).unwrap();
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["good", "better"]));
    let dead_letters = dead_letters(&cloud);
    let dead_letter = dead_letters.values().next().unwrap();
    assert_eq!(
        (&dead_letter["sink"], &dead_letter["log_id"]),
        (&json!("log-analytics"), &json!("bad"))
    );
}
