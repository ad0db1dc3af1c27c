//! The whole door: a request over HTTP, a real process behind it, the test speaking for the process.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Response;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::lambda::FunctionOptions;
use crate::lambda::fake_process::FakeProcess;
use crate::lambda::script::Script;
use fakes::client;

struct Door {
    _script: Script,
    function: Arc<Function>,
    url: FunctionUrl,
}

async fn door(timeout: Duration) -> Door {
    let script = Script::new("echo \"api=$AWS_LAMBDA_RUNTIME_API\"; exec sleep 60");
    let options = FunctionOptions {
        timeout,
        concurrency: 1,
        ..FunctionOptions::new("a-function", &script.path)
    };
    let function = Arc::new(Function::start(options).unwrap());
    let url = FunctionUrl::start(Arc::clone(&function)).await.unwrap();
    Door {
        _script: script,
        function,
        url,
    }
}

impl Door {
    fn post(&self, body: impl Into<Bytes>) -> JoinHandle<Response<Bytes>> {
        let url = format!("{}/logs", self.url.url());
        let body = body.into();
        let headers = [("content-type", "application/json")];
        tokio::spawn(async move { client::post(&url, &headers, body).await.unwrap() })
    }

    /// A request whose invocation the process has, with that invocation's identifier.
    async fn under_way(&self) -> (JoinHandle<Response<Bytes>>, FakeProcess, String) {
        let posted = self.post("[1]");
        let process = self.process().await;
        let id = FakeProcess::id(&process.next().await);
        (posted, process, id)
    }

    async fn process(&self) -> FakeProcess {
        for _ in 0..1000 {
            let output = self.function.output();
            let mut lines = output.lines();
            if let Some(address) = lines.find_map(|line| line.strip_prefix("api="))
                && output.ends_with('\n')
            {
                return FakeProcess::at(address.parse::<SocketAddr>().unwrap());
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("the process did not start");
    }
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_request_reaches_the_function_and_its_answer_the_client() {
    let door = door(LONG).await;
    let posted = door.post("[1]");
    let process = door.process().await;
    let next = process.next().await;
    let event: serde_json::Value = serde_json::from_slice(next.body()).unwrap();
    assert_eq!(event["rawPath"], "/logs");
    assert_eq!(event["body"], "[1]");
    let returned = r#"{"statusCode":401,"headers":{"x-a":"b"},"body":"who?"}"#;
    process.respond(&FakeProcess::id(&next), returned).await;
    let response = posted.await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["x-a"], "b");
    assert_eq!(response.body(), "who?");
}

#[tokio::test]
async fn a_request_over_six_megabytes_is_refused_without_an_invocation() {
    let door = door(LONG).await;
    let over = door.post("a".repeat(REQUEST_BYTES + 1)).await.unwrap();
    assert_eq!(over.status(), 413);
    // Its quotation marks are escaped in the event, which is then too large.
    let escaped = door.post("\"".repeat(REQUEST_BYTES / 2)).await.unwrap();
    assert_eq!(escaped.status(), 413);
    assert_eq!(door.function.starts(), 0);
}

#[tokio::test]
async fn an_invocation_goes_on_when_its_client_has_hung_up() {
    let door = door(LONG).await;
    let (posted, process, id) = door.under_way().await;
    posted.abort();
    // Time for the door to notice.
    sleep(Duration::from_millis(200)).await;
    process.respond(&id, "{}").await;
    let next = process.next();
    tokio::pin!(next);
    let (next, posted) = loop {
        let mut posted = door.post("[2]");
        tokio::select! {
            next = &mut next => break (next, posted),
            answer = &mut posted => assert_eq!(answer.unwrap().status(), 429, "not over yet"),
        }
    };
    process.respond(&FakeProcess::id(&next), "{}").await;
    assert_eq!(posted.await.unwrap().status(), 200);
    assert_eq!(door.function.starts(), 1);
}

#[tokio::test]
async fn a_request_beyond_the_concurrency_is_answered_429() {
    let door = door(LONG).await;
    let (posted, process, id) = door.under_way().await;
    assert_eq!(door.post("[2]").await.unwrap().status(), 429);
    process.respond(&id, "{}").await;
    assert_eq!(posted.await.unwrap().status(), 200);
}
