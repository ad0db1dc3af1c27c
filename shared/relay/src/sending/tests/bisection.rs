//! What is refused for its content is found, and takes nothing else with it.

use super::super::*;
use super::planned::*;
use crate::ports::Remedy;

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

#[tokio::test(start_paused = true)]
async fn something_is_known_at_the_end_where_bisecting_from_the_top_would_take_more_time_than_there_is()
 {
    for call_millis in [300, 1_000, 1_500, 2_000, 2_500, 3_600, 5_000] {
        let service = Service::with_bad(|item| item % 2 == 1, call_millis);
        let delivery = service.send(100, &guarded(11)).await;
        let set_aside = reasons(&delivery, Remedy::SetAside).len();
        let settled = delivery.delivered.len() + set_aside;
        let calls = service.calls().len();
        assert!(
            settled * 2 >= calls,
            "{call_millis}: {settled} by {calls} calls"
        );
    }
}
