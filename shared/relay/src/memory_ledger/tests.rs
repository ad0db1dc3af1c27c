use std::ops::Range;

use super::*;

fn lease(owner: u64, begins: i64, ends: i64) -> Lease {
    Lease {
        owner,
        begins: Timestamp::from_second(begins).unwrap(),
        ends: Timestamp::from_second(ends).unwrap(),
        may_reclaim_dead_lettered: false,
    }
}

#[tokio::test]
async fn a_delivered_event_is_known_at_its_sink_only() {
    let ledger = MemoryLedger::default();
    let mine = lease(1, 0, 30);
    assert_eq!(
        ledger.claim("http", &["a"], &mine).await.unwrap(),
        [Claim::Claimed]
    );
    ledger
        .commit("http", &["a"], Settled::Delivered)
        .await
        .unwrap();
    let known = Claim::Known(Settled::Delivered);
    assert_eq!(ledger.claim("http", &["a"], &mine).await.unwrap(), [known]);
    assert_eq!(
        ledger.claim("file", &["a"], &mine).await.unwrap(),
        [Claim::Claimed]
    );
}

#[tokio::test]
async fn a_live_claim_is_busy_and_a_lapsed_one_is_taken_over() {
    let ledger = MemoryLedger::default();
    ledger
        .claim("http", &["a"], &lease(1, 0, 30))
        .await
        .unwrap();
    let early = ledger
        .claim("http", &["a"], &lease(2, 29, 60))
        .await
        .unwrap();
    assert_eq!(early, [Claim::Busy]);
    let late = ledger
        .claim("http", &["a"], &lease(2, 30, 60))
        .await
        .unwrap();
    assert_eq!(late, [Claim::Claimed]);
}

#[tokio::test]
async fn a_claim_that_another_took_over_is_not_released() {
    let ledger = MemoryLedger::default();
    let (first, second) = (lease(1, 0, 30), lease(2, 30, 60));
    ledger.claim("http", &["a"], &first).await.unwrap();
    ledger.claim("http", &["a"], &second).await.unwrap();
    ledger.release("http", &["a"], &first).await.unwrap();
    let third = ledger
        .claim("http", &["a"], &lease(3, 31, 60))
        .await
        .unwrap();
    assert_eq!(third, [Claim::Busy]);
    ledger.release("http", &["a"], &second).await.unwrap();
    let third = ledger
        .claim("http", &["a"], &lease(3, 31, 60))
        .await
        .unwrap();
    assert_eq!(third, [Claim::Claimed]);
}

#[tokio::test]
async fn only_a_dead_letter_that_comes_back_claims_what_is_set_aside() {
    let ledger = MemoryLedger::default();
    let mine = lease(1, 0, 30);
    let dead_letter = mine.for_replay();
    let set_aside = [Claim::Known(Settled::SetAside)];
    ledger
        .commit("http", &["a"], Settled::SetAside)
        .await
        .unwrap();
    assert_eq!(
        ledger.claim("http", &["a"], &mine).await.unwrap(),
        set_aside
    );
    let retaken = ledger.claim("http", &["a"], &dead_letter).await.unwrap();
    assert_eq!(retaken, [Claim::Claimed]);
    ledger
        .commit("http", &["a"], Settled::Delivered)
        .await
        .unwrap();
    let delivered = [Claim::Known(Settled::Delivered)];
    let again = ledger.claim("http", &["a"], &dead_letter).await.unwrap();
    assert_eq!(again, delivered);
}

#[tokio::test]
async fn what_is_delivered_is_never_set_aside_by_a_slow_worker() {
    let ledger = MemoryLedger::default();
    for settled in [Settled::Delivered, Settled::SetAside] {
        ledger.commit("http", &["a"], settled).await.unwrap();
    }
    let claims = ledger.claim("http", &["a"], &lease(1, 0, 30)).await;
    assert_eq!(claims.unwrap(), [Claim::Known(Settled::Delivered)]);
}

#[tokio::test]
async fn the_oldest_are_forgotten_and_memory_stays_bounded() {
    let ledger = MemoryLedger::with_capacity(3);
    let mine = lease(1, 0, 30);
    for log_id in ["a", "b", "c", "d"] {
        ledger
            .commit("http", &[log_id], Settled::Delivered)
            .await
            .unwrap();
    }
    let claims = ledger.claim("http", &["d", "a"], &mine).await.unwrap();
    assert_eq!(claims, [Claim::Known(Settled::Delivered), Claim::Claimed]);
    for _ in 0..100 {
        ledger.claim("http", &["x"], &mine).await.unwrap();
        ledger.release("http", &["x"], &mine).await.unwrap();
    }
    let entries = ledger.lock();
    assert!(entries.places.len() <= 3, "{}", entries.places.len());
    assert!(entries.slots.len() <= 6, "{}", entries.slots.len());
}

#[tokio::test]
async fn what_a_sink_refuses_makes_nothing_forgotten_that_it_has() {
    let ledger = MemoryLedger::with_capacity(100);
    let mine = lease(1, 0, 30);
    let numbers = |numbers: Range<usize>| numbers.map(|n| n.to_string()).collect::<Vec<_>>();
    let known = Claim::Known(Settled::Delivered);
    for log_id in numbers(0..60) {
        ledger
            .commit("http", &[&log_id], Settled::Delivered)
            .await
            .unwrap();
    }
    for log_id in numbers(1_000..2_000) {
        ledger.claim("http", &[&log_id], &mine).await.unwrap();
        ledger.release("http", &[&log_id], &mine).await.unwrap();
    }
    for log_id in numbers(0..60) {
        let claims = ledger.claim("http", &[&log_id], &mine).await.unwrap();
        assert_eq!(claims, [known], "{log_id}");
    }
    // What was refused first and delivered last is forgotten last.
    ledger.claim("http", &["late"], &mine).await.unwrap();
    ledger.release("http", &["late"], &mine).await.unwrap();
    for log_id in numbers(100..199) {
        ledger
            .commit("http", &[&log_id], Settled::Delivered)
            .await
            .unwrap();
    }
    ledger
        .commit("http", &["late"], Settled::Delivered)
        .await
        .unwrap();
    for log_id in numbers(200..299) {
        ledger
            .commit("http", &[&log_id], Settled::Delivered)
            .await
            .unwrap();
    }
    let claims = ledger.claim("http", &["late", "198"], &mine).await.unwrap();
    assert_eq!(claims, [known, Claim::Claimed]);
}

#[tokio::test]
async fn the_last_of_many_are_known_and_none_before_them() {
    let ledger = MemoryLedger::with_capacity(1_000);
    let mine = lease(1, 0, 30);
    let log_ids: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
    let log_ids: Vec<&str> = log_ids.iter().map(String::as_str).collect();
    for some in log_ids.chunks(7) {
        let claims = ledger.claim("http", some, &mine).await.unwrap();
        assert_eq!(claims, vec![Claim::Claimed; some.len()]);
        ledger
            .commit("http", some, Settled::Delivered)
            .await
            .unwrap();
    }
    let (forgotten, known) = log_ids.split_at(9_000);
    let claims = ledger.claim("http", known, &mine).await.unwrap();
    assert_eq!(claims, vec![Claim::Known(Settled::Delivered); 1_000]);
    let claims = ledger.claim("http", forgotten, &mine).await.unwrap();
    assert_eq!(claims, vec![Claim::Claimed; 9_000]);
}

/// What is remembered, oldest first, by the plainest means.
#[derive(Default)]
struct Plain(Vec<(String, bool)>);

impl Plain {
    fn enter(&mut self, log_id: &str, is_delivered: bool) {
        self.0.push((log_id.to_owned(), is_delivered));
        if self.0.len() > 5 {
            self.0.remove(0);
        }
    }

    fn find(&mut self, log_id: &str) -> Option<&mut bool> {
        let found = self.0.iter_mut().find(|(other, _)| other == log_id);
        found.map(|(_, is_delivered)| is_delivered)
    }
}

#[tokio::test]
async fn thousands_of_steps_end_where_a_plain_list_ends() {
    let ledger = MemoryLedger::with_capacity(5);
    let mine = lease(1, 0, 30);
    let mut plain = Plain::default();
    let mut rng = fastrand::Rng::with_seed(7);
    for step in 0..20_000 {
        let log_id = rng.u8(..9).to_string();
        match rng.u8(..3) {
            0 => {
                let claims = ledger.claim("http", &[&log_id], &mine).await.unwrap();
                let expected = match plain.find(&log_id) {
                    Some(true) => Claim::Known(Settled::Delivered),
                    Some(false) => Claim::Claimed,
                    None => {
                        plain.enter(&log_id, false);
                        Claim::Claimed
                    }
                };
                assert_eq!(claims, [expected], "step {step}");
            }
            1 => {
                ledger
                    .commit("http", &[&log_id], Settled::Delivered)
                    .await
                    .unwrap();
                match plain.find(&log_id) {
                    Some(is_delivered) => *is_delivered = true,
                    None => plain.enter(&log_id, true),
                }
            }
            _ => {
                ledger.release("http", &[&log_id], &mine).await.unwrap();
                plain
                    .0
                    .retain(|(other, is_delivered)| *is_delivered || *other != log_id);
            }
        }
    }
}
