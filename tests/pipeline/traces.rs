//! The trace of an invocation or a message, passed on with the events that it brought.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fakes::server::{Answer, Server};
use hyper::Request;
use serde_json::{Value, json};

use crate::kit::one_invocation::{OneInvocation, TRACE};
use crate::kit::target::{event, record};

/// A bus that takes every entry and keeps its trace header.
async fn bus(traces: &Arc<Mutex<Vec<Value>>>) -> Server {
    let kept = Arc::clone(traces);
    let handler = move |request: Request<Bytes>| {
        let input: Value = serde_json::from_slice(request.body()).unwrap();
        // It is asked for whether it is there, too.
        let entries = input["Entries"].as_array().cloned().unwrap_or_default();
        let headers = entries.iter().map(|entry| entry["TraceHeader"].clone());
        kept.lock().unwrap().extend(headers);
        let taken = vec![json!({"EventId": "1"}); entries.len()];
        let answer = json!({"FailedEntryCount": 0, "Entries": taken}).to_string();
        async { Answer::with_type(200, "application/x-amz-json-1.1", answer) }
    };
    Server::start(handler).await.unwrap()
}

/// The trace headers that a function puts onto its bus for a payload.
async fn traces(function: &str, own: &[(&str, &str)], payload: &Value) -> Vec<Value> {
    let traces = Arc::default();
    let bus = bus(&traces).await;
    let url = bus.url();
    let shared = [
        ("EVENT_BUS_NAME", "logs"),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", url.as_str()),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/1/set-aside"),
    ];
    let settings = [&shared[..], own].concat();
    let invocation = OneInvocation::start(function, &settings, payload.to_string()).await;
    invocation.answer().await;
    let traces = traces.lock().unwrap();
    traces.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_passes_on_the_trace_of_its_invocation() {
    let request = json!({
        "version": "2.0", "rawPath": "/", "rawQueryString": "", "isBase64Encoded": false,
        "headers": {"authorization": "a-token-of-the-traces"}, "body": format!("[{},{}]", event("1"), event("2")),
        "requestContext": {"http": {
            "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7",
            "userAgent": "test"}},
    });
    let own = [
        ("WEBHOOK_TOKENS", "a-token-of-the-traces"),
        ("SINKS", "event-bus"),
    ];
    assert_eq!(
        traces("aws-webhook-ingest", &own, &request).await,
        [TRACE, TRACE]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_passes_on_the_trace_of_each_message_and_of_a_rules_invocation() {
    let own = [("SINKS", "event-bus")];
    let function = "aws-eventbridge-target";
    let [mut first, second] = ["1", "2"].map(|log_id| record(log_id, Some(&event(log_id))));
    let of_message = TRACE.replace("Sampled=1", "Sampled=0");
    first["attributes"] = json!({ "AWSTraceHeader": of_message });
    let batch = json!({ "Records": [first, second] });
    let expected = [Value::from(of_message), Value::Null];
    assert_eq!(traces(function, &own, &batch).await, expected);
    let from_rule: Value = serde_json::from_str(&event("3")).unwrap();
    assert_eq!(traces(function, &own, &from_rule).await, [TRACE]);
}
