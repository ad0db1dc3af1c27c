use std::sync::{Mutex, PoisonError};

use tokio::time::sleep;

use super::*;
use crate::call_error::ServiceCode;
use crate::ports::{Refusal, Remedy};

/// What a test's service does with a call, by its items and the number of calls before.
type Plan = dyn Fn(&[usize], usize) -> Answer + Send + Sync;

/// What it does.
enum Answer {
    Takes,
    /// It refuses the whole call.
    Fails(CallError),
    /// It refuses the item at this index with a remedy, and says nothing of those that are in neither list.
    Items(Vec<usize>, Vec<(usize, Remedy)>),
    Hangs,
}

/// A service that takes numbers, a hundred bytes each.
struct Service {
    plan: Box<Plan>,
    call_time: Duration,
    limits: CallLimits,
    calls: Mutex<Vec<Vec<usize>>>,
    group_of: fn(usize) -> usize,
}

const ITEM_BYTES: usize = 100;

impl Service {
    fn new(plan: impl Fn(&[usize], usize) -> Answer + Send + Sync + 'static) -> Self {
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
        }
    }

    /// A service whose calls fail for their content where they hold what is bad.
    fn with_bad(is_bad: impl Fn(usize) -> bool + Send + Sync + 'static, call_millis: u64) -> Self {
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

    async fn send(&self, count: usize, sending: &Sending) -> Delivery {
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

    fn calls(&self) -> Vec<Vec<usize>> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How often each item was taken.
    fn carried(&self, item: usize) -> usize {
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

fn refusal((index, remedy): (usize, Remedy)) -> Refusal {
    Refusal {
        index,
        remedy,
        reason: "busy".into(),
    }
}

fn content() -> CallError {
    CallError::Content {
        target: "the service".to_owned(),
        code: ServiceCode::of_status(400, None),
    }
}

fn busy(retry_after: Option<u64>) -> CallError {
    CallError::Busy {
        target: "the service".to_owned(),
        code: ServiceCode::of_status(429, None),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

fn lost() -> CallError {
    CallError::Unreachable {
        target: "the service".to_owned(),
        source: "reset".into(),
    }
}

/// What a sink with a ledger is given of an invocation: all but the time to set aside and to answer.
fn guarded(seconds: u64) -> Sending {
    Sending {
        until: Instant::now() + Duration::from_secs(seconds),
        patience: Patience::WholeTime,
        max_tries: 3,
    }
}

fn unguarded(seconds: u64) -> Sending {
    Sending {
        max_tries: 12,
        ..guarded(seconds).in_shares()
    }
}

fn reasons(delivery: &Delivery, remedy: Remedy) -> Vec<&str> {
    let refused = delivery.refused.iter();
    refused
        .filter(|refusal| refusal.remedy == remedy)
        .map(|refusal| refusal.reason.as_ref())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn only_refused_items_are_sent_again_together_and_in_their_order() {
    let mut service = Service::new(|items, before| {
        if before < 2 {
            let refused = (0..items.len()).filter(|index| index % 2 == 1).rev();
            let delivered = (0..items.len()).filter(|index| index % 2 == 0).collect();
            Answer::Items(delivered, refused.map(|i| (i, Remedy::Retry)).collect())
        } else {
            Answer::Takes
        }
    });
    service.limits.batch.events = 4;
    let delivery = service.send(8, &guarded(60)).await;
    let calls = [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![1, 3, 5, 7]];
    assert_eq!(service.calls(), calls);
    assert_eq!((delivery.refused, delivery.retried), (vec![], 4));
}

#[tokio::test(start_paused = true)]
async fn what_can_never_pass_is_not_sent_again() {
    for remedy in [Remedy::SetAside, Remedy::HandBack, Remedy::Stop] {
        let service = Service::new(move |_, _| Answer::Items(vec![], vec![(0, remedy)]));
        let delivery = service.send(1, &unguarded(60)).await;
        assert_eq!(service.calls().len(), 1, "{remedy:?}");
        assert_eq!(delivery.refused, [refusal((0, remedy))]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_without_an_answer_is_sent_again() {
    let service = Service::new(|_, before| match before {
        0 => Answer::Items(vec![0], vec![]),
        _ => Answer::Takes,
    });
    let delivery = service.send(2, &guarded(60)).await;
    assert_eq!(delivery.delivered, [0, 1]);
    assert_eq!(service.calls(), [vec![0, 1], vec![1]]);
}

#[tokio::test(start_paused = true)]
async fn items_are_split_by_count_by_bytes_and_by_group() {
    let mut service = Service::new(|_, _| Answer::Takes);
    service.limits.batch.events = 3;
    service.send(4, &guarded(60)).await;
    assert_eq!(service.calls(), [vec![0, 1, 2], vec![3]]);

    let mut service = Service::new(|_, _| Answer::Takes);
    service.limits.batch.bytes = 2 * ITEM_BYTES;
    service.send(3, &guarded(60)).await;
    assert_eq!(service.calls(), [vec![0, 1], vec![2]]);

    let mut service = Service::new(|_, _| Answer::Takes);
    service.group_of = |item| item % 2;
    service.send(5, &guarded(60)).await;
    assert_eq!(service.calls(), [vec![0, 2, 4], vec![1, 3]]);
}

#[tokio::test(start_paused = true)]
async fn an_item_over_the_limit_is_refused_or_sent_alone() {
    let mut service = Service::new(|_, _| Answer::Takes);
    service.limits.item_bytes = ITEM_BYTES - 1;
    let delivery = service.send(2, &guarded(60)).await;
    let too_large = reasons(&delivery, Remedy::SetAside);
    assert_eq!(too_large, ["too large", "too large"]);
    service.limits.too_large = TooLarge::SendAlone;
    service.send(2, &guarded(60)).await;
    assert_eq!(service.calls(), [[0], [1]]);
}

#[tokio::test(start_paused = true)]
async fn three_tries_fit_even_when_each_one_hangs() {
    let service = Service::new(|_, _| Answer::Hangs);
    let delivery = service.send(1, &unguarded(20)).await;
    assert_eq!(service.calls().len(), 3);
    let reasons = reasons(&delivery, Remedy::Retry);
    assert_eq!(reasons, ["no answer from the service in time"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_to_a_guarded_sink_is_waited_for_until_sending_must_end() {
    let service = Service {
        call_time: Duration::from_secs(50),
        ..Service::new(|_, _| Answer::Takes)
    };
    let delivery = service.send(10, &guarded(54)).await;
    assert_eq!(delivery.delivered.len(), 10);
    assert_eq!(service.calls().len(), 1);

    let hanging = Service::new(|_, _| Answer::Hangs);
    hanging.send(10, &guarded(54)).await;
    assert_eq!(hanging.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_try_begins_after_a_broken_connection() {
    let service = Service::new(|_, before| match before {
        0 => Answer::Fails(lost()),
        _ => Answer::Takes,
    });
    let delivery = service.send(3, &guarded(54)).await;
    assert_eq!((delivery.delivered.len(), delivery.retried), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn tries_end_at_their_number_and_at_their_time() {
    for (max_tries, seconds, expected) in [(4, 600, 4..=4), (1_000, 1, 3..=999)] {
        let service = Service::new(|_, _| Answer::Fails(busy(None)));
        let sending = Sending {
            max_tries,
            ..unguarded(seconds)
        };
        service.send(1, &sending).await;
        assert!(expected.contains(&service.calls().len()));
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_is_begun_that_could_not_end_in_time() {
    let service = Service::with_bad(|item| item == 0, 4_000);
    let delivery = service.send(2, &guarded(7)).await;
    assert_eq!(service.calls(), [[0, 1]]);
    let not_made = "no time was left for a call of the service";
    assert_eq!(reasons(&delivery, Remedy::Retry), [not_made, not_made]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_answers_slowly_is_not_cut_off_at_a_share() {
    let service = Service::with_bad(|item| item == 98, 4_000);
    let delivery = service.send(99, &unguarded(24)).await;
    let taken = (0..98).filter(|item| delivery.delivered.contains(item));
    let calls = service.calls();
    for item in taken {
        let passed = calls.iter().filter(|call| call.contains(&item));
        assert_eq!(passed.filter(|call| !call.contains(&98)).count(), 1);
    }
    let retried = reasons(&delivery, Remedy::Retry);
    assert!(retried.iter().all(|reason| reason.starts_with("no time")));
    assert_eq!(delivery.retried, 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_service_asks_for_is_kept_by_every_call() {
    let mut service = Service::new(|_, before| match before {
        0 => Answer::Fails(busy(Some(7))),
        _ => Answer::Takes,
    });
    service.limits.batch.events = 1;
    service.limits.calls_at_once = 1;
    let begun = Instant::now();
    let delivery = service.send(2, &guarded(20)).await;
    assert_eq!(delivery.delivered, [0, 1]);
    assert!(begun.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_too_late_ends_the_sending_at_once() {
    for seconds in [20, u64::MAX] {
        let service = Service::new(move |_, _| Answer::Fails(busy(Some(seconds))));
        let begun = Instant::now();
        let delivery = service.send(2, &guarded(20)).await;
        assert_eq!(service.calls().len(), 1);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let reasons = reasons(&delivery, Remedy::Retry);
        assert_eq!(reasons, ["the service answered 429"; 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_the_bad_item_is_it_is_found_by_bisecting_and_takes_no_other_with_it() {
    for bad in [0, 1, 49, 50, 98, 99] {
        let service = Service::with_bad(move |item| item == bad, 10);
        let delivery = service.send(100, &guarded(60)).await;
        assert_eq!(delivery.delivered.len(), 99, "{bad}");
        let reasons = reasons(&delivery, Remedy::SetAside);
        assert_eq!(reasons, ["the service answered 400"]);
        assert!(service.calls().len() <= 15, "{}", service.calls().len());
        assert_eq!(delivery.retried, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_on_the_way_does_not_begin_the_bisection_anew() {
    let service = Service {
        call_time: Duration::from_millis(10),
        ..Service::new(|items, before| {
            if before % 3 == 1 {
                Answer::Fails(busy(None))
            } else if items.contains(&7) {
                Answer::Fails(content())
            } else {
                Answer::Takes
            }
        })
    };
    let sending = Sending {
        max_tries: 30,
        ..guarded(60)
    };
    let delivery = service.send(100, &sending).await;
    assert_eq!(delivery.delivered.len(), 99);
    let whole = service
        .calls()
        .iter()
        .filter(|call| call.len() == 100)
        .count();
    assert_eq!(whole, 1);
}

#[tokio::test(start_paused = true)]
async fn with_every_other_row_refused_one_invocation_ends_with_all_of_them_known() {
    let service = Service::with_bad(|item| item % 2 == 1, 300);
    let delivery = service.send(100, &guarded(54)).await;
    assert_eq!(delivery.delivered.len(), 50);
    assert_eq!(reasons(&delivery, Remedy::SetAside).len(), 50);

    let service = Service::with_bad(|item| item % 5 == 4, 200);
    let delivery = service.send(100, &unguarded(19)).await;
    assert_eq!(delivery.delivered.len(), 80);
    assert_eq!(reasons(&delivery, Remedy::SetAside).len(), 20);
}

#[tokio::test(start_paused = true)]
async fn each_invocation_settles_at_least_as_many_rows_as_half_its_calls() {
    fn spread(item: usize) -> usize {
        item.wrapping_mul(2_654_435_761) >> 7
    }
    let patterns: [fn(usize) -> bool; 9] = [
        |_| true,
        |item| item % 2 == 1,
        |item| item % 2 == 0,
        |item| item % 3 == 2,
        |item| item % 4 == 1,
        |item| item % 5 == 4,
        |item| (100..400).contains(&item),
        |item| spread(item) % 10 < 3,
        |item| spread(item) % 100 < 4,
    ];
    for (number, is_bad) in patterns.into_iter().enumerate() {
        let mut left: Vec<usize> = (0..1_000).collect();
        let mut invocations = 0;
        while !left.is_empty() {
            let rows = left.clone();
            let service = Service::with_bad(move |item| is_bad(rows[item]), 300);
            let delivery = service.send(left.len(), &guarded(54)).await;
            let settled: Vec<usize> = delivery
                .refused
                .iter()
                .filter(|refusal| refusal.remedy == Remedy::SetAside)
                .map(|refusal| refusal.index)
                .chain(delivery.delivered.iter().copied())
                .collect();
            let calls = service.calls().len();
            assert!(
                settled.len() * 2 >= calls,
                "pattern {number}: {} rows by {calls} calls",
                settled.len()
            );
            for item in &delivery.delivered {
                assert!(!is_bad(left[*item]), "{item} passed");
            }
            let mut index = 0;
            left.retain(|_| {
                index += 1;
                !settled.contains(&(index - 1))
            });
            invocations += 1;
        }
        assert!(
            invocations <= 3,
            "pattern {number}: {invocations} invocations"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_carried_twice_by_calls_that_pass() {
    let service = Service::with_bad(|item| item == 70, 5_000);
    let delivery = service.send(99, &guarded(54)).await;
    for item in &delivery.delivered {
        let calls = service.calls();
        let passed = calls.iter().filter(|call| !call.contains(&70));
        assert_eq!(passed.filter(|call| call.contains(item)).count(), 1);
    }
    assert!(service.carried(70) >= 2);
}

#[tokio::test(start_paused = true)]
async fn parts_are_searched_side_by_side() {
    let service = Service::with_bad(|item| item % 25 == 0, 1_000);
    let begun = Instant::now();
    service.send(100, &guarded(54)).await;
    let calls = u32::try_from(service.calls().len()).unwrap();
    assert!(begun.elapsed() <= Duration::from_secs(1) * (calls / 2));
}
