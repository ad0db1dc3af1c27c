//! What the journal promises, whatever its store. Written once: `aws-clients` and `http-clients` include this file and run
//! it on their tables.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use relay::journal::{Claims, Journal, Standing, Store};
use relay::{Claim, Lease, Settled};
use tenant_logs::Timestamp;
use tokio::time::Instant;

/// Days after which a row is forgotten.
pub(crate) const DAYS: u16 = 35;
const DAY: i64 = 86_400;
const DELIVERED: Claim = Claim::Known(Settled::Delivered);
const SET_ASIDE: Claim = Claim::Known(Settled::SetAside);

/// A place for rows.
pub(crate) trait Backend {
    /// A journal on it, with connections of its own, as another copy of the function has.
    fn journal(&self) -> Journal<impl Store>;

    /// A sink that no other test uses, where tests share the place.
    fn sink(&self, name: &str) -> String;
}

/// A test of each scenario, in a module of this name and with this attribute, on the backend that an expression makes anew
/// for each.
macro_rules! on {
    ($module:ident, $attribute:meta, $backend:expr) => {
        scenarios::on! { @each $module, $attribute, $backend;
            a_delivered_event_is_known_at_its_sink_only
            a_live_claim_is_busy_and_a_lapsed_one_is_taken_over
            what_is_handed_back_is_free_at_once
            only_a_dead_letter_that_comes_back_claims_what_is_set_aside
            what_is_delivered_is_never_set_aside_by_a_slow_worker
            what_is_delivered_is_noted_even_after_another_took_over
            a_row_is_forgotten_after_its_days_although_it_is_still_there
            any_log_id_has_a_place
            whoever_looks_claims_nothing
            thousands_of_one_second_are_claimed_and_each_settled_for_itself
            of_many_workers_on_two_journals_each_event_is_claimed_by_one
        }
    };
    (@each $module:ident, $attribute:meta, $backend:expr; $($name:ident)+) => {
        mod $module {
            use super::*;
            $(#[tokio::test]
            #[$attribute]
            async fn $name() {
                scenarios::$name(&$backend.await).await;
            })+
        }
    };
}
pub(crate) use on;

/// A lease of 30 seconds that begins so many seconds from now.
pub(crate) fn lease(begins: i64) -> Lease {
    let begins = Timestamp::now().as_second() + begins;
    let moment = |second| Timestamp::from_second(second).unwrap();
    Lease {
        begins: moment(begins),
        ends: moment(begins + 30),
        may_reclaim_dead_lettered: false,
    }
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_mins(2)
}

/// Claims, and shows why where a bucket failed.
pub(crate) async fn claim(
    journal: &Journal<impl Store>,
    sink: &str,
    log_ids: &[&str],
    lease: &Lease,
) -> Claims {
    let claims = journal.claim(sink, log_ids, lease, soon()).await;
    if let Some(failure) = &claims.failure {
        panic!("{}", relay::chain(failure));
    }
    claims
}

/// What a claim says of one log event, which stays claimed where it is.
async fn try_claim(
    journal: &Journal<impl Store>,
    sink: &str,
    log_id: &str,
    lease: &Lease,
) -> Claim {
    let claims = claim(journal, sink, &[log_id], lease).await;
    assert_eq!(claims.claims.len(), 1);
    claims.claims[0]
}

pub(crate) async fn settle(
    journal: &Journal<impl Store>,
    claims: Claims,
    fates: &[Option<Settled>],
) {
    journal.settle(claims.tickets, fates, soon()).await.unwrap();
}

/// Claims one log event, which must be free, and settles it.
async fn note(journal: &Journal<impl Store>, sink: &str, log_id: &str, fate: Option<Settled>) {
    let claims = claim(journal, sink, &[log_id], &lease(0)).await;
    assert_eq!(claims.claims, [Claim::Claimed], "{log_id}");
    settle(journal, claims, &[fate]).await;
}

pub(crate) async fn a_delivered_event_is_known_at_its_sink_only(backend: &impl Backend) {
    let (journal, http) = (backend.journal(), backend.sink("http"));
    note(&journal, &http, "a", Some(Settled::Delivered)).await;
    let both = claim(&journal, &http, &["b", "a"], &lease(0)).await;
    assert_eq!(both.claims, [Claim::Claimed, DELIVERED]);
    let firehose = backend.sink("firehose");
    assert_eq!(
        try_claim(&journal, &firehose, "a", &lease(0)).await,
        Claim::Claimed
    );
}

pub(crate) async fn a_live_claim_is_busy_and_a_lapsed_one_is_taken_over(backend: &impl Backend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    let check = async |begins, expected| {
        let claim = try_claim(&journal, &sink, "a", &lease(begins)).await;
        assert_eq!(claim, expected, "{begins}");
    };
    check(0, Claim::Claimed).await;
    check(28, Claim::Busy).await;
    // Clocks may be ten seconds apart.
    check(37, Claim::Busy).await;
    check(42, Claim::Claimed).await;
    check(43, Claim::Busy).await;
}

pub(crate) async fn what_is_handed_back_is_free_at_once(backend: &impl Backend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    let ids = ["90020261121100001a", "90020261121100001b", "c"];
    let claims = claim(&journal, &sink, &ids, &lease(0)).await;
    assert_eq!(claims.claims, [Claim::Claimed; 3]);
    settle(&journal, claims, &[None, Some(Settled::Delivered), None]).await;
    let again = claim(&journal, &sink, &ids, &lease(0)).await;
    assert_eq!(again.claims, [Claim::Claimed, DELIVERED, Claim::Claimed]);
    settle(&journal, again, &[Some(Settled::Delivered); 3]).await;
    let known = claim(&journal, &sink, &ids, &lease(0)).await;
    assert_eq!(known.claims, [DELIVERED; 3]);
    assert!(known.tickets.is_empty());
}

pub(crate) async fn only_a_dead_letter_that_comes_back_claims_what_is_set_aside(
    backend: &impl Backend,
) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    note(&journal, &sink, "a", Some(Settled::SetAside)).await;
    assert_eq!(try_claim(&journal, &sink, "a", &lease(0)).await, SET_ASIDE);
    let replay = lease(0).for_replay();
    let claims = claim(&journal, &sink, &["a"], &replay).await;
    assert_eq!(claims.claims, [Claim::Claimed]);
    assert_eq!(try_claim(&journal, &sink, "a", &replay).await, Claim::Busy);
    settle(&journal, claims, &[Some(Settled::Delivered)]).await;
    assert_eq!(try_claim(&journal, &sink, "a", &replay).await, DELIVERED);
}

/// Two claims of one log event, the second after the first has lapsed.
async fn one_after_another(journal: &Journal<impl Store>, sink: &str) -> [Claims; 2] {
    let first = claim(journal, sink, &["a"], &lease(0)).await;
    let second = claim(journal, sink, &["a"], &lease(42)).await;
    assert_eq!(second.claims, [Claim::Claimed]);
    [first, second]
}

pub(crate) async fn what_is_delivered_is_never_set_aside_by_a_slow_worker(backend: &impl Backend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    let [slow, other] = one_after_another(&journal, &sink).await;
    settle(&journal, other, &[Some(Settled::Delivered)]).await;
    settle(&journal, slow, &[Some(Settled::SetAside)]).await;
    assert_eq!(try_claim(&journal, &sink, "a", &lease(0)).await, DELIVERED);
}

pub(crate) async fn what_is_delivered_is_noted_even_after_another_took_over(
    backend: &impl Backend,
) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    let [slow, other] = one_after_another(&journal, &sink).await;
    settle(&journal, slow, &[Some(Settled::Delivered)]).await;
    settle(&journal, other, &[None]).await;
    assert_eq!(try_claim(&journal, &sink, "a", &lease(0)).await, DELIVERED);
}

pub(crate) async fn a_row_is_forgotten_after_its_days_although_it_is_still_there(
    backend: &impl Backend,
) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    for (log_id, settled) in [("a", Settled::Delivered), ("b", Settled::SetAside)] {
        note(&journal, &sink, log_id, Some(settled)).await;
        let days = i64::from(DAYS) * DAY;
        let before = try_claim(&journal, &sink, log_id, &lease(days - 60)).await;
        assert_eq!(before, Claim::Known(settled));
        let after = try_claim(&journal, &sink, log_id, &lease(days + 60)).await;
        assert_eq!(after, Claim::Claimed);
    }
}

pub(crate) async fn any_log_id_has_a_place(backend: &impl Backend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    let long = "x".repeat(3_000);
    let other = format!("{long}y");
    let ids = [
        "90020261121100001123456789000000000001",
        "90020261121100001123456789000000000002",
        "90020261121100060",
        "a/b#c?d\\é%'\"\u{7f}",
        " ",
        "",
        &long,
        &other,
    ];
    for log_id in ids {
        note(&journal, &sink, log_id, Some(Settled::Delivered)).await;
    }
    let all = claim(&journal, &sink, &ids, &lease(0)).await;
    assert_eq!(all.claims, [DELIVERED; 8]);
}

pub(crate) async fn whoever_looks_claims_nothing(backend: &impl Backend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    note(&journal, &sink, "a", Some(Settled::Delivered)).await;
    note(&journal, &sink, "b", Some(Settled::SetAside)).await;
    assert_eq!(
        try_claim(&journal, &sink, "c", &lease(0)).await,
        Claim::Claimed
    );
    let look = async |begins: i64| {
        let now = lease(begins).begins;
        let looked = journal
            .look(&sink, &["a", "b", "c", "d"], now, soon())
            .await;
        looked.unwrap()
    };
    let known = |c| [Standing::Delivered, Standing::SetAside, c, Standing::Free];
    assert_eq!(look(0).await, known(Standing::Busy));
    assert_eq!(look(42).await, known(Standing::Free));
    assert_eq!(
        try_claim(&journal, &sink, "d", &lease(0)).await,
        Claim::Claimed
    );
}

pub(crate) async fn thousands_of_one_second_are_claimed_and_each_settled_for_itself(
    backend: &impl Backend,
) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    let ids = (0..4_100).map(|number| format!("90020261121100001{number:021}"));
    let ids: Vec<String> = ids.collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let claims = claim(&journal, &sink, &ids, &lease(0)).await;
    assert_eq!(claims.claims, vec![Claim::Claimed; ids.len()]);
    let of_each = [Some(Settled::Delivered), None, Some(Settled::SetAside)];
    let fates: Vec<_> = of_each.into_iter().cycle().take(ids.len()).collect();
    settle(&journal, claims, &fates).await;
    let looked = journal.look(&sink, &ids, Timestamp::now(), soon()).await;
    let expected = [Standing::Delivered, Standing::Free, Standing::SetAside];
    let expected: Vec<_> = expected.into_iter().cycle().take(ids.len()).collect();
    assert_eq!(looked.unwrap(), expected);
}

pub(crate) async fn of_many_workers_on_two_journals_each_event_is_claimed_by_one(
    backend: &impl Backend,
) {
    let sink = backend.sink("http");
    let journals = [backend.journal(), backend.journal()];
    // All of them in one bucket.
    let log_ids = (0..20).map(|number| format!("90020261121100001{number:021}"));
    let log_ids: Vec<String> = log_ids.collect();
    let workers = (0..6_usize).map(|worker| {
        let journal = &journals[worker % 2];
        // Each worker has some of the events, in another order.
        let mut ids: Vec<&str> = log_ids.iter().map(String::as_str).collect();
        fastrand::Rng::with_seed(worker.try_into().unwrap()).shuffle(&mut ids);
        ids.truncate(15);
        let sink = &sink;
        async move {
            let claims = claim(journal, sink, &ids, &lease(0)).await;
            assert_eq!(claims.claims.len(), ids.len());
            ids.into_iter().zip(claims.claims).collect::<Vec<_>>()
        }
    });
    let mut claimed: HashMap<&str, usize> = HashMap::new();
    for (log_id, claim) in join_all(workers).await.into_iter().flatten() {
        match claim {
            Claim::Claimed => *claimed.entry(log_id).or_default() += 1,
            Claim::Busy => {}
            Claim::Known(settled) => panic!("nothing is settled: {settled:?}"),
        }
    }
    assert_eq!(claimed.len(), log_ids.len());
    assert!(claimed.values().all(|count| *count == 1), "{claimed:?}");
}
