//! Markers in events, headers, settings and endpoints' answers: none of them is ever in what a function writes or
//! reports, whatever fails and however much it is asked to say.

use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::collector::Refusal;
use fakes::faults::Fault;
use fakes::invocation::InvocationError;
use hosts::lambda::Function;
use serde_json::Value;

use crate::kit::reply::{Reply, send};
use crate::kit::{PATIENCE, arrived, cloud, dead_letters, eventually, settings};

/// Every marker holds one of these: the word, its address, or the word as a list of bytes or in base64.
const TRACES: [&str; 6] = [
    "marker",
    "203.0.113.77",
    "109, 97, 114, 107, 101, 114",
    "bWFya2Vy",
    "1hcmtlc",
    "tYXJrZX",
];

const TOKEN: &str = "marker-webhook-token";

const EVENT: &str = r#"{"log_id":"90020261120","data":{"type":"s","date":"2026-11-20T10:30:15Z","user_name":"Marker Ada","email":"marker@example.com","ip":"203.0.113.77","user_id":"auth0|marker","description":"marker text","details":{"request":{"body":{"marker":"marker"}}}}}"#;
/// A type that nobody knows, and text where a number or a date belongs.
const ODD: &str =
    r#"{"log_id":"90020261121","data":{"type":"marker","date":"marker","ip":"203.0.113.77"}}"#;
const POISON: &str = r#"{"user_name":"Marker Ada","ip":"203.0.113.77"}"#;

fn secrets(redaction: &str) -> [(&'static str, &str); 10] {
    [
        // Every event goes onto the bus, too.
        ("EVENT_BUS_INCLUDE_TYPES", ""),
        ("LOG_LEVEL", "trace"),
        ("RUST_LOG", "trace"),
        ("MAX_BODY_BYTES", "20000"),
        (
            "WEBHOOK_TOKENS",
            "marker-webhook-token,marker-second-webhook-token",
        ),
        ("HTTP_SINK_AUTHORIZATION", "Bearer marker-collector"),
        ("AWS_SECRET_ACCESS_KEY", "marker-secret-key"),
        ("AWS_SESSION_TOKEN", "marker-session"),
        ("REDACT", redaction),
        ("REDACT_KEY", "marker-redact-key"),
    ]
}

fn check_text(what: &str, text: &str) {
    let lower = text.to_lowercase();
    for trace in TRACES {
        let found = lower
            .lines()
            .find(|line| line.contains(&trace.to_lowercase()));
        assert_eq!(found, None, "{what} has `{trace}`");
    }
}

/// Every line is JSON without a marker, and so many of them have each level.
async fn check_output(function: &Function, levels: [(&str, usize); 2]) {
    let has_enough = |output: &str| {
        let count = |level| output.matches(&format!("\"level\":\"{level}\"")).count();
        levels.iter().all(|(level, wanted)| count(level) >= *wanted)
    };
    let output = function
        .output_when(|output| output.ends_with('\n') && has_enough(output))
        .await;
    assert!(has_enough(&output), "{} said {output}", function.name());
    check_text(function.name(), &output);
    for line in output.lines().filter(|line| !line.is_empty()) {
        let read = serde_json::from_str::<Value>(line);
        assert!(read.is_ok(), "{} writes no JSON: {line}", function.name());
    }
}

async fn post(cloud: &Cloud, method: &str, token: &str, body: impl Into<Vec<u8>>) -> Reply {
    let url = format!("{}/marker?marker=marker", cloud.webhook.url());
    let headers = [
        ("authorization", token),
        ("content-type", "application/json"),
        ("user-agent", "marker/1.0"),
        ("x-forwarded-for", "203.0.113.77"),
        ("cookie", "marker=marker"),
    ];
    let reply = send(method, &url, &headers, body.into()).await;
    check_text("an answer", &format!("{reply:?}"));
    reply
}

/// Every answer of the webhook, with a healthy and a faulty bus and dead-letter queue.
async fn walk_the_webhook(cloud: &Cloud) {
    let batch = format!("[{EVENT},{ODD},{POISON},\"marker\"]");
    let lines = format!("{EVENT}\n{{\"marker\": marker\n{POISON}");
    let broken = format!("[{EVENT},{{\"user_name\":\"Marker Ada");
    let torn = [b"\x1f\x8b\x08".as_slice(), EVENT.as_bytes()].concat();
    let large = "marker ".repeat(4_000);
    for (method, token, body, status) in [
        ("GET", TOKEN, batch.as_bytes(), 405),
        ("POST", "Bearer marker-wrong", batch.as_bytes(), 401),
        ("POST", TOKEN, broken.as_bytes(), 400),
        ("POST", TOKEN, torn.as_slice(), 400),
        ("POST", TOKEN, b"[\"marker\xff\"]", 400),
        ("POST", TOKEN, large.as_bytes(), 413),
        ("POST", TOKEN, lines.as_bytes(), 200),
        ("POST", TOKEN, batch.as_bytes(), 200),
    ] {
        let reply = post(cloud, method, token, body).await;
        assert_eq!(reply.status, status, "{}", String::from_utf8_lossy(body));
    }
    let refuse = |code: &str| Fault::RefuseEntries {
        share: 1.0,
        code: code.to_owned(),
    };
    for fault in [
        refuse("MalformedDetail"),
        refuse("user Marker Ada is unknown at 203.0.113.77"),
        refuse("InternalFailure"),
        Fault::Status(400),
        Fault::DropBefore,
        Fault::Hang,
    ] {
        cloud.bus_faults.always(fault);
        assert_eq!(post(cloud, "POST", TOKEN, batch.as_str()).await.status, 200);
    }
    cloud.queue_faults.always(Fault::Status(500));
    for body in [&batch, &broken] {
        let reply = post(cloud, "POST", TOKEN, body.as_str()).await;
        assert_eq!(reply.status, 503);
    }
    cloud.bus_faults.clear();
    cloud.queue_faults.clear();
}

/// Sinks that fail in every way, poison, and a dead-letter queue that is down.
async fn walk_the_target(cloud: &Cloud) {
    for fault in [
        Fault::Status(500),
        Fault::Status(401),
        Fault::Throttle,
        Fault::DropBefore,
    ] {
        let handed_back = cloud.collector.counts().calls;
        cloud.collector_faults.always(fault);
        // Another log_id each time, so that the ledger does not know it.
        let event = EVENT.replace("90020261120", &format!("9{handed_back}"));
        cloud.deliver_queue.send(&event).unwrap();
        cloud.deliver_queue.send(POISON).unwrap();
        cloud.deliver_queue.send("marker, no JSON").unwrap();
        eventually("the collector is called", || {
            cloud.collector.counts().calls > handed_back
        })
        .await;
    }
    cloud.collector_faults.clear();
    cloud.queue_faults.always(Fault::Throttle);
    cloud.deliver_queue.send(POISON).unwrap();
    eventually("the dead-letter queue is called", || {
        cloud.queue_faults.injected().contains_key("throttle")
    })
    .await;
    cloud.queue_faults.clear();
    cloud.collector.refuse(vec![Refusal {
        contains: "never-passes".to_owned(),
        status: 422,
    }]);
    let event = EVENT.replace("90020261120", "never-passes");
    cloud.deliver_queue.send(&event).unwrap();
    arrived(cloud).await;
    let dead_letters = dead_letters(&cloud.set_aside_queue);
    let of_http = dead_letters
        .iter()
        .filter(|dead_letter| dead_letter["sink"] == "http");
    assert!(
        of_http.count() > 0,
        "the event that never passes is set aside"
    );
}

/// Events that make an invocation fail as a whole.
async fn check_error_payloads(cloud: &Cloud) {
    let not_delivered = EVENT.replace("90020261120", "not-delivered");
    cloud.collector_faults.always(Fault::Status(503));
    let payloads = [
        (&cloud.ingest, r#"{"marker":"marker"}"#),
        (
            &cloud.ingest,
            r#"{"requestContext":{"http":{"method":["marker 203.0.113.77"]}}}"#,
        ),
        (&cloud.ingest, r#""marker""#),
        (&cloud.target, r#"{"Records":[{"eventSource":"marker"}]}"#),
        (
            &cloud.target,
            r#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":7,"data":"bWFya2Vy"}}]}"#,
        ),
        (
            &cloud.target,
            r#"{"Records":[{"eventSource":"aws:sqs","messageId":7,"body":"marker"}]}"#,
        ),
        (&cloud.target, r#"{"Records":"marker"}"#),
        (&cloud.target, not_delivered.as_str()),
    ];
    for (function, payload) in payloads {
        match function.invoke(payload.to_owned()).await {
            Err(InvocationError::Function { body, .. }) => check_text("an error payload", &body),
            other => panic!("{payload}: {other:?}"),
        }
    }
    cloud.collector_faults.clear();
    let unknown_method = r#"{"requestContext":{"http":{"method":"marker 203.0.113.77"}}}"#;
    let answer = cloud.ingest.invoke(unknown_method.to_owned()).await;
    check_text("an answer", &String::from_utf8_lossy(&answer.unwrap()));
}

async fn check(redaction: &str) {
    let cloud = cloud(CloudOptions {
        timeout: Duration::from_secs(15),
        environment: settings(&secrets(redaction)),
        ..CloudOptions::default()
    })
    .await;
    walk_the_webhook(&cloud).await;
    walk_the_target(&cloud).await;
    check_error_payloads(&cloud).await;
    cloud.deliver_queue.emptied(PATIENCE).await.unwrap();
    for function in [&cloud.ingest, &cloud.target] {
        check_output(function, [("INFO", 5), ("ERROR", 1)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_marker_is_ever_written_without_redaction() {
    check("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_marker_is_ever_written_with_redaction() {
    check("user_name=hmac,ip=mask,details.request.body=drop").await;
}
