//! The one way to send: in calls of the size that a service takes, side by side, again what was refused for now, and in
//! ever smaller parts what was refused for its content.
//!
//! A sink or a store gives its limits, its wire form and the reading of one call's answer; when to call is decided here.

mod back_off;
mod learned;
mod part_limit;
mod parts;
mod retry;
mod settlement;
mod under_way;

use std::borrow::Cow;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tenant_logs::BatchLimits;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::call_error::CallError;
use crate::ports::{Delivery, Remedy};
pub use back_off::back_off;
pub use learned::Learned;
pub use part_limit::PartLimit;
use parts::Parts;
pub use retry::{Tries, call_with_retry};

/// One kind of call to a service, which carries many items.
pub trait BatchCall<I>: Sync {
    /// The service's name in reasons: ``event bus `auth0` ``.
    fn target(&self) -> &str;

    /// What a call may carry.
    fn limits(&self) -> CallLimits;

    /// Returns the bytes of an item, counted as the limits are.
    fn bytes(&self, item: &I) -> usize;

    /// Returns which items may share a call with this one: those of the same group.
    fn group(&self, _item: &I) -> usize {
        0
    }

    /// Returns what it remembers from one sending to the next of how long parts may be; `None` if it bisects nothing.
    fn part_limit(&self) -> Option<&PartLimit> {
        None
    }

    /// Makes one call and reads its answer, whose indices are those of `items`.
    ///
    /// The call is cut off at `until`; whatever it still does once it knows what became of the items ends before.
    fn call(
        &self,
        items: &[&I],
        until: Instant,
    ) -> impl Future<Output = Result<Delivery, CallError>> + Send;
}

/// What a service takes in one call, and how many calls it is sent at once.
#[derive(Debug, Clone)]
pub struct CallLimits {
    /// Items and bytes of a call.
    pub batch: BatchLimits,
    /// Bytes of one item.
    pub item_bytes: usize,
    /// Calls side by side.
    pub calls_at_once: usize,
    /// What becomes of an item that is over its limit.
    pub too_large: TooLarge,
}

/// What becomes of an item that is too large by itself.
#[derive(Debug, Clone)]
pub enum TooLarge {
    /// It can never pass, for this reason.
    Refuse(Cow<'static, str>),
    /// The limit is our own, so it is sent by itself and the service decides.
    SendAlone,
}

/// How long and how often something is sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// When the last call must have ended.
    pub until: Instant,
    /// How long one call is waited for.
    pub patience: Patience,
    /// Tries of an item after which it stays refused.
    pub max_tries: u32,
    /// What is known of the service, and what comes to be known: one for all that it is sent in an invocation.
    pub learned: Learned,
}

/// How long one call is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as there is time: a ledger guards the sink, and a call that is cut off may be sent a second time.
    WholeTime,
    /// A share of the time, so that three tries fit even when each one hangs. A second copy does no harm there, and the
    /// first one's answer counts whenever it comes.
    Shares,
}

/// Tries that fit into the time when each one hangs.
const MIN_TRIES: u32 = 3;

impl Sending {
    /// The same, for a service that what is sent may reach twice: a bus, a topic, a store of dead letters.
    #[must_use]
    pub fn in_shares(&self) -> Self {
        Self {
            patience: Patience::Shares,
            ..self.clone()
        }
    }

    /// When the items of a call that begins now are sent again, though its answer still counts: after some tries of them.
    fn share_end(&self, tries: u32) -> Instant {
        let now = Instant::now();
        match self.patience {
            Patience::WholeTime => self.until,
            Patience::Shares => {
                let left = self.until.saturating_duration_since(now);
                now + left / MIN_TRIES.saturating_sub(tries).max(1)
            }
        }
    }
}

/// Sends items in as many calls as it takes and returns what became of each; all calls have ended by `sending.until`.
pub async fn send_in_calls<I: Sync, C: BatchCall<I>>(
    service: &C,
    items: &[I],
    sending: &Sending,
) -> Delivery {
    let mut parts = Parts::new(service, items, sending);
    let mut under_way = FuturesUnordered::new();
    loop {
        parts.note_slow_calls();
        while let Some((number, indices)) = parts.next_call() {
            under_way.push(call(service, items, (number, indices), sending.until));
        }
        if parts.known.is_complete() {
            return parts.into_delivery();
        }
        let wake = parts.wake();
        tokio::select! {
            Some(made) = under_way.next() => parts.note(made),
            () = sleep_until(wake.unwrap_or(sending.until)), if wake.is_some() => {}
            else => return parts.into_delivery(),
        }
    }
}

/// Stores dead letters in calls; there is nowhere else for one to go, so a person must act where one can never pass.
pub async fn store_in_calls<I: Sync, C: BatchCall<I>>(
    store: &C,
    dead_letters: &[I],
    sending: &Sending,
) -> Delivery {
    let mut delivery = send_in_calls(store, dead_letters, &sending.in_shares()).await;
    for refusal in &mut delivery.refused {
        if refusal.remedy == Remedy::SetAside {
            refusal.remedy = Remedy::Stop;
        }
    }
    delivery
}

/// A call that has ended.
struct MadeCall {
    number: usize,
    answer: Result<Delivery, CallError>,
    took: Duration,
}

async fn call<I: Sync, C: BatchCall<I>>(
    service: &C,
    items: &[I],
    (number, indices): (usize, Vec<usize>),
    until: Instant,
) -> MadeCall {
    let begun = Instant::now();
    let carried: Vec<&I> = indices
        .iter()
        .filter_map(|index| items.get(*index))
        .collect();
    let answer = match timeout_at(until, service.call(&carried, until)).await {
        Ok(answer) => answer,
        Err(_elapsed) => Err(CallError::TimedOut {
            target: service.target().to_owned(),
        }),
    };
    MadeCall {
        number,
        answer,
        took: begun.elapsed(),
    }
}

#[cfg(test)]
mod tests;
