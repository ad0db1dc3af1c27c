use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::azure::entra::Entra;
use crate::client;

const PATIENCE: Duration = Duration::from_secs(20);

fn cloud_event(id: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "auth0.com/acme/auth0.logs",
        "type": "com.auth0.Log",
        "data": { "type": "s", "log_id": id },
    })
}

fn event(id: &str) -> Value {
    json!({
        "id": id,
        "subject": "s",
        "eventType": "com.auth0.Log",
        "eventTime": "2026-11-21T10:00:00Z",
        "dataVersion": "1",
        "data": { "type": "s", "log_id": id },
    })
}

async fn topic(schema: EventSchema) -> Topic {
    let entra = Entra::start(Faults::healthy()).await.unwrap();
    let topic = Topic::start("logs", schema, entra.tokens(), Faults::healthy()).await;
    topic.unwrap()
}

/// A delivery's headers and body.
type Seen = (BTreeMap<String, String>, Value);

/// An endpoint that consents, and answers deliveries by their number.
struct Endpoint {
    server: Server,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn endpoint(answer: fn(usize) -> u16) -> Endpoint {
    let seen: Arc<Mutex<Vec<_>>> = Arc::default();
    let (calls, seeing) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&seen));
    let server = Server::start(move |request: Request<Bytes>| {
        let (calls, seen) = (Arc::clone(&calls), Arc::clone(&seeing));
        async move {
            if request.method() == Method::OPTIONS {
                let response = hyper::Response::builder().header("webhook-allowed-origin", "*");
                return Answer::Respond(response.body(Bytes::new()).unwrap());
            }
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            if request.headers()["aeg-event-type"] == "SubscriptionValidation" {
                let code = &body[0]["data"]["validationCode"];
                return Answer::json(200, json!({ "validationResponse": code }).to_string());
            }
            let headers = request.headers().iter();
            let headers =
                headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            lock(&seen).push((headers.collect(), body));
            Answer::json(answer(calls.fetch_add(1, Ordering::SeqCst)), "{}")
        }
    });
    Endpoint {
        server: server.await.unwrap(),
        seen,
    }
}

impl Endpoint {
    fn options(&self) -> SubscriptionOptions {
        SubscriptionOptions {
            time_scale: 0.000_1,
            ..SubscriptionOptions::new("to-test", self.server.url())
        }
    }

    fn bodies(&self) -> Vec<Value> {
        let seen = lock(&self.seen);
        seen.iter().map(|(_, body)| body.clone()).collect()
    }
}

async fn publish(topic: &Topic, headers: &[(&str, &str)], body: String) -> u16 {
    let url = format!("{}?api-version=2018-01-01", topic.endpoint());
    client::post(&url, headers, body)
        .await
        .unwrap()
        .status()
        .as_u16()
}

const BATCH: (&str, &str) = (
    "content-type",
    "application/cloudevents-batch+json; charset=utf-8",
);

#[tokio::test]
async fn a_topic_takes_a_batch_of_its_schema_from_whoever_has_a_credential() {
    let topic = topic(EventSchema::CloudEvents).await;
    let token = ("aeg-sas-key", topic.key());
    let batch = json!([cloud_event("1"), cloud_event("2")]).to_string();
    assert_eq!(publish(&topic, &[token, BATCH], batch.clone()).await, 200);
    assert_eq!(topic.published().len(), 2);

    assert_eq!(publish(&topic, &[BATCH], batch.clone()).await, 401);
    let wrong = ("authorization", "Bearer other");
    assert_eq!(publish(&topic, &[wrong, BATCH], batch.clone()).await, 401);
    let json_type = ("content-type", "application/json");
    assert_eq!(publish(&topic, &[token, json_type], batch).await, 400);
    let other = json!([event("1")]).to_string();
    assert_eq!(publish(&topic, &[token, BATCH], other).await, 400);
    let large = json!([cloud_event(&"x".repeat(MAX_BYTES))]).to_string();
    assert_eq!(publish(&topic, &[token, BATCH], large).await, 413);
    assert_eq!(topic.published().len(), 2);

    topic.keep_nothing();
    topic.put(&[cloud_event("3")]).unwrap();
    assert_eq!(topic.published().len(), 2);
}

#[tokio::test]
async fn events_come_in_batches_of_either_schema_and_singly_without_them() {
    let topic = topic(EventSchema::EventGrid).await;
    let endpoint = endpoint(|_| 202).await;
    let single = topic.subscribe(endpoint.options()).await.unwrap();
    topic.put(&[event("1"), event("2")]).unwrap();
    single.settled(PATIENCE).await.unwrap();
    assert!(
        endpoint
            .bodies()
            .iter()
            .all(|body| body.as_array().unwrap().len() == 1)
    );
    assert_eq!(endpoint.bodies().len(), 2);

    let batched = SubscriptionOptions {
        schema: EventSchema::CloudEvents,
        most_events: 10,
        ..endpoint.options()
    };
    let batched = topic.subscribe(batched).await.unwrap();
    lock(&endpoint.seen).clear();
    topic.put(&[event("3"), event("4")]).unwrap();
    for subscription in [&single, &batched] {
        subscription.settled(PATIENCE).await.unwrap();
    }
    let bodies = endpoint.bodies();
    assert_eq!(bodies.len(), 3);
    let batch = bodies
        .iter()
        .find(|body| body.as_array().unwrap().len() == 2)
        .unwrap();
    assert_eq!(batch[0]["specversion"], "1.0");
    assert_eq!(batch[1]["data"]["log_id"], "4");
}

#[tokio::test]
async fn what_fails_comes_again_by_the_schedule_and_what_succeeds_may_come_again_too() {
    let topic = topic(EventSchema::CloudEvents).await;
    let endpoint = endpoint(|call| if call < 3 { 500 } else { 202 }).await;
    let options = SubscriptionOptions {
        repeated_share: 1.0,
        ..endpoint.options()
    };
    let subscription = topic.subscribe(options).await.unwrap();
    topic.put(&[cloud_event("1")]).unwrap();
    subscription.settled(PATIENCE).await.unwrap();
    let deliveries = subscription.deliveries();
    assert_eq!(deliveries.answers, BTreeMap::from([(202, 2), (500, 3)]));
    assert_eq!(
        (deliveries.retried_events, deliveries.repeated_events),
        (3, 1)
    );
    let counts: Vec<String> = lock(&endpoint.seen)
        .iter()
        .map(|(headers, _)| headers["aeg-delivery-count"].clone())
        .collect();
    assert_eq!(counts, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn what_fails_too_often_or_for_good_becomes_a_dead_letter() {
    let topic = topic(EventSchema::CloudEvents).await;
    let failing = endpoint(|_| 500).await;
    let refusing = endpoint(|_| 413).await;
    let options = SubscriptionOptions {
        most_attempts: 3,
        ..failing.options()
    };
    let failing = topic.subscribe(options).await.unwrap();
    let refusing = topic.subscribe(refusing.options()).await.unwrap();
    topic.put(&[cloud_event("1")]).unwrap();
    for (subscription, reason, attempts) in [
        (failing, "MaxDeliveryAttemptsExceeded", 3),
        (refusing, "UndeliverableDueToClientError", 1),
    ] {
        subscription.settled(PATIENCE).await.unwrap();
        let dead_letters = subscription.dead_letters();
        assert_eq!(dead_letters.len(), 1);
        assert_eq!(dead_letters[0]["deadletterreason"], reason);
        assert_eq!(dead_letters[0]["deliveryattempts"], attempts);
        assert_eq!(dead_letters[0]["data"]["log_id"], "1");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_consent_gets_no_subscription() {
    let topic = topic(EventSchema::EventGrid).await;
    let deaf = Server::start(|_| async { Answer::json(202, "{}") })
        .await
        .unwrap();
    for schema in [EventSchema::EventGrid, EventSchema::CloudEvents] {
        let options = SubscriptionOptions {
            schema,
            ..SubscriptionOptions::new("to-test", deaf.url())
        };
        assert!(topic.subscribe(options).await.is_err());
    }
}

#[tokio::test]
#[ignore = "needs AZURE_PEERS_PYTHON"]
async fn what_microsofts_own_client_publishes_is_taken_in_both_schemas() {
    let python = std::env::var_os("AZURE_PEERS_PYTHON").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.ci/publish_events.py");
    for (schema, name) in [
        (EventSchema::CloudEvents, "cloud-events"),
        (EventSchema::EventGrid, "event-grid"),
    ] {
        let topic = topic(schema).await;
        let endpoint = endpoint(|_| 202).await;
        let options = SubscriptionOptions {
            schema,
            most_events: 10,
            ..endpoint.options()
        };
        let subscription = topic.subscribe(options).await.unwrap();
        let published = tokio::process::Command::new(&python)
            .args([script, &topic.endpoint(), topic.key(), name])
            .status();
        assert!(published.await.unwrap().success(), "{name}");
        subscription.settled(PATIENCE).await.unwrap();
        let bodies = endpoint.bodies();
        let delivered = bodies.iter().flat_map(|body| body.as_array().unwrap());
        let mut log_ids: Vec<&str> = delivered
            .map(|event| event["data"]["log_id"].as_str().unwrap())
            .collect();
        log_ids.sort_unstable();
        let expected = ["90020261121-1", "90020261121-1", "90020261121-2"];
        assert_eq!(log_ids, expected, "{name}");
    }
}
