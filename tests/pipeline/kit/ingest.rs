//! The webhook side alone: function URL, the real ingest function, its bus, its queue and its dead-letter queue. It sends to
//! the bus unless the settings name other sinks.
//!
//! What reaches the bus stays in a queue of its own, so that a test can read it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fakes::aws::event_bus::pattern::Pattern;
use fakes::aws::event_bus::{EventBus, Rule, Target};
use fakes::aws::queue::{Queue, QueueOptions, SqsEndpoint};
use fakes::faults::Faults;
use fakes::invocation::InvocationError;
use hosts::function_url::FunctionUrl;
use hosts::lambda::{Function, FunctionOptions};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::reply::{Reply, send};
use super::{binaries, dead_letters};

/// The token that opens the webhook unless the settings name others.
pub(crate) const TOKEN: &str = "pipeline-webhook-token";

/// The webhook side of the local cloud.
pub(crate) struct Ingest {
    pub(crate) function: Arc<Function>,
    pub(crate) bus: EventBus,
    pub(crate) bus_faults: Faults,
    pub(crate) queue_faults: Faults,
    pub(crate) deliver: Arc<Queue>,
    url: FunctionUrl,
    on_bus: Arc<Queue>,
    set_aside: Arc<Queue>,
    _sqs: SqsEndpoint,
}

/// An event as it lies on the bus.
#[derive(Debug, Deserialize)]
pub(crate) struct OnBus {
    pub(crate) source: String,
    #[serde(rename = "detail-type")]
    pub(crate) detail_type: String,
    pub(crate) time: String,
    pub(crate) detail: Box<RawValue>,
}

impl OnBus {
    /// A member of the detail.
    pub(crate) fn member(&self, pointer: &str) -> Option<Value> {
        let detail: Value = serde_json::from_str(self.detail.get()).unwrap();
        detail.pointer(pointer).cloned()
    }
}

impl Ingest {
    /// Starts with more settings, or others, and half a minute for an invocation.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with_timeout(Duration::from_secs(30), settings).await
    }

    /// Starts with a time limit for an invocation.
    pub(crate) async fn start_with_timeout(timeout: Duration, settings: &[(&str, &str)]) -> Self {
        let bus_faults = Faults::seeded(1);
        let queue_faults = Faults::seeded(2);
        let on_bus = Queue::new("on-bus", QueueOptions::default());
        let set_aside = Queue::new("set-aside", QueueOptions::default());
        let sqs = SqsEndpoint::start(queue_faults.clone()).await.unwrap();
        let set_aside_url = sqs.add(Arc::clone(&set_aside));
        let deliver = Queue::new("deliver", QueueOptions::default());
        let deliver_url = sqs.add(Arc::clone(&deliver));
        let bus = EventBus::start("auth0-logs", bus_faults.clone())
            .await
            .unwrap();
        let everything = Rule {
            name: "everything".to_owned(),
            pattern: Pattern::parse(r#"{"detail-type":["Auth0 log"]}"#).unwrap(),
            targets: vec![Target::Queue(Arc::clone(&on_bus))],
        };
        bus.add_rule(everything).unwrap();

        let binaries = binaries().await;
        let binary = binaries.path("aws-webhook-ingest").unwrap();
        let mut options = FunctionOptions::new("aws-webhook-ingest", binary);
        options.timeout = timeout;
        options.environment = [
            ("TENANT_NAME", "acme"),
            ("WEBHOOK_TOKENS", TOKEN),
            ("SINKS", "event-bus"),
            ("EVENT_BUS_NAME", bus.name()),
            ("EVENT_QUEUE_URL", &deliver_url),
            ("DEAD_LETTER_QUEUE_URL", &set_aside_url),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", &bus.url()),
            ("AWS_ENDPOINT_URL_SQS", &sqs.url()),
        ]
        .iter()
        .chain(settings)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        let function = Arc::new(Function::start(options).unwrap());
        Self {
            url: FunctionUrl::start(Arc::clone(&function)).await.unwrap(),
            function,
            bus,
            bus_faults,
            queue_faults,
            deliver,
            on_bus,
            set_aside,
            _sqs: sqs,
        }
    }

    /// The function URL.
    pub(crate) fn url(&self) -> String {
        self.url.url()
    }

    /// Posts a body with the token, as Auth0 does.
    pub(crate) async fn post(&self, body: impl Into<Bytes>) -> Reply {
        let headers = [
            ("authorization", TOKEN),
            ("content-type", "application/json"),
        ];
        self.request("POST", &headers, body).await
    }

    /// Sends a request to the function URL.
    pub(crate) async fn request(
        &self,
        method: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        send(method, &self.url.url(), headers, body).await
    }

    /// Invokes the function with an event of an HTTP API, and reads the response that it returns.
    pub(crate) async fn invoke(&self, event: &Value) -> Result<Reply, InvocationError> {
        let returned = self.function.invoke(event.to_string()).await?;
        let returned: Value = serde_json::from_slice(&returned).unwrap();
        let status = returned["statusCode"].as_u64().unwrap();
        let headers = returned["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| {
            let value = value.as_str().unwrap();
            (name.to_lowercase(), value.to_owned())
        });
        Ok(Reply {
            status: u16::try_from(status).unwrap(),
            headers: headers.collect(),
            body: returned["body"].as_str().unwrap().to_owned(),
        })
    }

    /// What lies on the bus, oldest first.
    pub(crate) fn on_bus(&self) -> Vec<OnBus> {
        let bodies = self.on_bus.bodies();
        let events = bodies.iter().map(|body| serde_json::from_str(body));
        events.collect::<Result<_, _>>().unwrap()
    }

    /// How often each `log_id` is on the bus.
    pub(crate) fn log_ids(&self) -> BTreeMap<String, u64> {
        self.bus.log_ids()
    }

    /// The dead letters, oldest first.
    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        dead_letters(&self.set_aside)
    }

    /// The dead letters' own texts, oldest first.
    pub(crate) fn dead_letter_texts(&self) -> Vec<Arc<str>> {
        self.set_aside.bodies()
    }
}
