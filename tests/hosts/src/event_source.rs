//! The event source mapping between a queue and a function: Lambda's own pollers.
//!
//! It gathers batches, invokes the function with them, reads which items failed and deletes the
//! rest. What is not deleted becomes visible again and is delivered once more.

mod batch;
mod item_failures;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use fakes::aws::queue::{Depth, Queue, ReceivedMessage};
use fakes::invocation::InvocationError;
use fakes::invocation::Invoke;
use fakes::lock::lock;

/// The largest batch of a standard queue.
pub const BATCH_LIMIT: usize = 10_000;

/// The longest batching window.
pub const WINDOW_LIMIT: Duration = Duration::from_mins(5);

/// How a mapping gathers and invokes.
#[derive(Debug, Clone)]
pub struct MappingOptions {
    /// Most messages of one invocation.
    pub batch_size: usize,
    /// How long it gathers. Lambda wants a whole second or more for batches above ten; here any time
    /// above zero will do, so that tests are quick.
    pub window: Duration,
    /// Most invocations at once.
    pub maximum_concurrency: usize,
    /// Whether the function answers with item failures (`ReportBatchItemFailures`).
    pub reports_item_failures: bool,
    /// Lambda leaves failed messages to their visibility timeout. With a delay here they are visible
    /// again after that.
    pub return_failed_after: Option<Duration>,
}

impl Default for MappingOptions {
    fn default() -> Self {
        Self {
            batch_size: 100,
            window: Duration::from_secs(5),
            maximum_concurrency: 2,
            reports_item_failures: true,
            return_failed_after: None,
        }
    }
}

/// Options that Lambda would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The batch size is out of range.
    #[error("a batch has between 1 and {BATCH_LIMIT} messages")]
    BatchSize,
    /// The window is out of range.
    #[error("the window is at most {} s, and not zero for batches above ten", WINDOW_LIMIT.as_secs())]
    Window,
    /// Nothing could be invoked.
    #[error("the maximum concurrency is at least 1")]
    Concurrency,
}

/// What a mapping has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MappingCounts {
    /// Invocations that ended, failed ones too.
    pub invocations: u64,
    /// Invocations that ended in an error of the function.
    pub failed: u64,
    /// Invocations that found no free process.
    pub throttled: u64,
    /// Messages that succeeded and were deleted.
    pub deleted: u64,
    /// Messages that failed and stayed in the queue.
    pub returned: u64,
}

/// A running mapping. Dropping it ends it at once, whatever is being invoked.
#[derive(Debug)]
pub struct EventSource {
    queue: Arc<Queue>,
    counts: Arc<Mutex<MappingCounts>>,
    stop: watch::Sender<bool>,
    polling: JoinHandle<()>,
}

impl EventSource {
    /// Starts to move messages from a queue to a function.
    pub fn start<I>(
        queue: Arc<Queue>,
        function: Arc<I>,
        options: MappingOptions,
    ) -> Result<Self, MappingError>
    where
        I: Invoke + Send + Sync + 'static,
    {
        check(&options)?;
        let counts = Arc::new(Mutex::new(MappingCounts::default()));
        let (stop, stopped) = watch::channel(false);
        let mapping = Mapping {
            queue: Arc::clone(&queue),
            function,
            options,
            counts: Arc::clone(&counts),
        };
        let polling = tokio::spawn(Arc::new(mapping).poll(stopped));
        Ok(Self {
            queue,
            counts,
            stop,
            polling,
        })
    }

    /// What it has done so far.
    pub fn counts(&self) -> MappingCounts {
        *lock(&self.counts)
    }

    /// Waits until the queue holds nothing, not even in flight; past the time-out it says what is
    /// left.
    pub async fn drained(&self, timeout: Duration) -> Result<(), Depth> {
        self.queue.emptied(timeout).await
    }

    /// Takes no more messages, and waits until the running invocations have ended.
    pub async fn stop(mut self) -> MappingCounts {
        self.stop.send_replace(true);
        // The task ends by itself; it could only fail by a panic, which is printed anyway.
        let _ended: Result<(), tokio::task::JoinError> = (&mut self.polling).await;
        self.counts()
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

fn check(options: &MappingOptions) -> Result<(), MappingError> {
    if !(1..=BATCH_LIMIT).contains(&options.batch_size) {
        return Err(MappingError::BatchSize);
    }
    let needs_window = options.batch_size > 10;
    if options.window > WINDOW_LIMIT || (needs_window && options.window.is_zero()) {
        return Err(MappingError::Window);
    }
    if options.maximum_concurrency == 0 {
        return Err(MappingError::Concurrency);
    }
    Ok(())
}

struct Mapping<I> {
    queue: Arc<Queue>,
    function: Arc<I>,
    options: MappingOptions,
    counts: Arc<Mutex<MappingCounts>>,
}

impl<I: Invoke + Send + Sync + 'static> Mapping<I> {
    async fn poll(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let free = Arc::new(Semaphore::new(self.options.maximum_concurrency));
        // The set ends its invocations when this task is aborted.
        let mut invocations = JoinSet::new();
        while !*stopped.borrow() {
            // A permit is free before messages are taken, so that none waits in flight for one.
            let permit = tokio::select! {
                permit = Arc::clone(&free).acquire_owned() => permit,
                _ = stopped.changed() => break,
            };
            let messages = batch::gather(&self.queue, &self.options, &mut stopped).await;
            while invocations.try_join_next().is_some() {}
            if messages.is_empty() {
                continue;
            }
            let mapping = Arc::clone(&self);
            invocations.spawn(async move {
                mapping.deliver(messages).await;
                drop(permit);
            });
        }
        while invocations.join_next().await.is_some() {}
    }

    async fn deliver(&self, messages: Vec<ReceivedMessage>) {
        let payload = batch::event(&self.queue, &messages);
        let answer = self.function.invoke(payload).await;
        let failed = match &answer {
            Ok(body) if self.options.reports_item_failures => {
                item_failures::failed(body, &messages)
            }
            Ok(_) => HashSet::new(),
            Err(_) => messages
                .iter()
                .map(|message| message.message_id.as_str())
                .collect(),
        };
        // It is counted before it is settled, so that an empty queue has been counted whole.
        self.count(&answer, messages.len(), failed.len());
        for message in &messages {
            let handle = &message.receipt_handle;
            let settled = if failed.contains(&message.message_id.as_str()) {
                self.give_back(handle)
            } else {
                self.queue.delete(handle)
            };
            // A message whose visibility ended in the meantime is somebody else's by now.
            drop(settled);
        }
    }

    fn count(&self, answer: &Result<Bytes, InvocationError>, message_count: usize, failed: usize) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let mut counts = lock(&self.counts);
        counts.invocations += 1;
        counts.failed += u64::from(answer.is_err());
        counts.throttled += u64::from(matches!(answer, Err(InvocationError::Throttled)));
        counts.deleted += number(message_count - failed);
        counts.returned += number(failed);
    }

    fn give_back(&self, handle: &str) -> Result<(), fakes::aws::queue::QueueError> {
        match self.options.return_failed_after {
            Some(delay) => self.queue.change_visibility(handle, delay),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
