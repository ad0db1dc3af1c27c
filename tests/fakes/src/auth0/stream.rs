//! The HTTP stream of a log: batches, three tries each, pauses, and batches that it loses on purpose.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep, sleep_until};

use super::log::Logged;
use crate::client::post;

/// Tries of a batch.
const MAX_TRIES: u32 = 3;

/// A stream as it is set up.
#[derive(Debug, Clone)]
pub struct HttpStream {
    /// Where batches go.
    pub url: String,
    /// What `Authorization` says.
    pub authorization: String,
    /// Log events of a batch.
    pub batch_size: usize,
    /// How many log events a second are sent; as fast as they are taken where it is none.
    pub events_per_second: Option<u32>,
    /// How many of a hundred batches are never sent.
    pub lost_percent: u8,
    /// After how many batches the stream pauses once, and for how long.
    pub pause: Option<(usize, Duration)>,
    /// How long it waits before it tries a batch again.
    pub retry_after: Duration,
    /// What decides which batches are lost.
    pub seed: u64,
}

/// What a stream did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Batches that were answered with success.
    pub sent_batches: usize,
    /// `log_id`s of the batches that it lost on purpose.
    pub lost: Vec<String>,
    /// `log_id`s of the batches that were refused three times.
    pub refused: Vec<String>,
}

impl HttpStream {
    /// Sends log events in their order, and returns once the last one is answered.
    pub async fn send(&self, events: &[Logged]) -> Streamed {
        let mut rng = Rng::with_seed(self.seed);
        let mut streamed = Streamed::default();
        let begun = Instant::now();
        let mut paused = Duration::ZERO;
        let mut sent = 0_u32;
        for (number, batch) in events.chunks(self.batch_size.max(1)).enumerate() {
            if let Some((after, pause)) = self.pause
                && number == after
            {
                sleep(pause).await;
                paused += pause;
            }
            if let Some(rate) = self.events_per_second {
                let due = Duration::from_secs(1) * sent / rate.max(1);
                sleep_until(begun + paused + due).await;
            }
            sent = sent.saturating_add(u32::try_from(batch.len()).unwrap_or(u32::MAX));
            let log_ids = batch.iter().map(|event| event.log_id.clone());
            if rng.u8(0..100) < self.lost_percent {
                streamed.lost.extend(log_ids);
            } else if self.deliver(batch).await {
                streamed.sent_batches += 1;
            } else {
                streamed.refused.extend(log_ids);
            }
        }
        streamed
    }

    /// Posts a batch until it is taken, at most three times; returns whether it was.
    async fn deliver(&self, batch: &[Logged]) -> bool {
        let elements: Vec<String> = batch
            .iter()
            .map(|event| format!(r#"{{"log_id":"{}","data":{}}}"#, event.log_id, event.record))
            .collect();
        let body = format!("[{}]", elements.join(","));
        for tries in 1..=MAX_TRIES {
            let headers = [
                ("authorization", self.authorization.as_str()),
                ("content-type", "application/json"),
            ];
            let answer = post(&self.url, &headers, body.clone()).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            if tries < MAX_TRIES {
                sleep(self.retry_after).await;
            }
        }
        false
    }
}
