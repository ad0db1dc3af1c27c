//! What plays AWS for one test: it keeps what it was asked, and answers what the test says.

use std::sync::Arc;
use std::time::Duration;

use fakes::test_server::{self, TestServer};
use relay::settings::{Reader, SettingsError};
use relay::{Delivery, Learned, Patience, Remedy, Row, Sending, Sink};
use serde_json::Value;
use tenant_logs::{Schema, parse};
use tokio::sync::Barrier;
use tokio::time::Instant;

use crate::connection::AwsConnection;

/// One call as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) authorization: String,
    pub(crate) session_token: String,
    pub(crate) body: Value,
}

impl Call {
    fn read(call: &test_server::Call) -> Self {
        let header = |name: &str| {
            let value = call.headers.get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        Self {
            operation: header("x-amz-target"),
            authorization: header("authorization"),
            session_token: header("x-amz-security-token"),
            body: serde_json::from_slice(&call.bytes).unwrap(),
        }
    }
}

/// What the endpoint does with a call.
pub(crate) enum Answer {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Answers once as many calls are under way as the barrier says.
    Together(Arc<Barrier>, Value),
    Hang,
    Drop,
}

impl From<Answer> for test_server::Answer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Json(status, value) => Self::Full(status, Vec::new(), value.to_string()),
            Answer::Text(status, text) => Self::Full(status, Vec::new(), text.to_owned()),
            Answer::Together(barrier, value) => Self::FullTogether(barrier, 200, value.to_string()),
            Answer::Hang => Self::Hang,
            Answer::Drop => Self::Drop,
        }
    }
}

#[derive(Clone)]
pub(crate) struct TestEndpoint {
    pub(crate) url: String,
    server: TestServer,
}

impl TestEndpoint {
    pub(crate) async fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let server = TestServer::start(move |call| answer(&Call::read(call)).into()).await;
        Self {
            url: format!("http://{}", server.address),
            server,
        }
    }

    /// Serves HTTPS; returns the certificate as PEM, too.
    pub(crate) async fn start_tls(
        answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
    ) -> (Self, String) {
        let answer = move |call: &test_server::Call| answer(&Call::read(call)).into();
        let (server, certificate) = TestServer::start_tls(answer).await;
        let url = format!("https://{}", server.address);
        (Self { url, server }, certificate)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.server.calls().iter().map(Call::read).collect()
    }

    pub(crate) fn connection(&self) -> AwsConnection {
        self.connection_with(&[])
    }

    pub(crate) fn connection_with(&self, values: &[(&str, &str)]) -> AwsConnection {
        connection(&self.url, values)
    }
}

/// A connection to a URL.
pub(crate) fn connection(url: &str, values: &[(&str, &str)]) -> AwsConnection {
    let mut values = values.to_vec();
    values.push(("AWS_ENDPOINT_URL", url));
    read_settings(&values, AwsConnection::read).unwrap()
}

/// One try of each item, so that a test sees what one call's answer means.
pub(crate) fn once(time: Duration) -> Sending {
    Sending {
        until: Instant::now() + time,
        patience: Patience::WholeTime,
        max_tries: 1,
        learned: Learned::default(),
    }
}

/// Sends a body's log events with one try of each; returns what became of them, by their order.
pub(crate) async fn send_rows(
    sink: &impl Sink,
    body: &str,
    trace_id: Option<&str>,
    time: Duration,
) -> Delivery {
    let log_events = parse(body).unwrap().log_events;
    let rows = log_events.iter().map(|log_event| Row {
        log_event,
        json: Schema::Raw.write(log_event),
        trace_id,
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let mut delivery = sink.send(&rows, &once(time)).await;
    delivery.delivered.sort_unstable();
    delivery
        .refused
        .sort_unstable_by_key(|refusal| refusal.index);
    delivery
}

/// Reads settings from a few values and those that Lambda always sets.
pub(crate) fn read_settings<T>(
    values: &[(&str, &str)],
    read: impl Fn(&mut Reader<'_>) -> Option<T>,
) -> Result<T, SettingsError> {
    let usual = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example-secret"),
        ("AWS_SESSION_TOKEN", "example-token"),
    ];
    let lookup = |name: &str| {
        let mut all = values.iter().chain(&usual);
        all.find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let mut reader = Reader::new(&lookup);
    let settings = read(&mut reader);
    reader.finish(|| settings)
}

/// What was refused, with what to do about it and why.
pub(crate) fn refusals(delivery: &Delivery) -> Vec<(usize, Remedy, &str)> {
    let refused = delivery.refused.iter();
    refused
        .map(|refusal| (refusal.index, refusal.remedy, refusal.reason.as_ref()))
        .collect()
}
