//! What the flow needs of the outside: sinks and a place for dead letters; and what it asks the ledger.

use std::borrow::Cow;
use std::error::Error;

use tenant_logs::{DeadLetter, LogEvent, Timestamp};

use crate::sending::Sending;

/// One log event on its way to a sink.
#[derive(Debug)]
pub struct Row<'a> {
    /// The event, for what a sink routes by.
    pub log_event: &'a LogEvent<'a>,
    /// The event as a JSON object in the schema that the sink was given.
    pub json: Cow<'a, str>,
    /// The trace that the event came with, for a sink that can pass it on.
    pub trace_id: Option<&'a str>,
}

/// What a service answered, per item.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Indices of the items it has.
    pub delivered: Vec<usize>,
    /// The others, with the reason. An item in neither list counts as refused without an answer.
    pub refused: Vec<Refusal>,
    /// How many items were sent again because they were refused for now.
    pub retried: usize,
}

/// One item that a service did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Index of the item.
    pub index: usize,
    /// What to do about it.
    pub remedy: Remedy,
    /// Why, in words without any of the event's content.
    pub reason: Cow<'static, str>,
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing is lost: try again.
    Retry,
    /// Give it back to the trigger, which tries again later.
    HandBack,
    /// It can never pass: put it among the dead letters.
    SetAside,
    /// A person must act; until then nothing is acknowledged.
    Stop,
}

impl Delivery {
    /// Every one of `count` items is delivered.
    pub fn all_delivered(count: usize) -> Self {
        Self {
            delivered: (0..count).collect(),
            ..Self::default()
        }
    }

    /// Every one of `count` items is refused for one reason.
    pub fn all_refused(count: usize, remedy: Remedy, reason: impl Into<Cow<'static, str>>) -> Self {
        let reason = reason.into();
        let refused = (0..count).map(|index| Refusal {
            index,
            remedy,
            reason: reason.clone(),
        });
        Self {
            refused: refused.collect(),
            ..Self::default()
        }
    }

    /// Adds what became of a part: `indices` holds the whole's index of each item of the part.
    pub fn merge(&mut self, part: Self, indices: &[usize]) {
        let whole = |index: usize| indices.get(index).copied();
        self.delivered
            .extend(part.delivered.into_iter().filter_map(whole));
        let refused = part
            .refused
            .into_iter()
            .filter_map(|refusal| whole(refusal.index).map(|index| Refusal { index, ..refusal }));
        self.refused.extend(refused);
        self.retried += part.retried;
    }
}

/// Where log events go.
pub trait Sink: Send + Sync {
    /// Its name in `SINKS`, in dead letters and in the ledger.
    fn name(&self) -> &'static str;

    /// Whether a ledger tells what it has; not of a bus, a queue or a topic, which is at least once anyway.
    fn has_ledger(&self) -> bool {
        true
    }

    /// Asks the service what has to be known before the first delivery, as a function starts. It may be cut off; then the
    /// first delivery asks.
    fn prepare(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Sends rows in as many calls and tries as it takes, and returns for each what became of it before `sending.until`.
    ///
    /// A sink of a network calls [`send_in_calls`](crate::send_in_calls).
    fn send(&self, rows: &[Row<'_>], sending: &Sending) -> impl Future<Output = Delivery> + Send;
}

/// Where goes what can never be delivered.
pub trait DeadLetters: Send + Sync {
    /// Puts dead letters away durably, in as many tries as it takes before `sending.until`. There is nowhere else for
    /// them to go: what is not delivered is handed back, whatever the refusal's remedy says.
    fn set_aside(
        &self,
        dead_letters: &[DeadLetter<'_>],
        sending: &Sending,
    ) -> impl Future<Output = Delivery> + Send;

    /// Whether there is room for a dead letter, however it is packed.
    fn can_hold(&self, dead_letter: &DeadLetter<'_>) -> bool;
}

/// How long a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Now, as the invocation began.
    pub begins: Timestamp,
    /// When others may take the claim over.
    pub ends: Timestamp,
    /// Whether it may claim what is among the dead letters, because it is one of them that comes back.
    pub may_reclaim_dead_lettered: bool,
}

impl Lease {
    /// The same lease, for a dead letter that comes back: it may claim what is set aside, never what is delivered.
    #[must_use]
    pub fn for_replay(self) -> Self {
        Self {
            may_reclaim_dead_lettered: true,
            ..self
        }
    }
}

/// The ledger's answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to send.
    Claimed,
    /// The sink has it, or it is among the dead letters.
    Known(Settled),
    /// A live worker holds it.
    Busy,
}

/// What became of a log event at a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settled {
    /// The sink has it.
    Delivered,
    /// It is among the dead letters.
    SetAside,
}

/// A step at a port that failed, with its cause.
#[derive(Debug, thiserror::Error)]
#[error("{step}")]
pub struct PortError {
    /// What was tried, without any content: `claim 3 log events in table x`.
    pub step: String,
    /// Why it failed.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}
