//! The rules of the journal, explored: every order of steps of two and three workers on one bucket, random ones of more,
//! and each rule left out, which must be noticed.

mod explore;
mod setup;
mod world;

use super::row::Row;
use crate::ports::Settled;
use crate::settings::environment;
use explore::{explore, walk};
use setup::{Mutation, Sent, Setup};
use world::{BEGIN, id};

/// How many states a setup has, in all of which every promise is kept.
fn explored(setup: &Setup) -> usize {
    match explore(setup) {
        Ok(states) => states,
        Err(broken) => panic!("{broken:?}"),
    }
}

/// Two workers on one log event, two calls of theirs lost, with time for the one to outlive the other.
fn two() -> Setup {
    Setup {
        lease: 3,
        last_tick: 4,
        losses: 2,
        ..Setup::of(1, &[&[0], &[0]])
    }
}

/// Two clocks as far apart as they may be, the first worker's or the second's ahead.
fn apart(ahead: usize) -> Setup {
    two().with(|plans| plans[ahead].clock_ahead = 1)
}

/// Two workers on one log event while a third puts rows for another one.
fn beside_another() -> Setup {
    Setup::of(2, &[&[0], &[0], &[1]])
}

#[test]
fn two_workers_keep_every_promise() {
    assert!(explored(&two()) > 10_000);
}

#[test]
fn two_workers_keep_every_promise_where_a_refusal_brings_no_row() {
    let setup = Setup {
        refusals_bring_rows: false,
        ..two()
    };
    assert!(explored(&setup) > 10_000);
}

#[test]
fn clocks_may_be_apart_by_the_margin() {
    for ahead in [0, 1] {
        assert!(explored(&apart(ahead)) > 10_000);
    }
}

#[test]
fn an_expired_row_and_a_number_that_the_store_deleted_change_nothing() {
    let setup = Setup {
        rows: vec![expired_row()],
        losses: 1,
        ..two()
    };
    assert!(explored(&setup) > 10_000);
}

#[test]
fn a_sink_may_take_a_part_or_nothing_or_not_say() {
    let setup = Setup {
        lease: 2,
        last_tick: 3,
        ..Setup::of(2, &[&[0, 1], &[1, 0]])
    };
    let setup = setup.with(|plans| {
        for plan in plans {
            plan.sent = vec![
                Sent::Delivered,
                Sent::FirstDelivered,
                Sent::HandedBack,
                Sent::Unanswered,
            ];
        }
    });
    assert!(explored(&setup) > 10_000);
}

#[test]
fn a_dead_letter_may_come_back_twice() {
    let setup = Setup::of(1, &[&[0], &[0], &[0]]).with(|plans| {
        plans[0].sent = vec![Sent::SetAside, Sent::Delivered];
        plans[1].is_replay = true;
        plans[1].sent = vec![Sent::SetAside, Sent::Delivered];
        plans[2].is_replay = true;
    });
    assert!(explored(&setup) > 10_000);
}

#[test]
fn a_dead_letter_may_come_back_while_the_event_comes_again() {
    let setup = Setup::of(1, &[&[0], &[0], &[0]]).with(|plans| {
        plans[0].sent = vec![Sent::SetAside];
        plans[1].is_replay = true;
        plans[2].sent = vec![Sent::SetAside, Sent::Delivered];
        plans[2].after = None;
    });
    assert!(explored(&setup) > 10_000);
}

#[test]
fn three_workers_may_die_one_after_another() {
    let setup = Setup {
        last_tick: 4,
        ..Setup::of(1, &[&[0], &[0], &[0]])
    };
    assert!(explored(&setup) > 100_000);
}

#[test]
fn three_workers_on_two_log_events_keep_every_promise() {
    assert!(explored(&beside_another()) > 100_000);
}

#[test]
fn more_workers_keep_every_promise_in_random_orders() {
    let seed = environment("PROPTEST_RNG_SEED").and_then(|seed| seed.parse().ok());
    match walk(seed.unwrap_or(1), 6_000, any_setup) {
        Ok(steps) => assert!(steps > 100_000, "{steps}"),
        Err(broken) => panic!("{broken:?}"),
    }
}

/// A rule that is left out breaks a promise, and exploring finds that.
fn check(mutation: Mutation, setup: Setup) {
    let broken = explore(&Setup { mutation, ..setup });
    assert!(broken.is_err(), "{mutation:?}: nothing is noticed");
}

#[test]
fn every_rule_that_is_left_out_is_noticed() {
    check(Mutation::LeaseIsTestedAtEvaluation, two());
    check(Mutation::LeaseIsIgnored, two());
    check(Mutation::MarginIsLeftOut, apart(1));
    check(Mutation::GapsAreNotReadAgain, beside_another());
    check(Mutation::PutWithoutCondition, two());
    check(Mutation::UnansweredPutIsSettled, two());
    check(Mutation::UnansweredPutIsUndone, two());
}

#[test]
fn random_orders_notice_what_is_left_out_too() {
    for mutation in [
        Mutation::LeaseIsIgnored,
        Mutation::GapsAreNotReadAgain,
        Mutation::PutWithoutCondition,
        Mutation::UnansweredPutIsSettled,
        Mutation::UnansweredPutIsUndone,
    ] {
        let broken = walk(1, 20_000, |random| Setup {
            mutation,
            ..any_setup(random)
        });
        assert!(broken.is_err(), "{mutation:?}: nothing is noticed");
    }
}

/// Three to six workers on one to three log events, with any clocks and any fortune.
fn any_setup(random: &mut fastrand::Rng) -> Setup {
    let log_events = random.usize(1..=3);
    let workers: Vec<Vec<usize>> = (0..random.usize(3..=6))
        .map(|_| {
            let mut some: Vec<usize> = (0..log_events).collect();
            random.shuffle(&mut some);
            some.truncate(random.usize(1..=log_events));
            some
        })
        .collect();
    let workers: Vec<&[usize]> = workers.iter().map(Vec::as_slice).collect();
    let mut setup = Setup {
        lease: random.i64(1..=4),
        last_tick: random.i64(1..=16),
        losses: random.u8(0..=6),
        refusals_bring_rows: random.bool(),
        rows: if random.bool() {
            vec![expired_row()]
        } else {
            Vec::new()
        },
        ..Setup::of(log_events, &workers)
    };
    for plan in &mut setup.workers {
        plan.after = None;
        plan.clock_ahead = random.i64(0..=1);
        plan.is_replay = random.u8(..) < 64;
        plan.sent = vec![
            Sent::Delivered,
            Sent::Delivered,
            Sent::FirstDelivered,
            Sent::HandedBack,
            Sent::Unanswered,
            Sent::SetAside,
        ];
    }
    setup
}

/// What the store forgets next: it says that log event 0 is delivered, and its time is over.
fn expired_row() -> Row {
    Row {
        number: 1,
        owner: 77,
        lease_ends: 0,
        expires_at: BEGIN - 1,
        ids: vec![id(0)],
        outcomes: Some(vec![Settled::Delivered]),
    }
}
