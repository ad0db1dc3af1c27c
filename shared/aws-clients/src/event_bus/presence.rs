//! Whether a bus is there: PutEvents takes entries for one that does not exist, and answers 200 with identifiers.

use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusError;
use relay::{age, chain};
use tenant_logs::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::error::call_error;

/// How long an answer is believed, and so how long entries may go to a bus that was deleted meanwhile.
const ASK_EVERY: Duration = Duration::from_mins(5);

/// What is known of a bus.
#[derive(Debug, Default)]
pub(super) struct Presence {
    answered: Mutex<Option<Answered>>,
}

#[derive(Debug, Clone, Copy)]
struct Answered {
    is_missing: bool,
    /// By the wall clock, because no other counts the time that a function spends frozen.
    at: Timestamp,
}

impl Presence {
    /// How long an answer is waited for; without one nothing changes.
    pub(super) const PATIENCE: Duration = Duration::from_secs(5);

    /// Whether the bus was there when it was asked for last. Then it may be asked for again beside the entries; a bus that
    /// is missing, or was never asked for, is asked for before them.
    pub(super) async fn is_known(&self) -> bool {
        let answered = self.answered.lock().await;
        answered.is_some_and(|answered| !answered.is_missing)
    }

    /// Whether the bus is missing; asks for it unless that was done a while ago.
    pub(super) async fn is_missing(&self, client: &Client, name: &str, until: Instant) -> bool {
        let mut answered = self.answered.lock().await;
        let was_missing = answered.is_some_and(|answered| answered.is_missing);
        let is_fresh = answered.is_some_and(|answered| age(answered.at) < ASK_EVERY);
        if is_fresh || until <= Instant::now() {
            return was_missing;
        }
        let is_missing = ask(client, name, until).await.unwrap_or(was_missing);
        *answered = Some(Answered {
            is_missing,
            at: Timestamp::now(),
        });
        is_missing
    }
}

/// Asks whether the bus is missing; `None` where the answer is no answer to that.
async fn ask(client: &Client, name: &str, until: Instant) -> Option<bool> {
    let until = until.min(Instant::now() + Presence::PATIENCE);
    let asked = client.describe_event_bus().name(name).send();
    let error = match timeout_at(until, asked).await {
        Ok(Ok(_bus)) => return Some(false),
        Ok(Err(error)) => error,
        Err(_elapsed) => {
            let bus = name;
            tracing::warn!(bus, "DescribeEventBus not answered in time");
            return None;
        }
    };
    let service_error = error.as_service_error();
    if service_error.is_some_and(DescribeEventBusError::is_resource_not_found_exception) {
        return Some(true);
    }
    let error = call_error(&format!("event bus `{name}`"), error);
    let error = chain(&error).to_string();
    tracing::warn!(
        error,
        "DescribeEventBus failed, the bus is taken to be as it was"
    );
    None
}

#[cfg(test)]
impl Presence {
    /// As if the last answer had come earlier by so much.
    pub(super) async fn age_by(&self, time: Duration) {
        if let Some(answered) = self.answered.lock().await.as_mut() {
            answered.at -= time;
        }
    }
}
