//! Sending again what was refused for now, and only that, with full-jitter back-off inside a time limit.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::ports::{Delivery, Refusal, Remedy};

const FIRST_BACK_OFF: Duration = Duration::from_millis(50);
const MAX_BACK_OFF: Duration = Duration::from_secs(2);
/// Most time one call may take before it counts as unanswered.
const MAX_CALL_TIME: Duration = Duration::from_secs(10);

/// How often something is tried, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    /// Tries for which time is kept even when each one hangs.
    pub at_least: u32,
    /// Tries after which the rest stays refused.
    pub at_most: u32,
    /// When the last try must have ended.
    pub until: Instant,
}

/// Sends `count` items, then again those refused with [`Remedy::Retry`], and answers for each.
///
/// `send` gets the indices still to send and the moment by which it must answer. Answers how many items were sent
/// again, too.
pub async fn deliver_with_retry(
    count: usize,
    tries: Tries,
    mut send: impl AsyncFnMut(&[usize], Instant) -> Delivery,
) -> (Delivery, usize) {
    let mut answer = Delivery::default();
    let mut pending: Vec<usize> = (0..count).collect();
    let mut retried = 0;
    let mut done = 0;
    loop {
        let part = send(&pending, try_end(&tries, done)).await;
        done += 1;
        let mut of_all = Delivery::default();
        of_all.merge(answered(part, pending.len()), &pending);
        let (again, settled): (Vec<Refusal>, Vec<Refusal>) = of_all
            .refused
            .into_iter()
            .partition(|refusal| refusal.remedy == Remedy::Retry);
        answer.delivered.extend(of_all.delivered);
        answer.refused.extend(settled);
        let wake = Instant::now() + back_off(done);
        if again.is_empty() || done >= tries.at_most || wake >= tries.until {
            answer.refused.extend(again);
            return (answer, retried);
        }
        pending = again.into_iter().map(|refusal| refusal.index).collect();
        // A far end answers in any order; `send` may rely on that of the items.
        pending.sort_unstable();
        retried += pending.len();
        sleep_until(wake).await;
    }
}

/// Adds what a far end left out: an item without an answer may or may not have arrived, so it is sent again.
fn answered(mut delivery: Delivery, count: usize) -> Delivery {
    let mut has_answer = vec![false; count];
    let refused = delivery.refused.iter().map(|refusal| refusal.index);
    for index in delivery.delivered.iter().copied().chain(refused) {
        if let Some(slot) = has_answer.get_mut(index) {
            *slot = true;
        }
    }
    let missing = has_answer.iter().enumerate().filter(|(_, has)| !**has);
    delivery.refused.extend(missing.map(|(index, _)| Refusal {
        index,
        remedy: Remedy::Retry,
        reason: "no answer".into(),
    }));
    delivery
}

/// When a try, of one call or of many, must have ended, so that the tries we owe still fit.
fn try_end(tries: &Tries, done: u32) -> Instant {
    let now = Instant::now();
    let left = tries.until.saturating_duration_since(now);
    now + left / tries.at_least.saturating_sub(done).max(1)
}

/// When one call of a try must be answered: a far end that hangs is not waited for longer than it may help.
pub fn call_end(until: Instant) -> Instant {
    until.min(Instant::now() + MAX_CALL_TIME)
}

/// A random wait after some failed tries, between nothing and a bound that doubles: "full jitter".
pub fn back_off(done: u32) -> Duration {
    let bound = FIRST_BACK_OFF
        .saturating_mul(2_u32.saturating_pow(done.saturating_sub(1)))
        .min(MAX_BACK_OFF);
    bound.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries(at_most: u32, seconds: u64) -> Tries {
        Tries {
            at_least: 3,
            at_most,
            until: Instant::now() + Duration::from_secs(seconds),
        }
    }

    fn refusal(index: usize, remedy: Remedy) -> Refusal {
        Refusal {
            index,
            remedy,
            reason: "busy".into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_refused_items_are_sent_again() {
        let mut calls: Vec<Vec<usize>> = Vec::new();
        let (delivery, retried) = deliver_with_retry(4, tries(10, 60), async |pending, _until| {
            calls.push(pending.to_vec());
            let refused_first = calls.len() == 1;
            let (refused, delivered) =
                (0..pending.len()).partition::<Vec<_>, _>(|index| refused_first && index % 2 == 1);
            Delivery {
                delivered,
                refused: refused
                    .into_iter()
                    .map(|i| refusal(i, Remedy::Retry))
                    .collect(),
            }
        })
        .await;
        assert_eq!(calls, [vec![0, 1, 2, 3], vec![1, 3]]);
        assert_eq!(delivery.delivered, [0, 2, 1, 3]);
        assert_eq!(delivery.refused, []);
        assert_eq!(retried, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn items_keep_their_order_whatever_the_order_of_the_answers() {
        let mut calls: Vec<Vec<usize>> = Vec::new();
        let (delivery, _) = deliver_with_retry(3, tries(10, 60), async |pending, _until| {
            calls.push(pending.to_vec());
            if calls.len() > 1 {
                return Delivery::all_delivered(pending.len());
            }
            Delivery {
                delivered: Vec::new(),
                refused: [2, 0, 1].map(|i| refusal(i, Remedy::Retry)).into(),
            }
        })
        .await;
        assert_eq!(calls, [[0, 1, 2], [0, 1, 2]]);
        assert_eq!(delivery.delivered, [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_never_pass_is_not_sent_again() {
        for remedy in [Remedy::SetAside, Remedy::HandBack, Remedy::Stop] {
            let mut calls = 0;
            let (delivery, _) = deliver_with_retry(1, tries(10, 60), async |_pending, _until| {
                calls += 1;
                Delivery::all_refused(1, remedy, "no")
            })
            .await;
            assert_eq!(calls, 1, "{remedy:?}");
            assert_eq!(delivery.refused[0].remedy, remedy);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_without_an_answer_is_sent_again() {
        let mut calls = 0;
        let (delivery, _) = deliver_with_retry(2, tries(10, 60), async |pending, _until| {
            calls += 1;
            if calls == 1 {
                Delivery {
                    delivered: vec![0],
                    refused: Vec::new(),
                }
            } else {
                Delivery::all_delivered(pending.len())
            }
        })
        .await;
        assert_eq!(delivery.delivered, [0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn three_tries_fit_even_when_each_one_hangs() {
        let tries = tries(10, 20);
        let mut calls = 0;
        let (delivery, _) = deliver_with_retry(1, tries, async |_pending, until| {
            calls += 1;
            sleep_until(until).await;
            Delivery::all_refused(1, Remedy::Retry, "no answer in time")
        })
        .await;
        assert!(calls >= 3, "{calls} calls");
        assert!(Instant::now() <= tries.until);
        assert_eq!(delivery.refused.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn tries_end_at_their_number_and_at_their_time() {
        for (at_most, seconds, expected) in [(4, 600, 4..=4), (1_000, 1, 3..=999)] {
            let tries = tries(at_most, seconds);
            let mut calls = 0;
            deliver_with_retry(1, tries, async |_pending, _until| {
                calls += 1;
                Delivery::all_refused(1, Remedy::Retry, "busy")
            })
            .await;
            assert!(expected.contains(&calls), "{calls} calls");
            assert!(Instant::now() <= tries.until);
        }
    }
}
