//! SQS standard queues in memory, and the endpoint through which the SDK reaches them.
//!
//! Time is tokio's, so that a paused clock moves visibility timeouts and delays. The timestamps
//! that a consumer sees are the wall clock's.

mod endpoint;
mod message;
mod operations;
mod store;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use md5::{Digest, Md5};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::aws::{ACCOUNT, REGION};
use crate::lock::lock;
use store::Store;

pub use endpoint::SqsEndpoint;
pub use message::{Extras, MessageAttribute};
pub use operations::system_attributes;

/// The largest message that SQS takes: 1 MiB.
pub const MESSAGE_LIMIT_BYTES: usize = 1_048_576;

/// Most messages of one call, sent or received.
pub const CALL_LIMIT: usize = 10;

/// The longest that a message may stay invisible: 12 hours.
const VISIBILITY_LIMIT: Duration = Duration::from_hours(12);

/// The MD5 of a message's body, which SQS puts beside it, in lower-case hex.
pub fn md5_of_body(body: &str) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(body).into()))
}

/// How a queue treats its messages.
#[derive(Debug, Clone)]
pub struct QueueOptions {
    /// How long a received message stays invisible unless the receiver says otherwise.
    pub visibility_timeout: Duration,
    /// Where messages go that nobody deletes.
    pub redrive: Option<Redrive>,
    /// What delays are divided by, so that tests need not wait for minutes.
    pub delay_divisor: u32,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(30),
            redrive: None,
            delay_divisor: 1,
        }
    }
}

/// After how many deliveries a message goes to the dead-letter queue.
#[derive(Debug, Clone)]
pub struct Redrive {
    /// Deliveries before it goes.
    pub max_receive_count: u32,
    /// Where it goes.
    pub dead_letter_queue: Arc<Queue>,
}

/// A message as a receiver gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// Its identifier, the same at each delivery.
    pub message_id: String,
    /// What deletes this delivery.
    pub receipt_handle: String,
    /// Its body.
    pub body: Arc<str>,
    /// How often it was delivered, this time included.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was first delivered.
    pub first_received_at: Timestamp,
    /// What its sender gave beside the body.
    pub extras: Arc<Extras>,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Ready to be received.
    pub visible: usize,
    /// Received and neither deleted nor visible again.
    pub in_flight: usize,
    /// Sent with a delay that is not over.
    pub delayed: usize,
}

impl Depth {
    /// All messages.
    pub fn total(self) -> usize {
        self.visible + self.in_flight + self.delayed
    }
}

/// Why a queue refuses something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// A message without text.
    #[error("the message is empty")]
    Empty,
    /// A message above the limit.
    #[error("the message has {bytes} bytes, more than {MESSAGE_LIMIT_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A message with a character that XML 1.0 does not allow.
    #[error("the message has a character that the service does not take")]
    InvalidCharacter,
    /// A receipt handle that this queue never gave out.
    #[error("the receipt handle is not valid")]
    InvalidReceiptHandle,
    /// A message that is not in flight.
    #[error("the message is not in flight")]
    NotInFlight,
    /// A time span outside what the service takes.
    #[error("the time span is too long")]
    TooLong,
    /// An attribute that the service does not take.
    #[error("a message attribute is not valid")]
    InvalidAttribute,
}

/// A queue.
pub struct Queue {
    name: String,
    options: QueueOptions,
    store: Mutex<Store>,
    changed: Notify,
    billed: AtomicU64,
}

impl Queue {
    /// An empty queue.
    pub fn new(name: impl Into<String>, options: QueueOptions) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            options,
            store: Mutex::new(Store::default()),
            changed: Notify::new(),
            billed: AtomicU64::new(0),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its Amazon resource name.
    pub fn arn(&self) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.name)
    }

    /// How it treats its messages.
    pub fn options(&self) -> &QueueOptions {
        &self.options
    }

    /// Takes a message and returns its identifier.
    pub fn send(&self, body: &str) -> Result<String, QueueError> {
        self.send_with(body, Extras::default())
    }

    /// Takes a message with what its sender gives beside the body.
    pub fn send_with(&self, body: &str, extras: Extras) -> Result<String, QueueError> {
        message::check(body, &extras)?;
        let requests = body.len().div_ceil(65_536).max(1);
        let requests = u64::try_from(requests).unwrap_or(u64::MAX);
        self.billed.fetch_add(requests, Ordering::Relaxed);
        let now = (Timestamp::now(), Instant::now());
        let delay = extras.delay / self.options.delay_divisor;
        let message_id = lock(&self.store).add(body, now, delay, extras);
        self.changed.notify_waiters();
        Ok(message_id)
    }

    /// Receives at most ten messages, and waits for a first one as long as told.
    pub async fn receive(&self, most: usize, wait: Duration) -> Vec<ReceivedMessage> {
        self.receive_for(most, wait, self.options.visibility_timeout)
            .await
    }

    /// Receives messages that stay invisible for a time of the receiver's own.
    pub async fn receive_for(
        &self,
        most: usize,
        wait: Duration,
        visibility_timeout: Duration,
    ) -> Vec<ReceivedMessage> {
        let deadline = Instant::now() + wait;
        loop {
            // Listening starts before looking: a message that comes in between is not missed.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let received = self.take(most.min(CALL_LIMIT), visibility_timeout);
            if !received.is_empty() || Instant::now() >= deadline {
                return received;
            }
            let next = lock(&self.store).next_visible().unwrap_or(deadline);
            tokio::select! {
                () = changed => {}
                () = sleep_until(next.min(deadline)) => {}
            }
        }
    }

    /// Deletes a delivery. A handle that a later delivery has replaced deletes nothing, without an
    /// error, as in SQS.
    pub fn delete(&self, receipt_handle: &str) -> Result<(), QueueError> {
        let is_known = lock(&self.store).delete(receipt_handle);
        self.changed.notify_waiters();
        if is_known {
            Ok(())
        } else {
            Err(QueueError::InvalidReceiptHandle)
        }
    }

    /// Changes how long from now a message in flight stays invisible.
    pub fn change_visibility(&self, handle: &str, timeout: Duration) -> Result<(), QueueError> {
        if timeout > VISIBILITY_LIMIT {
            return Err(QueueError::TooLong);
        }
        let changed = lock(&self.store).hide(handle, Instant::now(), timeout);
        self.changed.notify_waiters();
        changed
    }

    /// How many messages it holds.
    pub fn depth(&self) -> Depth {
        lock(&self.store).depth(Instant::now())
    }

    /// How many requests its senders are billed: one for each 64 KB of a message.
    pub fn billed_requests(&self) -> u64 {
        self.billed.load(Ordering::Relaxed)
    }

    /// The bodies of all its messages, oldest first, without receiving them.
    pub fn bodies(&self) -> Vec<Arc<str>> {
        let messages = self.messages().into_iter();
        messages.map(|(body, _)| body).collect()
    }

    /// Its messages, oldest first, with what their senders gave beside the body, without receiving them.
    pub fn messages(&self) -> Vec<(Arc<str>, Arc<Extras>)> {
        lock(&self.store).messages()
    }

    /// Waits until it holds nothing; past the time-out it says what is left.
    pub async fn emptied(&self, timeout: Duration) -> Result<(), Depth> {
        let deadline = Instant::now() + timeout;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let depth = self.depth();
            if depth.total() == 0 {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(depth);
            }
            tokio::select! {
                () = changed => {}
                () = sleep_until(deadline) => {}
            }
        }
    }

    fn take(&self, most: usize, visibility_timeout: Duration) -> Vec<ReceivedMessage> {
        let limit = self
            .options
            .redrive
            .as_ref()
            .map(|redrive| redrive.max_receive_count);
        let now = (Timestamp::now(), Instant::now());
        let (received, dead) = lock(&self.store).take(most, limit, now, visibility_timeout);
        if let Some(redrive) = &self.options.redrive
            && !dead.is_empty()
        {
            // The other queue is locked only now: two queues may name each other.
            lock(&redrive.dead_letter_queue.store).adopt(dead);
            redrive.dead_letter_queue.changed.notify_waiters();
            self.changed.notify_waiters();
        }
        received
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Queue")
            .field("name", &self.name)
            .field("depth", &self.depth())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
