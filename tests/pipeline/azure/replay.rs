//! Dead letters that come back by the function `replay`: ours, Event Grid's own, and what can never pass.

use cargo_local::azure_cloud::AzureOptions;
use fakes::azure::event_grid::SubscriptionOptions;
use fakes::client;
use fakes::collector::Refusal;
use fakes::faults::Fault;
use serde_json::json;

use crate::kit::azure::{azure, dead_letters, event, event_with, post, replay, settled};
use crate::kit::target::once_each;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sink_refused_goes_back_to_it_once_it_takes_it() {
    let cloud = azure(AzureOptions::default()).await;
    let refusal = Refusal {
        contains: "\"bad\"".to_owned(),
        status: 400,
    };
    cloud.logs.refuse(vec![refusal]);
    cloud
        .partner_topic
        .put(&[event("good"), event("bad")])
        .unwrap();
    settled(&cloud).await;
    let before = dead_letters(&cloud);
    assert_eq!(before.len(), 1);
    // Still refused: it stays as it is.
    assert_eq!(
        replay(&cloud).await,
        json!({ "delivered": 0, "set_aside": 1, "left": 0 })
    );
    assert_eq!(dead_letters(&cloud), before);
    cloud.logs.refuse(Vec::new());
    assert_eq!(
        replay(&cloud).await,
        json!({ "delivered": 1, "set_aside": 0, "left": 0 })
    );
    assert_eq!(dead_letters(&cloud).len(), 0);
    assert_eq!(cloud.logs.log_ids(), once_each(["good", "bad"]));
    assert_eq!(
        replay(&cloud).await,
        json!({ "delivered": 0, "set_aside": 0, "left": 0 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_event_grid_gave_up_goes_to_every_sink() {
    let options = AzureOptions {
        subscription: SubscriptionOptions {
            max_events: 10,
            max_attempts: 2,
            ..SubscriptionOptions::new("", "")
        },
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    cloud.faults.logs.always(Fault::Status(503));
    cloud.partner_topic.put(&[event("a"), event("b")]).unwrap();
    settled(&cloud).await;
    let stored = dead_letters(&cloud);
    assert_eq!(stored.len(), 1);
    let batch = stored.values().next().unwrap();
    assert_eq!(batch[1]["deadLetterReason"], "MaxDeliveryAttemptsExceeded");
    // The sink is still down: nothing is lost, and nothing is deleted.
    assert_eq!(
        replay(&cloud).await,
        json!({ "delivered": 0, "set_aside": 0, "left": 1 })
    );
    assert_eq!(dead_letters(&cloud), stored);
    cloud.faults.logs.clear();
    assert_eq!(
        replay(&cloud).await,
        json!({ "delivered": 1, "set_aside": 0, "left": 0 })
    );
    assert_eq!(dead_letters(&cloud).len(), 0);
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_many_that_event_grid_gave_up_gives_back_each_log_event() {
    let mut options = AzureOptions::default();
    options.subscription.max_attempts = 2;
    let cloud = azure(options).await;
    cloud.faults.logs.always(Fault::Status(503));
    let body = r#"[{"log_id":"a","data":{"type":"s"}},{"log_id":"b","data":{"type":"fp"}}]"#;
    assert_eq!(post(&cloud, body).await.0, 200);
    settled(&cloud).await;
    let stored = dead_letters(&cloud);
    let [(_, dead_letter)] = Vec::from_iter(stored).try_into().unwrap();
    assert_eq!(dead_letter[0]["type"], "com.auth0.Logs");
    cloud.faults.logs.clear();
    assert_eq!(replay(&cloud).await["left"], 0);
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b"]));
    assert_eq!(dead_letters(&cloud).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_pass_stays_and_is_counted() {
    let cloud = azure(AzureOptions::default()).await;
    let poison = event_with(&json!({ "neither": "type nor identifier" }));
    cloud.partner_topic.put(&[poison]).unwrap();
    settled(&cloud).await;
    cloud.dead_letters.put("not/json.json", "{");
    let before = cloud.dead_letters.blobs();
    for _ in 0..2 {
        assert_eq!(
            replay(&cloud).await,
            json!({ "delivered": 0, "set_aside": 0, "left": 2 })
        );
        assert_eq!(cloud.dead_letters.blobs(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_delivered_or_known_is_deleted_and_all_else_is_left_and_counted() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("EXCLUDE_TYPES", "fp")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let grid = |event_type: &str, data: &str| {
        format!(r#"[{{"id":"1","eventType":"{event_type}","subject":"s","data":{data}}}]"#)
    };
    let letter = |event: &str| {
        format!(
            r#"{{"reason":"r","at":"2026-11-21T10:00:00Z","function":"f","sink":null,"tenant":"acme","log_id":null,"event":{event}}}"#
        )
    };
    let filtered = r#"{"log_id":"f","type":"fp"}"#;
    let wrapped = r#"{"log_id":"f","data":{"type":"fp"}}"#;
    let stays = [
        grid("Microsoft.Storage.BlobCreated", r#"{"url":"x"}"#),
        grid("com.auth0.Log", filtered),
        letter(wrapped),
        letter("[]"),
        letter(r#"{"hello":"world"}"#),
        "[]".to_owned(),
        r#"{"some":"object"}"#.to_owned(),
        "no JSON".to_owned(),
        String::new(),
    ];
    for (index, text) in stays.iter().enumerate() {
        cloud
            .dead_letters
            .put(&format!("stays/{index}"), text.clone());
    }
    let before = cloud.dead_letters.blobs();
    let good = letter(r#"{"log_id":"good","data":{"type":"s"}}"#);
    for delivered in [1, 1, 0] {
        if delivered > 0 {
            cloud.dead_letters.put("goes", good.clone());
        }
        assert_eq!(
            replay(&cloud).await,
            json!({ "delivered": delivered, "set_aside": 0, "left": stays.len() })
        );
        assert_eq!(cloud.dead_letters.blobs(), before);
    }
    assert_eq!(cloud.logs.log_ids(), once_each(["good"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_needs_the_key_and_says_when_the_container_is_out_of_reach() {
    let cloud = azure(AzureOptions::default()).await;
    let url = cloud.subscriber.http_url("replay").unwrap();
    let without_key = url.split('?').next().unwrap();
    let refused = client::post(without_key, &[], "").await.unwrap();
    assert_eq!(refused.status(), 401);
    cloud.faults.dead_letters.always(Fault::Denied);
    let answer = client::post(&url, &[], "").await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.body().starts_with(br#"{"error":"#));
}
