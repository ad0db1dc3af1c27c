//! Services that refuse much, answer slowly, or both: what is known when sending ends is settled, and nothing is doubled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::CloudOptions;
use fakes::collector::Refusal;
use fakes::faults::Fault;
use fakes::server::{Answer, Server};
use hyper::Request;
use serde_json::Value;

use crate::kit::azure;
use crate::kit::target::{event, failed, once_each};
use crate::kit::{cloud, dead_letters, settings, twice_count};

const NOTHING: [usize; 0] = [];

/// A service that takes its time, and refuses a call as a whole that holds an event it does not take.
struct Picky {
    server: Server,
    stored: Arc<Mutex<Vec<u64>>>,
    calls: Arc<Mutex<usize>>,
}

impl Picky {
    async fn start(call_time: Duration, is_bad: fn(u64) -> bool) -> Self {
        let (stored, calls): (Arc<Mutex<Vec<u64>>>, Arc<Mutex<usize>>) = Default::default();
        let (kept, counted) = (Arc::clone(&stored), Arc::clone(&calls));
        let server = Server::start(move |request: Request<_>| {
            let (kept, counted) = (Arc::clone(&kept), Arc::clone(&counted));
            async move {
                let body: bytes::Bytes = request.into_body();
                let numbers = numbers(std::str::from_utf8(&body).unwrap());
                *counted.lock().unwrap() += 1;
                tokio::time::sleep(call_time).await;
                if numbers.iter().any(|number| is_bad(*number)) {
                    return Answer::json(400, "{}");
                }
                kept.lock().unwrap().extend(numbers);
                Answer::json(200, "{}")
            }
        });
        Self {
            server: server.await.unwrap(),
            stored,
            calls,
        }
    }

    fn log_ids(&self) -> BTreeMap<String, u64> {
        let mut log_ids = BTreeMap::new();
        for number in self.stored.lock().unwrap().iter() {
            *log_ids.entry(number.to_string()).or_default() += 1;
        }
        log_ids
    }

    fn call_count(&self) -> usize {
        *self.calls.lock().unwrap()
    }
}

/// The numbers that a body's events have as their `log_id`s, each once however often its event names it.
fn numbers(body: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for rest in body.split(r#""log_id":""#).skip(1) {
        let number = rest.split('"').next().unwrap().parse().unwrap();
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }
    numbers
}

fn events(count: u64) -> Vec<String> {
    (0..count)
        .map(|number| event(&number.to_string()))
        .collect()
}

fn log_id(dead_letter: &Value) -> u64 {
    dead_letter["log_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_other_row_refused_one_invocation_delivers_the_good_and_sets_the_bad_aside() {
    let collector = Picky::start(Duration::from_millis(300), |number| number % 2 == 1).await;
    let cloud = cloud(CloudOptions {
        environment: settings(&[("HTTP_SINK_URL", &collector.server.url())]),
        timeout: Duration::from_mins(1),
        ..CloudOptions::default()
    })
    .await;
    assert_eq!(failed(&cloud, &events(100)).await, NOTHING);
    let good = (0..100).filter(|number| number % 2 == 0);
    let good = once_each(good.map(|number: u64| number.to_string()));
    assert_eq!(collector.log_ids(), good);
    let dead_letters = dead_letters(&cloud.set_aside_queue);
    assert_eq!(dead_letters.len(), 50);
    for dead_letter in &dead_letters {
        assert_eq!(log_id(dead_letter) % 2, 1, "{dead_letter}");
        assert_eq!(dead_letter["reason"], "the collector answered 400");
    }
    let calls = collector.call_count();
    assert_eq!(failed(&cloud, &events(100)).await, NOTHING);
    assert_eq!(collector.call_count(), calls, "all of it is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_time_is_over_what_is_known_is_settled_and_the_next_invocation_goes_on() {
    let collector = Picky::start(Duration::from_millis(400), |number| number % 2 == 1).await;
    let cloud = cloud(CloudOptions {
        environment: settings(&[("HTTP_SINK_URL", &collector.server.url())]),
        timeout: Duration::from_secs(6),
        ..CloudOptions::default()
    })
    .await;
    let bodies = events(100);
    let mut left = bodies.len();
    let mut invocations = 0;
    while left > 0 {
        let calls = collector.call_count();
        let still_left = failed(&cloud, &bodies).await.len();
        let made = collector.call_count() - calls;
        let settled = left - still_left;
        assert!(settled > 0, "invocation {invocations} settles something");
        assert!(settled * 2 + 16 >= made, "{settled} rows by {made} calls");
        left = still_left;
        invocations += 1;
    }
    assert!(invocations > 1, "the time was never over");
    assert_eq!(collector.log_ids().len(), 50);
    assert_eq!(twice_count(&collector.log_ids()), 0);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_collector_gets_one_copy_of_each_event() {
    // A third of the time for sending is less than that.
    let collector = Picky::start(Duration::from_millis(4_500), |_| false).await;
    let cloud = cloud(CloudOptions {
        environment: settings(&[("HTTP_SINK_URL", &collector.server.url())]),
        timeout: Duration::from_secs(15),
        ..CloudOptions::default()
    })
    .await;
    assert_eq!(failed(&cloud, &events(10)).await, NOTHING);
    assert_eq!(collector.call_count(), 1);
    let expected = once_each((0..10).map(|number: u64| number.to_string()));
    assert_eq!(collector.log_ids(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_azure_the_webhook_sets_aside_what_the_topic_refuses_and_nothing_else() {
    let topic = Picky::start(Duration::from_millis(200), |number| number % 5 == 0).await;
    let endpoint = format!("{}/api/events", topic.server.url().trim_end_matches('/'));
    let cloud = azure::azure(AzureOptions {
        environment: settings(&[("EVENT_TOPIC_ENDPOINT", &endpoint)]),
        ..AzureOptions::default()
    })
    .await;
    let body = format!("[{}]", events(100).join(","));
    let counts = r#"{"received":100,"delivered":80,"filtered":0,"set_aside":20}"#;
    let (status, answer) = azure::post(&cloud, body).await;
    assert_eq!((status, answer.as_str()), (200, counts));
    assert_eq!(topic.log_ids().len(), 80);
    assert_eq!(twice_count(&topic.log_ids()), 0);
    for dead_letter in azure::dead_letters(&cloud).values() {
        assert_eq!(log_id(dead_letter) % 5, 0, "{dead_letter}");
        assert_eq!(dead_letter["reason"], "the event topic answered 400");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_and_a_slow_rule_double_nothing() {
    let cloud = azure::azure(AzureOptions::default()).await;
    cloud.logs.refuse(vec![Refusal {
        contains: "\"77\"".to_owned(),
        status: 400,
    }]);
    cloud
        .faults
        .logs
        .always(Fault::Late(Duration::from_millis(2_500)));
    let events: Vec<Value> = (0..99)
        .map(|number: u64| azure::event(&number.to_string()))
        .collect();
    cloud.partner_topic.put(&events).unwrap();
    azure::settled(&cloud).await;
    let good = (0..99).filter(|number| *number != 77);
    let good = once_each(good.map(|number: u64| number.to_string()));
    assert_eq!(cloud.logs.log_ids(), good);
    assert_eq!(azure::dead_letters(&cloud).len(), 1);
}
