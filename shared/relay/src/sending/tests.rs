mod bisection;
mod planned;

use tokio::time::sleep;

use super::*;
use crate::ports::Remedy;
use planned::*;

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
    for seconds in [20, 9_000_000_000_000_000_000, u64::MAX] {
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
async fn an_answer_that_comes_after_its_share_counts_all_the_same() {
    let service = Service {
        call_time: Duration::from_secs(5),
        ..Service::new(|_, _| Answer::Takes)
    };
    let begun = Instant::now();
    let delivery = service.send(3, &unguarded(12)).await;
    assert_eq!((delivery.delivered, delivery.retried), (vec![0, 1, 2], 3));
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    assert_eq!(service.calls().len(), 2, "the second began with its share");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_takes_no_place_from_those_after_its_share() {
    let mut service = Service::new(|items, _| match items {
        [0..4] => Answer::Hangs,
        _ => Answer::Takes,
    });
    service.limits.batch.events = 1;
    let delivery = service.send(8, &unguarded(12)).await;
    assert_eq!(delivery.delivered, [4, 5, 6, 7]);
    let reasons = reasons(&delivery, Remedy::Retry);
    assert_eq!(reasons, ["no answer from the service in time"; 4]);
}

#[tokio::test(start_paused = true)]
async fn where_one_call_takes_over_half_of_the_time_the_next_sending_begins_with_halves() {
    let service = Service::with_bad(|item| item == 0, 4_000);
    assert_eq!(service.send(8, &guarded(7)).await.delivered, [0; 0]);
    assert_eq!(service.send(8, &guarded(7)).await.delivered, [4, 5, 6, 7]);
    assert_eq!(service.send(4, &guarded(7)).await.delivered, [2, 3]);
    let last = service.send(2, &guarded(7)).await;
    assert_eq!(last.delivered, [1]);
    assert_eq!(reasons(&last, Remedy::SetAside).len(), 1);
    // Everything was settled, so the next one begins whole.
    service.send(8, &guarded(7)).await;
    assert_eq!(service.calls().last().unwrap().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_one_sending_learned_of_a_service_the_next_one_of_the_invocation_knows() {
    // How long a call takes.
    let slow = Service {
        call_time: Duration::from_secs(4),
        ..Service::new(|_, _| Answer::Takes)
    };
    let sending = guarded(7);
    assert_eq!(slow.send(2, &sending).await.delivered, [0, 1]);
    assert_eq!(slow.send(2, &sending).await.delivered, [0; 0]);
    assert_eq!(slow.calls().len(), 1);

    // That it asks to be left alone.
    let busy = Service::new(|_, _| Answer::Fails(busy(Some(60))));
    let sending = guarded(20);
    for _ in 0..2 {
        assert_eq!(busy.send(2, &sending).await.refused.len(), 2);
    }
    assert_eq!(busy.calls().len(), 1);

    // How many items it takes in a call.
    let picky = Service::new(|items, _| match items.len() {
        0..=2 => Answer::Takes,
        _ => Answer::Fails(content()),
    });
    let sending = guarded(20);
    assert_eq!(picky.send(8, &sending).await.delivered.len(), 8);
    let before = picky.calls().len();
    picky.send(2, &sending).await;
    assert_eq!(picky.calls()[before..], [[0, 1]]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_one_sending_lengthens_the_shares_of_those_beside_it() {
    let service = Service {
        call_time: Duration::from_secs(7),
        ..Service::new(|_, _| Answer::Takes)
    };
    let sending = unguarded(24);
    let second = async {
        sleep(Duration::from_secs(5)).await;
        // A third of the time that is left now is less than a call takes.
        service.send(1, &sending).await
    };
    let (first, second) = tokio::join!(service.send(1, &sending), second);
    assert_eq!((first.retried, second.retried), (0, 0));
    assert_eq!(service.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn where_a_call_has_no_answer_in_all_its_time_the_next_sending_begins_with_halves() {
    let service = Service::new(|items, _| {
        if items.contains(&0) {
            Answer::Hangs
        } else {
            Answer::Takes
        }
    });
    assert_eq!(service.send(8, &guarded(7)).await.delivered, [0; 0]);
    assert_eq!(service.send(8, &guarded(7)).await.delivered, [4, 5, 6, 7]);
    assert_eq!(service.send(4, &guarded(7)).await.delivered, [2, 3]);
    assert_eq!(service.send(2, &guarded(7)).await.delivered, [1]);
}
