use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::azure::entra::Entra;

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

#[tokio::test]
async fn what_fails_too_often_or_for_good_becomes_a_dead_letter() {
    let topic = topic(EventSchema::CloudEvents).await;
    let failing = endpoint(|_| 500).await;
    let refusing = endpoint(|_| 413).await;
    let options = SubscriptionOptions {
        max_attempts: 3,
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
            max_events: 10,
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
