//! A target whose messages a test brings by hand, and what it sends back.

use std::sync::Arc;
use std::time::Duration;

use cargo_local::cloud::Cloud;
use fakes::aws::queue::Queue;
use serde_json::{Map, Value, json};

use crate::kit::replay::Replaying;
use crate::kit::target::{attributes, failures_of, record};

/// A target with the sinks `http` and `firehose` whose queue no mapping reads: a test is the mapping.
pub(super) struct Returning {
    pub(super) replaying: Replaying,
    pub(super) queue: Arc<Queue>,
}

impl Returning {
    pub(super) async fn start(pairs: &[(&str, &str)]) -> Self {
        let replaying = Replaying::start(pairs).await;
        // The mapping of the cloud's own queue would take what comes back before a test sees it.
        let queue = replaying.cloud.add_queue("waiting");
        Self { replaying, queue }
    }

    pub(super) fn cloud(&self) -> &Cloud {
        &self.replaying.cloud
    }

    /// Invokes the target with messages of this queue; returns which of them failed.
    pub(super) async fn deliver(&self, messages: &[(&str, &Value)]) -> Vec<String> {
        let numbered = messages.iter().enumerate();
        let records = numbered.map(|(number, (body, attributes))| {
            let mut record = record(&number.to_string(), Some(body));
            record["eventSourceARN"] = self.queue.arn().into();
            record["attributes"] = json!({"SentTimestamp": now_millis().to_string()});
            record["messageAttributes"] = (*attributes).clone();
            record
        });
        failures_of(self.cloud(), records.collect()).await
    }

    /// What came back: bodies, attributes, and the seconds of their delays.
    pub(super) fn returned(&self) -> Vec<(String, Value, u64)> {
        let messages = self.queue.messages().into_iter();
        messages
            .map(|(body, extras)| {
                (
                    body.to_string(),
                    attributes(&extras),
                    extras.delay.as_secs(),
                )
            })
            .collect()
    }

    /// Takes what came back off the queue.
    pub(super) async fn take(&self) -> Vec<(String, Value)> {
        let returned = self.returned();
        while self.queue.depth().total() > 0 {
            let wait = Duration::from_secs(1);
            for message in self.queue.receive(10, wait).await {
                self.queue.delete(&message.receipt_handle).unwrap();
            }
        }
        let returned = returned.into_iter();
        returned
            .map(|(body, attributes, _)| (body, attributes))
            .collect()
    }
}

pub(super) fn now_millis() -> i64 {
    tenant_logs::Timestamp::now().as_millisecond()
}

pub(super) fn attributes_of(pairs: &[(&str, &str)]) -> Value {
    let pairs = pairs.iter();
    let of_lambda = pairs.map(|(name, text)| {
        let value = json!({"stringValue": text, "dataType": "String"});
        ((*name).to_owned(), value)
    });
    Value::Object(of_lambda.collect::<Map<_, _>>())
}

pub(super) fn text<'a>(attributes: &'a Value, name: &str) -> Option<&'a str> {
    attributes[name]["stringValue"].as_str()
}

/// The last line of counters of a sink.
pub(super) fn line_of(output: &str, sink: &str) -> Option<Value> {
    let lines = output.lines().rev();
    let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find(|line| line["sink"] == sink && line["received"].is_u64())
}
