//! One shard of a Kinesis stream, and the event source mapping that reads it for a function.
//!
//! As in Lambda, records stay in their order and nothing overtakes one that failed: what a batch's answer names as
//! failed comes again together with everything after the first of it, until it succeeds or expires.

mod answer;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::aws::{ACCOUNT, REGION};
use crate::invocation::Invoke;
use crate::lock::lock;
use answer::first_failure;

/// The largest batch of a mapping.
pub const BATCH_LIMIT: usize = 10_000;

/// How a mapping reads.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// Most records of one invocation.
    pub batch_size: usize,
    /// Whether a batch whose invocation fails is bisected (`BisectBatchOnFunctionError`).
    pub bisects: bool,
    /// How old a record may become before it is skipped; `None` if it stays as long as the stream keeps it.
    pub maximum_age: Option<Duration>,
    /// How long it waits after a failure.
    pub retry_after: Duration,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            batch_size: 100,
            bisects: true,
            maximum_age: None,
            retry_after: Duration::from_millis(100),
        }
    }
}

/// What a mapping has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounts {
    /// Invocations that ended, failed ones too.
    pub invocations: u64,
    /// Invocations that ended in an error of the function, or in an answer without sense.
    pub failed: u64,
    /// Records that succeeded.
    pub done: u64,
    /// Records that came again.
    pub repeated: u64,
}

/// A shard with its mapping. Dropping it ends the mapping at once, whatever is being invoked.
#[derive(Debug)]
pub struct Shard {
    state: Arc<State>,
    reading: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    stream: String,
    options: StreamOptions,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    next_number: u64,
    waiting: VecDeque<Record>,
    counts: StreamCounts,
}

#[derive(Debug, Clone)]
struct Record {
    sequence_number: String,
    data: String,
    put_at: Instant,
}

impl Shard {
    /// Starts an empty shard whose records a function gets.
    pub fn start<I>(stream: impl Into<String>, function: Arc<I>, mut options: StreamOptions) -> Self
    where
        I: Invoke + Send + Sync + 'static,
    {
        options.batch_size = options.batch_size.clamp(1, BATCH_LIMIT);
        let state = Arc::new(State {
            stream: stream.into(),
            options,
            inner: Mutex::default(),
            changed: Notify::new(),
        });
        let reading = tokio::spawn(read(Arc::clone(&state), function));
        Self { state, reading }
    }

    /// Puts records at its end.
    pub fn put(&self, records: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        let mut inner = lock(&self.state.inner);
        for record in records {
            let number = inner.next_number;
            inner.next_number += 1;
            inner.waiting.push_back(Record {
                // As long as a real one, so that numbers compare as texts do.
                sequence_number: format!("4959033827149025660855969{number:031}"),
                data: STANDARD.encode(record),
                put_at: Instant::now(),
            });
        }
        drop(inner);
        self.state.changed.notify_waiters();
    }

    /// What its mapping has done so far.
    pub fn counts(&self) -> StreamCounts {
        lock(&self.state.inner).counts
    }

    /// Waits until no record is left; past the time-out it says how many are.
    pub async fn drained(&self, patience: Duration) -> Result<(), usize> {
        let left = || lock(&self.state.inner).waiting.len();
        let drained = async {
            loop {
                let changed = self.state.changed.notified();
                if left() == 0 {
                    return;
                }
                changed.await;
            }
        };
        let in_time = timeout(patience, drained).await;
        in_time.map_err(|_elapsed| left())
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read<I: Invoke>(state: Arc<State>, function: Arc<I>) {
    let mut most = state.options.batch_size;
    let mut delivered_before = 0;
    loop {
        let changed = state.changed.notified();
        let batch = state.next_batch(most);
        if batch.is_empty() {
            changed.await;
            continue;
        }
        let answer = function.invoke(state.event(&batch)).await;
        let first_failure = answer.ok().map(|body| {
            let numbers = batch.iter().map(|record| record.sequence_number.as_str());
            first_failure(&body, numbers)
        });
        let outcome = match first_failure {
            Some(Ok(first)) => Outcome::Done(first.unwrap_or(batch.len())),
            Some(Err(_)) | None => Outcome::Failed,
        };
        let repeated = delivered_before.min(batch.len());
        let done = match outcome {
            Outcome::Done(count) => count,
            Outcome::Failed => 0,
        };
        state.note(done, repeated, matches!(outcome, Outcome::Failed));
        delivered_before = batch.len() - done;
        if done == batch.len() {
            most = state.options.batch_size;
            continue;
        }
        if state.options.bisects {
            most = match outcome {
                // The batch is cut before the record that failed: it comes at the head of what is left.
                Outcome::Done(_) => batch.len() - done,
                Outcome::Failed => batch.len().div_ceil(2),
            };
        }
        sleep(state.options.retry_after).await;
    }
}

/// What became of an invocation.
enum Outcome {
    /// So many records from the front succeeded.
    Done(usize),
    Failed,
}

impl State {
    /// The records at the front that are not too old.
    fn next_batch(&self, most: usize) -> Vec<Record> {
        let mut inner = lock(&self.inner);
        let is_old = |record: &Record| {
            let limit = self.options.maximum_age;
            limit.is_some_and(|limit| record.put_at.elapsed() > limit)
        };
        let expired = inner
            .waiting
            .iter()
            .take_while(|record| is_old(record))
            .count();
        if expired > 0 {
            inner.waiting.drain(..expired);
            self.changed.notify_waiters();
        }
        inner.waiting.iter().take(most).cloned().collect()
    }

    fn note(&self, done: usize, repeated: usize, has_failed: bool) {
        let mut inner = lock(&self.inner);
        inner.waiting.drain(..done);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        inner.counts.invocations += 1;
        inner.counts.failed += u64::from(has_failed);
        inner.counts.done += count(done);
        inner.counts.repeated += count(repeated);
        drop(inner);
        self.changed.notify_waiters();
    }

    /// The event of a batch, as a function with a Kinesis trigger gets it.
    fn event(&self, batch: &[Record]) -> Vec<u8> {
        let arn = format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{}", self.stream);
        let records: Vec<Value> = batch
            .iter()
            .map(|record| {
                json!({
                    "kinesis": {
                        "kinesisSchemaVersion": "1.0",
                        "partitionKey": "1",
                        "sequenceNumber": record.sequence_number,
                        "data": record.data,
                        "approximateArrivalTimestamp": 1_795_162_530.25,
                    },
                    "eventSource": "aws:kinesis",
                    "eventVersion": "1.0",
                    "eventID": format!("shardId-000000000000:{}", record.sequence_number),
                    "eventName": "aws:kinesis:record",
                    "invokeIdentityArn": format!("arn:aws:iam::{ACCOUNT}:role/local"),
                    "awsRegion": REGION,
                    "eventSourceARN": arn,
                })
            })
            .collect();
        json!({ "Records": records }).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests;
