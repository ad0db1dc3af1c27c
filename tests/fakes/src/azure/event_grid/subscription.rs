//! One subscription: batches, deliveries, the retry schedule, dead letters.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use hyper::Request;
use serde_json::{Value, json};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::event::{EventSchema, dead_lettered, delivered, validation};
use crate::azure::blobs::BlobStorage;
use crate::client;
use crate::identifier::new_id;
use crate::lock::lock;

/// How long Event Grid waits for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// After how many seconds an event is sent again, by the number of tries; then each twelve hours.
const SCHEDULE: [u64; 9] = [10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600];
const LAST_INTERVAL: u64 = 43_200;

/// What a subscription is made with.
#[derive(Debug, Clone)]
pub struct SubscriptionOptions {
    /// Its name.
    pub name: String,
    /// Where it delivers: a function's endpoint, with its key.
    pub endpoint: String,
    /// How it delivers.
    pub schema: EventSchema,
    /// `includedEventTypes`; empty lets every type pass.
    pub types: Vec<String>,
    /// `maxEventsPerBatch`.
    pub max_events: usize,
    /// `preferredBatchSizeInKilobytes`.
    pub preferred_bytes: usize,
    /// `maxDeliveryAttempts`.
    pub max_attempts: u32,
    /// How much shorter than the real one the retry schedule is.
    pub time_scale: f64,
    /// How long an answer may take; the real one waits 30 s.
    pub answer_limit: Duration,
    /// Deliveries under way at once.
    pub parallel_deliveries: usize,
    /// The share of the deliveries that are made once more although they succeeded, as at least once allows.
    pub repeated_share: f64,
    /// Where goes what cannot be delivered; none keeps it in memory only.
    pub dead_letters: Option<Arc<BlobStorage>>,
}

impl SubscriptionOptions {
    /// A subscription without batches, with the real service's numbers and a schedule a thousand times as fast.
    pub fn new(name: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            endpoint: endpoint.into(),
            schema: EventSchema::EventGrid,
            types: Vec::new(),
            max_events: 1,
            preferred_bytes: 64 * 1_024,
            max_attempts: 30,
            time_scale: 0.001,
            answer_limit: ANSWER_LIMIT,
            parallel_deliveries: 16,
            repeated_share: 0.0,
            dead_letters: None,
        }
    }

    fn wants(&self, event: &Value) -> bool {
        let named = event.get("type").or_else(|| event.get("eventType"));
        let named = named.and_then(Value::as_str).unwrap_or_default();
        // The service compares without regard to case.
        let mut types = self.types.iter();
        self.types.is_empty() || types.any(|wanted| wanted.eq_ignore_ascii_case(named))
    }
}

/// What a subscription has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Requests by the status that they were answered with; 0 where no answer came.
    pub answers: BTreeMap<u16, u64>,
    /// Events that were sent again although they had succeeded.
    pub repeated_events: u64,
}

/// A running subscription. Dropping it ends its deliveries.
#[derive(Debug)]
pub struct Subscription {
    inner: Arc<Inner>,
    dispatching: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    options: SubscriptionOptions,
    topic: String,
    waiting: Mutex<VecDeque<Value>>,
    woken: Notify,
    pending: watch::Sender<usize>,
    deliveries: Mutex<Deliveries>,
    dead_letters: Mutex<Vec<Value>>,
    rng: Mutex<Rng>,
}

impl Subscription {
    /// Asks the endpoint for its consent, as the service does before the first event.
    pub(super) async fn start(topic: &str, options: SubscriptionOptions) -> io::Result<Self> {
        handshake(topic, &options).await?;
        let inner = Arc::new(Inner {
            topic: topic.to_owned(),
            options,
            waiting: Mutex::default(),
            woken: Notify::new(),
            pending: watch::Sender::new(0),
            deliveries: Mutex::default(),
            dead_letters: Mutex::default(),
            rng: Mutex::new(Rng::with_seed(5)),
        });
        let dispatching = tokio::spawn(dispatch(Arc::clone(&inner)));
        Ok(Self { inner, dispatching })
    }

    /// Takes events; they are on their way when this returns.
    pub(super) fn take(&self, events: &[Value]) {
        let inner = &self.inner;
        let schema = inner.options.schema;
        let wanted = events.iter().filter(|event| inner.options.wants(event));
        let wanted: Vec<Value> = wanted
            .map(|event| delivered(event, &inner.topic, schema))
            .collect();
        inner
            .pending
            .send_modify(|pending| *pending += wanted.len());
        lock(&inner.waiting).extend(wanted);
        inner.woken.notify_one();
    }

    /// Waits until every event is delivered or a dead letter; an error is how many are not in time.
    pub async fn settled(&self, patience: Duration) -> Result<(), usize> {
        let mut pending = self.inner.pending.subscribe();
        let settled = timeout(patience, pending.wait_for(|pending| *pending == 0)).await;
        match settled {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(*self.inner.pending.borrow()),
        }
    }

    /// How many events are on their way.
    pub fn pending(&self) -> usize {
        *self.inner.pending.borrow()
    }

    /// What it has done so far.
    pub fn deliveries(&self) -> Deliveries {
        lock(&self.inner.deliveries).clone()
    }

    /// The events that could not be delivered, as they would lie in the container.
    pub fn dead_letters(&self) -> Vec<Value> {
        lock(&self.inner.dead_letters).clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.dispatching.abort();
    }
}

/// Sends what waits, in batches, as many at once as there are slots.
async fn dispatch(inner: Arc<Inner>) {
    let slots = Arc::new(Semaphore::new(inner.options.parallel_deliveries));
    let mut under_way = JoinSet::new();
    loop {
        while under_way.try_join_next().is_some() {}
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let batch = inner.next_batch();
        if batch.is_empty() {
            drop(slot);
            inner.woken.notified().await;
            continue;
        }
        under_way.spawn(deliver(
            Arc::clone(&inner),
            batch,
            (slot, Arc::clone(&slots)),
        ));
    }
}

/// Delivers a batch, again by the schedule, and sets it aside where all tries fail.
async fn deliver(
    inner: Arc<Inner>,
    batch: Vec<Value>,
    (mut slot, slots): (OwnedSemaphorePermit, Arc<Semaphore>),
) {
    let mut attempts = 0;
    loop {
        let status = inner.post(&batch, attempts).await;
        attempts += 1;
        if (200..=204).contains(&status) {
            if inner.is_repeated() {
                lock(&inner.deliveries).repeated_events += count(&batch);
                inner.post(&batch, attempts).await;
            }
            break;
        }
        // What a function's endpoint says of a request itself is final.
        let is_final = matches!(status, 400 | 413);
        if is_final || attempts >= inner.options.max_attempts {
            inner.set_aside(&batch, status, attempts);
            break;
        }
        // Others are delivered meanwhile.
        drop(slot);
        sleep(inner.interval(attempts)).await;
        let Ok(again) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        slot = again;
    }
    drop(slot);
    inner.pending.send_modify(|pending| *pending -= batch.len());
}

impl Inner {
    fn next_batch(&self) -> Vec<Value> {
        let mut waiting = lock(&self.waiting);
        let mut batch = Vec::new();
        let mut byte_count = 0;
        while let Some(event) = waiting.pop_front() {
            let bytes = event.to_string().len();
            let is_full = batch.len() >= self.options.max_events
                || byte_count + bytes > self.options.preferred_bytes;
            // One that is larger than the preference goes alone.
            if is_full && !batch.is_empty() {
                waiting.push_front(event);
                break;
            }
            byte_count += bytes;
            batch.push(event);
        }
        batch
    }

    /// Makes one delivery; 0 where no answer comes.
    async fn post(&self, batch: &[Value], attempts: u32) -> u16 {
        let is_batched = self.options.max_events > 1;
        let (media_type, body) = match (self.options.schema, is_batched) {
            (EventSchema::EventGrid, _) => ("application/json; charset=utf-8", json!(batch)),
            (EventSchema::CloudEvents, true) => {
                let media_type = "application/cloudevents-batch+json; charset=utf-8";
                (media_type, json!(batch))
            }
            (EventSchema::CloudEvents, false) => {
                let media_type = "application/cloudevents+json; charset=utf-8";
                (media_type, batch.first().cloned().unwrap_or_default())
            }
        };
        let delivery_count = attempts.to_string();
        let name = self.options.name.to_ascii_uppercase();
        let headers = [
            ("content-type", media_type),
            ("aeg-event-type", "Notification"),
            ("aeg-subscription-name", name.as_str()),
            ("aeg-delivery-count", delivery_count.as_str()),
            ("aeg-metadata-version", "1"),
        ];
        let sent = client::post(&self.options.endpoint, &headers, body.to_string());
        let status = match timeout(self.options.answer_limit, sent).await {
            Ok(Ok(answer)) => answer.status().as_u16(),
            Ok(Err(_)) | Err(_) => 0,
        };
        let mut deliveries = lock(&self.deliveries);
        *deliveries.answers.entry(status).or_default() += 1;
        status
    }

    /// How long an event waits after so many tries.
    fn interval(&self, attempts: u32) -> Duration {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let seconds = SCHEDULE.get(index).copied().unwrap_or(LAST_INTERVAL);
        Duration::from_secs(seconds).mul_f64(self.options.time_scale)
    }

    fn is_repeated(&self) -> bool {
        lock(&self.rng).f64() < self.options.repeated_share
    }

    fn set_aside(&self, batch: &[Value], status: u16, attempts: u32) {
        let outcome = match status {
            0 => "TimedOut",
            400 => "BadRequest",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            413 => "PayloadTooLarge",
            _ => "Busy",
        };
        let reason = if attempts >= self.options.max_attempts {
            "MaxDeliveryAttemptsExceeded"
        } else {
            "UndeliverableDueToClientError"
        };
        let dead_letters = batch
            .iter()
            .map(|event| dead_lettered(event, reason, outcome, attempts));
        let dead_letters: Vec<Value> = dead_letters.collect();
        if let Some(container) = &self.options.dead_letters {
            let (topic, id) = (self.topic.rsplit('/').next().unwrap_or_default(), new_id());
            let name = format!(
                "{topic}/{}/2026/11/21/10/{id}.json",
                self.options.name.to_uppercase()
            );
            container.put(&name, json!(dead_letters).to_string());
        }
        lock(&self.dead_letters).extend(dead_letters);
    }
}

/// Asks for consent in the way of the schema; an error where the endpoint does not give it.
async fn handshake(topic: &str, options: &SubscriptionOptions) -> io::Result<()> {
    let refused = || io::Error::other("the endpoint does not want the subscription");
    match options.schema {
        EventSchema::EventGrid => {
            let code = new_id();
            let headers = [("aeg-event-type", "SubscriptionValidation")];
            let body = validation(topic, &code).to_string();
            let answer = client::post(&options.endpoint, &headers, body).await?;
            let said: Option<Value> = serde_json::from_slice(answer.body()).ok();
            let said = said
                .as_ref()
                .and_then(|said| said.get("validationResponse")?.as_str());
            // Only 200 counts.
            let is_right = answer.status() == 200 && said == Some(code.as_str());
            is_right.then_some(()).ok_or_else(refused)
        }
        EventSchema::CloudEvents => {
            let request = Request::options(&options.endpoint)
                .header("webhook-request-origin", "eventgrid.azure.net")
                .body(Bytes::new())
                .map_err(io::Error::other)?;
            let answer = client::send(request).await?;
            let origin = answer.headers().get("webhook-allowed-origin");
            let origin = origin.map(hyper::header::HeaderValue::as_bytes);
            let is_right = matches!(origin, Some(b"*" | b"eventgrid.azure.net"));
            is_right.then_some(()).ok_or_else(refused)
        }
    }
}

fn count(batch: &[Value]) -> u64 {
    u64::try_from(batch.len()).unwrap_or(u64::MAX)
}
