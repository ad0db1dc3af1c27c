//! A target that takes dead letters back: with a bus and a Firehose stream beside the collector, and the queue `replay`.

use std::sync::Arc;
use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::aws::event_bus::EventBus;
use fakes::aws::firehose::Firehose;
use fakes::aws::queue::{Extras, Queue, QueueOptions, Redrive};
use fakes::faults::Faults;
use hosts::event_source::{EventSource, MappingOptions};
use serde_json::{Value, json};

use super::{PATIENCE, cloud, settings};

/// A cloud whose target delivers to `http` and `firehose`, and to `event-bus` what dead letters bring.
pub(crate) struct Replaying {
    pub(crate) cloud: Cloud,
    pub(crate) bus: EventBus,
    pub(crate) bus_faults: Faults,
    pub(crate) firehose: Firehose,
    pub(crate) firehose_faults: Faults,
    pub(crate) replay_queue: Arc<Queue>,
    pub(crate) mapping: EventSource,
}

impl Replaying {
    /// Starts it with more settings, or others.
    pub(crate) async fn start(pairs: &[(&str, &str)]) -> Self {
        let [bus_faults, firehose_faults] = [4, 5].map(Faults::seeded);
        let bus = EventBus::start("auth0-logs", bus_faults.clone()).await;
        let firehose = Firehose::start("logs", firehose_faults.clone()).await;
        let (bus, firehose) = (bus.unwrap(), firehose.unwrap());
        let (bus_url, firehose_url) = (bus.url(), firehose.url());
        let usual = [
            ("SINKS", "http,firehose"),
            ("FIREHOSE_STREAM_NAME", firehose.name()),
            ("EVENT_BUS_NAME", bus.name()),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", bus_url.as_str()),
            ("AWS_ENDPOINT_URL_FIREHOSE", firehose_url.as_str()),
        ];
        let options = CloudOptions {
            environment: settings(&[&usual[..], pairs].concat()),
            // A call that hangs may take a third of what is left of this.
            timeout: Duration::from_secs(8),
            ..CloudOptions::default()
        };
        let mapping = options.mapping.clone();
        let cloud = cloud(options).await;
        Self::around(
            cloud,
            mapping,
            (bus, bus_faults),
            (firehose, firehose_faults),
        )
    }

    fn around(
        cloud: Cloud,
        options: MappingOptions,
        (bus, bus_faults): (EventBus, Faults),
        (firehose, firehose_faults): (Firehose, Faults),
    ) -> Self {
        let redrive = Redrive {
            max_receive_count: 240,
            dead_letter_queue: Arc::clone(&cloud.set_aside_queue),
        };
        let queue_options = QueueOptions {
            redrive: Some(redrive),
            ..QueueOptions::default()
        };
        let replay_queue = Queue::new("replay", queue_options);
        let target = Arc::clone(&cloud.target);
        let mapping = EventSource::start(Arc::clone(&replay_queue), target, options).unwrap();
        Self {
            cloud,
            bus,
            bus_faults,
            firehose,
            firehose_faults,
            replay_queue,
            mapping,
        }
    }

    /// Moves every dead letter to the queue `replay`, as SQS's message move task does, and waits until all are taken.
    pub(crate) async fn replay(&self) {
        let set_aside = &self.cloud.set_aside_queue;
        loop {
            let dead_letters = set_aside.receive(10, Duration::ZERO).await;
            if dead_letters.is_empty() {
                break;
            }
            for dead_letter in dead_letters {
                let extras = Extras {
                    delay: Duration::ZERO,
                    ..(*dead_letter.extras).clone()
                };
                let moved = self.replay_queue.send_with(&dead_letter.body, extras);
                moved.unwrap();
                set_aside.delete(&dead_letter.receipt_handle).unwrap();
            }
        }
        self.mapping.drained(PATIENCE).await.unwrap();
    }

    /// Puts texts onto the queue `replay`, and waits until all are taken.
    pub(crate) async fn bring(&self, dead_letters: &[impl AsRef<str>]) {
        for dead_letter in dead_letters {
            self.replay_queue.send(dead_letter.as_ref()).unwrap();
        }
        self.mapping.drained(PATIENCE).await.unwrap();
    }
}

/// A dead letter of ours.
pub(crate) fn dead_letter(sink: Option<&str>, log_id: Option<&str>, event: &str) -> String {
    let event: Value = serde_json::from_str(event).unwrap();
    json!({
        "reason": "no room", "at": "2026-11-20T10:00:00Z", "function": "aws-eventbridge-target",
        "sink": sink, "tenant": "acme", "log_id": log_id, "event": event,
    })
    .to_string()
}
