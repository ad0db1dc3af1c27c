//! A function that dies in its work, and one that nobody listens to.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Method, Request, Response};
use local::collector::{Collector, CollectorOptions};
use local::faults::{Fault, Faults};
use local::server::{Answer, Server};
use serde_json::json;

use crate::kit::ingest::Ingest;
use crate::kit::target::{event, once_each, record};
use crate::kit::{binaries, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_killed_in_its_work_is_answered_502_and_the_next_try_succeeds() {
    let ingest = Arc::new(Ingest::start(&[]).await);
    ingest.bus_faults.always(Fault::Hang);
    let posting = tokio::spawn({
        let ingest = Arc::clone(&ingest);
        async move { ingest.post(event("1")).await.status }
    });
    eventually("the bus is called", || ingest.bus.counts().calls > 0).await;
    ingest.function.kill().await;
    assert_eq!(posting.await.unwrap(), 502);
    ingest.bus_faults.heal();
    assert_eq!(ingest.post(event("1")).await.status, 200);
    assert_eq!(ingest.log_ids(), once_each(["1"]));
    assert_eq!(ingest.function.starts(), 2);
}

/// A Runtime API that hands out one invocation and keeps its answer.
async fn one_invocation(payload: String, answer: &Arc<Mutex<Option<Bytes>>>) -> Server {
    let is_out = AtomicBool::new(false);
    let kept = Arc::clone(answer);
    let handler = move |request: Request<Bytes>| {
        let answer = if request.method() == Method::POST {
            *kept.lock().unwrap() = Some(request.into_body());
            Answer::json(202, "{}")
        } else if is_out.swap(true, Ordering::Relaxed) {
            Answer::Hang
        } else {
            let response = Response::builder()
                .header("Lambda-Runtime-Aws-Request-Id", "first")
                .header("Lambda-Runtime-Deadline-Ms", "60000")
                .header("Lambda-Runtime-Invoked-Function-Arn", "arn")
                .body(payload.clone().into());
            Answer::Respond(response.unwrap())
        };
        async { answer }
    };
    Server::start(handler).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_where_nobody_reads_the_functions_own_lines() {
    let collector = Collector::start(CollectorOptions::default(), Faults::healthy());
    let collector = collector.await.unwrap();
    let payload = json!({ "Records": [record("1", Some(&event("1")))] }).to_string();
    let answer = Arc::default();
    let api = one_invocation(payload, &answer).await;
    let mut process = Command::new(binaries().await.path("aws-eventbridge-target").unwrap())
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address().to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "target"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "made-up"),
            ("TENANT_NAME", "acme"),
            ("SINKS", "http"),
            ("HTTP_SINK_URL", &collector.url()),
            ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/1/set-aside"),
            ("LOG_LEVEL", "trace"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The other end of the pipe is closed: every line that the function writes fails.
    drop(process.stdout.take());
    let is_answered = || answer.lock().unwrap().is_some();
    eventually("the invocation is answered", is_answered).await;
    let is_running = process.try_wait().unwrap().is_none();
    process.kill().unwrap();
    process.wait().unwrap();
    let answer = answer.lock().unwrap().take().unwrap();
    assert_eq!(answer, r#"{"batchItemFailures":[]}"#);
    assert_eq!(collector.log_ids(), once_each(["1"]));
    assert!(is_running, "the function ended");
}
