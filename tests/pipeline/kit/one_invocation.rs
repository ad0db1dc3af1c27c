//! A function's program with exactly one invocation, made by hand: what Lambda's Runtime API says word for word.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fakes::server::{Answer, Server};
use hyper::{Method, Request, Response};

use super::{binaries, eventually};

/// The trace that the invocation belongs to.
pub(crate) const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";

/// A program that has been given its invocation. Dropping it ends the program.
pub(crate) struct OneInvocation {
    pub(crate) program: Child,
    answer: Arc<Mutex<Option<Bytes>>>,
    _runtime_api: Server,
}

impl OneInvocation {
    /// Starts a function with these settings beside those that Lambda makes.
    pub(crate) async fn start(
        function: &str,
        settings: &[(&str, &str)],
        payload: impl Into<Bytes>,
    ) -> Self {
        let answer = Arc::default();
        let api = runtime_api(payload.into(), &answer).await;
        let program = Command::new(binaries().await.path(function).unwrap())
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "made-up")
            .env("TENANT_NAME", "acme")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self {
            program: program.unwrap(),
            answer,
            _runtime_api: api,
        }
    }

    /// Waits for the answer.
    pub(crate) async fn answer(&self) -> Bytes {
        let is_answered = || self.answer.lock().unwrap().is_some();
        eventually("the invocation is answered", is_answered).await;
        self.answer.lock().unwrap().clone().unwrap()
    }
}

impl Drop for OneInvocation {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed.
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

async fn runtime_api(payload: Bytes, answer: &Arc<Mutex<Option<Bytes>>>) -> Server {
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
                .header("Lambda-Runtime-Trace-Id", TRACE);
            Answer::Respond(response.body(payload.clone()).unwrap())
        };
        async { answer }
    };
    Server::start(handler).await.unwrap()
}
