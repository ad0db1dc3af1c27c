//! A service that does as a test's plan says.

use std::sync::{Mutex, PoisonError};

use tokio::time::sleep;

use super::super::*;
use crate::call_error::ServiceCode;
use crate::ports::{Refusal, Remedy};

/// What a test's service does with a call, by its items and the number of calls before.
pub(super) type Plan = dyn Fn(&[usize], usize) -> Answer + Send + Sync;

/// What it does.
pub(super) enum Answer {
    Takes,
    /// It refuses the whole call.
    Fails(CallError),
    /// It refuses the item at this index with a remedy, and says nothing of those that are in neither list.
    Items(Vec<usize>, Vec<(usize, Remedy)>),
    Hangs,
}

/// A service that takes numbers, a hundred bytes each.
pub(super) struct Service {
    pub(super) plan: Box<Plan>,
    pub(super) call_time: Duration,
    pub(super) limits: CallLimits,
    pub(super) calls: Mutex<Vec<Vec<usize>>>,
    pub(super) group_of: fn(usize) -> usize,
    pub(super) part_limit: PartLimit,
}

pub(super) const ITEM_BYTES: usize = 100;

impl Service {
    pub(super) fn new(plan: impl Fn(&[usize], usize) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            plan: Box::new(plan),
            call_time: Duration::ZERO,
            limits: CallLimits {
                batch: BatchLimits {
                    events: 1_000,
                    bytes: 1_000_000,
                },
                item_bytes: ITEM_BYTES,
                calls_at_once: 4,
                too_large: TooLarge::Refuse("too large".into()),
            },
            calls: Mutex::default(),
            group_of: |_| 0,
            part_limit: PartLimit::default(),
        }
    }

    /// A service whose calls fail for their content where they hold what is bad.
    pub(super) fn with_bad(
        is_bad: impl Fn(usize) -> bool + Send + Sync + 'static,
        call_millis: u64,
    ) -> Self {
        Self {
            call_time: Duration::from_millis(call_millis),
            ..Self::new(move |items, _| {
                if items.iter().any(|item| is_bad(*item)) {
                    Answer::Fails(content())
                } else {
                    Answer::Takes
                }
            })
        }
    }

    pub(super) async fn send(&self, count: usize, sending: &Sending) -> Delivery {
        let items: Vec<usize> = (0..count).collect();
        let mut delivery = send_in_calls(self, &items, sending).await;
        delivery.delivered.sort_unstable();
        delivery.refused.sort_by_key(|refusal| refusal.index);
        assert!(Instant::now() <= sending.until, "too late");
        let mut answered: Vec<usize> = delivery.delivered.clone();
        answered.extend(delivery.refused.iter().map(|refusal| refusal.index));
        answered.sort_unstable();
        assert_eq!(answered, items, "an answer for each");
        delivery
    }

    pub(super) fn calls(&self) -> Vec<Vec<usize>> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How often each item was taken.
    pub(super) fn carried(&self, item: usize) -> usize {
        let calls = self.calls();
        calls.iter().filter(|call| call.contains(&item)).count()
    }
}

impl BatchCall<usize> for Service {
    fn target(&self) -> &'static str {
        "the service"
    }

    fn limits(&self) -> CallLimits {
        self.limits.clone()
    }

    fn bytes(&self, _item: &usize) -> usize {
        ITEM_BYTES
    }

    fn group(&self, item: &usize) -> usize {
        (self.group_of)(*item)
    }

    fn part_limit(&self) -> Option<&PartLimit> {
        Some(&self.part_limit)
    }

    async fn call(&self, items: &[&usize], _until: Instant) -> Result<Delivery, CallError> {
        let items: Vec<usize> = items.iter().map(|item| **item).collect();
        let before = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(items.clone());
            calls.len() - 1
        };
        let answer = (self.plan)(&items, before);
        sleep(self.call_time).await;
        match answer {
            Answer::Takes => Ok(Delivery::all_delivered(items.len())),
            Answer::Fails(error) => Err(error),
            Answer::Items(delivered, refused) => Ok(Delivery {
                delivered,
                refused: refused.into_iter().map(refusal).collect(),
                retried: 0,
            }),
            Answer::Hangs => std::future::pending().await,
        }
    }
}

pub(super) fn refusal((index, remedy): (usize, Remedy)) -> Refusal {
    Refusal {
        index,
        remedy,
        reason: "busy".into(),
    }
}

pub(super) fn content() -> CallError {
    CallError::Content {
        target: "the service".to_owned(),
        code: ServiceCode::of_status(400, None),
    }
}

pub(super) fn busy(retry_after: Option<u64>) -> CallError {
    CallError::Busy {
        target: "the service".to_owned(),
        code: ServiceCode::of_status(429, None),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

pub(super) fn lost() -> CallError {
    CallError::Unreachable {
        target: "the service".to_owned(),
        source: "reset".into(),
    }
}

/// What a sink with a ledger is given of an invocation: all but the time to set aside and to answer.
pub(super) fn guarded(seconds: u64) -> Sending {
    Sending {
        until: Instant::now() + Duration::from_secs(seconds),
        patience: Patience::WholeTime,
        max_tries: 3,
        learned: Learned::default(),
    }
}

pub(super) fn unguarded(seconds: u64) -> Sending {
    Sending {
        max_tries: 12,
        ..guarded(seconds).in_shares()
    }
}

pub(super) fn reasons(delivery: &Delivery, remedy: Remedy) -> Vec<&str> {
    let refused = delivery.refused.iter();
    refused
        .filter(|refusal| refusal.remedy == remedy)
        .map(|refusal| refusal.reason.as_ref())
        .collect()
}
