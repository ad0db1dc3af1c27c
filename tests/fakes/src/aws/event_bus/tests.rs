//! The SDK itself against the bus, and the bus against its targets.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::retry::RetryConfig;
use aws_sdk_eventbridge::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::operation::put_events::{PutEventsError, PutEventsOutput};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use super::*;
use crate::aws::queue::{Queue, QueueOptions};
use crate::invocation::InvocationError;

type Put = Result<PutEventsOutput, SdkError<PutEventsError>>;

struct Setup {
    client: Client,
    bus: EventBus,
}

const ALL: &str = r#"{"source":[{"prefix":""}]}"#;

async fn start() -> Setup {
    let bus = EventBus::start("logs", Faults::healthy()).await.unwrap();
    let queue = Queue::new("events", QueueOptions::default());
    bus.add_rule(rule(ALL, Target::Queue(queue))).unwrap();
    let config = aws_sdk_eventbridge::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(bus.url())
        .build();
    Setup {
        client: Client::from_conf(config),
        bus,
    }
}

fn rule(pattern: &str, target: Target) -> Rule {
    let pattern = Pattern::parse(pattern).unwrap();
    Rule {
        name: "rule".to_owned(),
        pattern,
        targets: vec![target],
    }
}

fn entry(source: &str, detail: &str) -> PutEventsRequestEntry {
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name("logs")
        .source(source);
    entry.detail_type("Auth0 log").detail(detail).build()
}

async fn put(setup: &Setup, entries: Vec<PutEventsRequestEntry>) -> Put {
    setup
        .client
        .put_events()
        .set_entries(Some(entries))
        .send()
        .await
}

fn partner_entry(detail: &str) -> Entry {
    Entry {
        source: "aws.partner/auth0.com/example-1/auth0.logs".to_owned(),
        detail_type: "Auth0 log".to_owned(),
        detail: detail.to_owned(),
        ..Entry::default()
    }
}

#[tokio::test]
async fn each_entry_is_checked_for_itself_and_answered_in_order() {
    let setup = start().await;
    let no_detail = PutEventsRequestEntry::builder()
        .event_bus_name("logs")
        .source("a");
    let long_type = entry("a", "{}");
    let output = put(
        &setup,
        vec![
            entry("a", "{\"log_id\":\"1\"}"),
            no_detail.detail_type("t").build(),
            entry("a", "[1]"),
            entry("a", "{"),
            entry("aws.a", "{}"),
            entry("", "{}"),
            PutEventsRequestEntry::builder()
                .event_bus_name("logs")
                .source("a")
                .detail_type("t".repeat(129))
                .detail("{}")
                .build(),
            long_type,
        ],
    );
    let output = output.await.unwrap();
    let codes: Vec<_> = output
        .entries()
        .iter()
        .map(|entry| entry.error_code().unwrap_or(""))
        .collect();
    let expected = [
        "",
        "InvalidArgument",
        "MalformedDetail",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidArgument",
        "InvalidArgument",
        "",
    ];
    assert_eq!(codes, expected);
    assert_eq!(output.failed_entry_count(), 6);
    let counts = setup.bus.counts();
    assert_eq!(
        (
            counts.calls,
            counts.accepted,
            counts.refused,
            counts.delivered
        ),
        (1, 2, 6, 2)
    );
}

#[tokio::test]
async fn a_call_outside_the_limits_is_refused_as_a_whole() {
    let setup = start().await;
    let sized = |bytes: usize| {
        let rest = "a".len() + "Auth0 log".len() + "{\"x\":\"\"}".len();
        entry("a", &format!("{{\"x\":\"{}\"}}", "x".repeat(bytes - rest)))
    };
    let mut eleven = vec![entry("a", "{}"); 11];
    let no_detail = PutEventsRequestEntry::builder()
        .event_bus_name("other")
        .detail("")
        .build();
    for (entries, expected) in [
        (vec![], "ValidationException"),
        (eleven.clone(), "ValidationException"),
        (vec![sized(1_000_001)], "ValidationException"),
        (vec![sized(500_000), sized(500_001)], "ValidationException"),
        (vec![entry("", "{}")], "ValidationException"),
        (vec![no_detail], "ValidationException"),
    ] {
        let error = put(&setup, entries).await.unwrap_err();
        assert_eq!(error.code(), Some(expected));
    }
    assert_eq!(setup.bus.counts().accepted, 0);
    eleven.pop();
    put(&setup, eleven).await.unwrap();
    put(&setup, vec![sized(500_000), sized(500_000)])
        .await
        .unwrap();
    assert_eq!(setup.bus.counts().accepted, 12);
}

/// Seen of the real service: 200 and an identifier, and nothing of the event remains.
#[tokio::test]
async fn an_entry_for_a_bus_that_does_not_exist_is_taken_and_lost() {
    let setup = start().await;
    let no_bus = PutEventsRequestEntry::builder()
        .source("a")
        .detail_type("t")
        .detail("{}")
        .build();
    let answer = put(&setup, vec![entry("a", "{}"), no_bus]).await.unwrap();
    assert_eq!(answer.failed_entry_count(), 0);
    assert!(
        answer
            .entries()
            .iter()
            .all(|entry| entry.event_id().is_some())
    );
    setup.bus.delete();
    put(&setup, vec![entry("a", "{}")]).await.unwrap();
    setup.bus.make_again();
    put(&setup, vec![entry("a", "{}")]).await.unwrap();
    let counts = setup.bus.counts();
    assert_eq!((counts.accepted, counts.lost), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_two_more_tries_and_then_its_failure_record_is_kept() {
    let bus = EventBus::start("logs", Faults::healthy()).await.unwrap();
    let failures = Queue::new("failures", QueueOptions::default());
    let calls = Arc::new(Mutex::new(Vec::new()));
    let function = {
        let calls = Arc::clone(&calls);
        move |payload: Vec<u8>| {
            lock(&calls).push(tokio::time::Instant::now());
            let is_poison = String::from_utf8(payload).unwrap().contains("poison");
            std::future::ready(if is_poison {
                Err(InvocationError::Function {
                    body: r#"{"errorMessage":"no"}"#.to_owned(),
                    error_type: "E".to_owned(),
                    message: "no".to_owned(),
                })
            } else {
                Ok(Bytes::new())
            })
        }
    };
    let target = AsyncTarget::new("target", Arc::new(function)).on_failure(Arc::clone(&failures));
    bus.add_rule(rule(ALL, Target::Function(Arc::new(target))))
        .unwrap();
    bus.put(&partner_entry(r#"{"log_id":"1"}"#)).unwrap();
    bus.settled(Duration::from_secs(1)).await.unwrap();
    assert_eq!(failures.depth().total(), 0);

    bus.put(&partner_entry(r#"{"log_id": "poison"}"#)).unwrap();
    assert_eq!(bus.settled(Duration::from_secs(100)).await, Err(1));
    bus.settled(Duration::from_mins(5)).await.unwrap();
    let calls = lock(&calls).clone();
    let waits: Vec<u64> = calls
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs())
        .collect();
    assert_eq!(waits[1..], [60, 120]);
    let body = failures.bodies().remove(0);
    assert!(body.contains(r#""detail":{"log_id": "poison"}"#), "{body}");
    let record: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responsePayload"]["errorMessage"], "no");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_invocation_is_tried_until_there_is_room() {
    let bus = EventBus::start("logs", Faults::healthy()).await.unwrap();
    let calls = Arc::new(Mutex::new(0));
    let function = {
        let calls = Arc::clone(&calls);
        move |_payload| {
            *lock(&calls) += 1;
            let throttled = *lock(&calls) < 6;
            std::future::ready(if throttled {
                Err(InvocationError::Throttled)
            } else {
                Ok(Bytes::new())
            })
        }
    };
    let target = AsyncTarget::new("target", Arc::new(function));
    bus.add_rule(rule(ALL, Target::Function(Arc::new(target))))
        .unwrap();
    bus.put(&partner_entry("{}")).unwrap();
    bus.settled(Duration::from_mins(1)).await.unwrap();
    assert_eq!(*lock(&calls), 6);
}
