//! The protocol, with the test in the place of the process.

use hyper::StatusCode;

use super::*;
use crate::lambda::fake_process::FakeProcess;

async fn start() -> (RuntimeApi, FakeProcess) {
    let api = RuntimeApi::start("arn:aws:lambda:us-east-1:123456789012:function:f".to_owned())
        .await
        .unwrap();
    let process = FakeProcess::at(api.address());
    (api, process)
}

fn hand_in(api: &RuntimeApi, payload: &'static str) -> oneshot::Receiver<Answered> {
    let deadline = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
    api.hand_in(Bytes::from_static(payload.as_bytes()), deadline)
}

#[tokio::test]
async fn an_invocation_goes_out_with_its_headers_and_its_answer_comes_back() {
    let (api, process) = start().await;
    let answered = hand_in(&api, r#"{"a":1}"#);
    let next = process.next().await;
    assert_eq!(next.status(), StatusCode::OK);
    assert_eq!(next.body(), r#"{"a":1}"#);
    let header = |name| next.headers()[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("lambda-runtime-deadline-ms"), "1700000000000");
    assert!(header("lambda-runtime-invoked-function-arn").ends_with(":function:f"));
    assert!(header("lambda-runtime-trace-id").starts_with("Root=1-"));
    let id = header("lambda-runtime-aws-request-id");

    let accepted = process.respond(id, "done").await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED);
    assert_eq!(answered.await.unwrap().unwrap(), "done");
}

#[tokio::test]
async fn next_waits_until_there_is_an_invocation() {
    let (api, process) = start().await;
    let waiting = tokio::spawn({
        let process = process.clone();
        async move { process.next().await }
    });
    api.started().await.unwrap();
    assert!(!waiting.is_finished());
    let answered = hand_in(&api, "1");
    let next = waiting.await.unwrap();
    process.respond(&FakeProcess::id(&next), "2").await;
    assert_eq!(answered.await.unwrap().unwrap(), "2");
}

#[tokio::test]
async fn an_invocation_goes_to_the_latest_poll_because_earlier_ones_may_be_given_up() {
    let (api, process) = start().await;
    let mut polls = Vec::new();
    for count in 1..=2 {
        let process = process.clone();
        polls.push(tokio::spawn(async move { process.next().await }));
        while api.state.turn().polls < count {
            tokio::task::yield_now().await;
        }
    }
    let _answered = hand_in(&api, "1");
    let latest = polls.pop().unwrap().await.unwrap();
    assert_eq!(latest.body(), "1");
    assert!(polls.iter().all(|earlier| !earlier.is_finished()));
}

#[tokio::test]
async fn an_error_report_fails_the_invocation() {
    let (api, process) = start().await;
    let answered = hand_in(&api, "1");
    let id = FakeProcess::id(&process.next().await);
    let body = r#"{"errorType":"SinkDown","errorMessage":"no sink"}"#;
    let accepted = process.post(&format!("invocation/{id}/error"), body).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED);
    let report = answered.await.unwrap().unwrap_err();
    assert_eq!(report.error_type, "SinkDown");
    assert_eq!(report.message, "no sink");
    assert_eq!(report.body, body);
}

#[tokio::test]
async fn an_error_type_in_the_header_counts_where_the_body_has_none() {
    let (api, process) = start().await;
    let answered = hand_in(&api, "1");
    let id = FakeProcess::id(&process.next().await);
    process
        .post(&format!("invocation/{id}/error"), "oops")
        .await;
    let report = answered.await.unwrap().unwrap_err();
    assert_eq!(report.error_type, "Runtime.UnknownError");
    assert_eq!(report.body, "oops");
    let request = Request::post("/")
        .header("lambda-runtime-function-error-type", "unhandled")
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    assert_eq!(Report::read(&request).error_type, "unhandled");
}

#[tokio::test]
async fn an_init_error_is_told_to_who_waits_for_the_start() {
    let (api, process) = start().await;
    let body = r#"{"errorType":"Settings","errorMessage":"2 settings are wrong"}"#;
    let accepted = process.post("init/error", body).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED);
    assert_eq!(api.started().await.unwrap_err().error_type, "Settings");
    assert_eq!(process.next().await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_init_error_after_the_start_is_refused() {
    let (api, process) = start().await;
    let _answered = hand_in(&api, "1");
    process.next().await;
    let refused = process.post("init/error", "{}").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    api.started().await.unwrap();
}

#[tokio::test]
async fn an_answer_to_an_unknown_invocation_is_refused() {
    let (api, process) = start().await;
    assert_eq!(
        process.respond("x", "1").await.status(),
        StatusCode::BAD_REQUEST
    );
    let answered = hand_in(&api, "1");
    let id = FakeProcess::id(&process.next().await);
    let refused = process.respond(&new_id(), "1").await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let text = std::str::from_utf8(refused.body()).unwrap();
    assert!(text.contains("InvalidRequestID"), "{text}");
    process.respond(&id, "the right one").await;
    assert_eq!(answered.await.unwrap().unwrap(), "the right one");
}

#[tokio::test]
async fn a_second_answer_is_refused() {
    let (api, process) = start().await;
    let answered = hand_in(&api, "1");
    let id = FakeProcess::id(&process.next().await);
    process.respond(&id, "first").await;
    assert_eq!(
        process.respond(&id, "second").await.status(),
        StatusCode::FORBIDDEN
    );
    let error = process.post(&format!("invocation/{id}/error"), "{}").await;
    assert_eq!(error.status(), StatusCode::FORBIDDEN);
    assert_eq!(answered.await.unwrap().unwrap(), "first");
}

#[tokio::test]
async fn asking_for_the_next_while_one_runs_is_refused() {
    let (api, process) = start().await;
    let _answered = hand_in(&api, "1");
    process.next().await;
    assert_eq!(process.next().await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_and_fails_the_invocation() {
    let (api, process) = start().await;
    let answered = hand_in(&api, "1");
    let id = FakeProcess::id(&process.next().await);
    let refused = process.respond(&id, "a".repeat(RESPONSE_BYTES + 1)).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let report = answered.await.unwrap().unwrap_err();
    assert_eq!(report.error_type, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn a_wrong_method_or_path_is_refused() {
    let (_api, process) = start().await;
    let post_next = process.post("invocation/next", "").await;
    assert_eq!(post_next.status(), StatusCode::METHOD_NOT_ALLOWED);
    for path in [
        "invocation",
        "invocation/a/answer",
        "next",
        "invocation/a/b/response",
    ] {
        assert_eq!(
            process.post(path, "").await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
