//! What a ledger on a table promises, whoever serves the table.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http_clients::TableLedger;
use relay::{Claim, Lease, Ledger, PortError, Settled, chain};
use tenant_logs::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Backend;

const DELIVERED: Claim = Claim::Known(Settled::Delivered);
const SET_ASIDE: Claim = Claim::Known(Settled::SetAside);
const DAY: i64 = 86_400;

/// A lease of 30 seconds that begins so many seconds from now.
pub(super) fn lease(owner: u64, begins: i64) -> Lease {
    let begins = Timestamp::from_second(Timestamp::now().as_second() + begins).unwrap();
    Lease {
        owner,
        begins,
        ends: Timestamp::from_second(begins.as_second() + 30).unwrap(),
        may_reclaim_dead_lettered: false,
    }
}

/// A ledger with the sink that a test uses.
struct At {
    ledger: TableLedger,
    sink: String,
}

fn at(backend: &Backend) -> At {
    At {
        ledger: backend.ledger(),
        sink: backend.sink("http"),
    }
}

async fn claim(at: &At, log_id: &str, lease: &Lease) -> Claim {
    let claims = at.ledger.claim(&at.sink, &[log_id], lease).await.unwrap();
    assert_eq!(claims.len(), 1);
    claims[0]
}

async fn commit(at: &At, log_id: &str, settled: Settled) {
    let committed = at.ledger.commit(&at.sink, &[log_id], settled).await;
    committed.unwrap();
}

async fn release(at: &At, log_id: &str, lease: &Lease) {
    at.ledger.release(&at.sink, &[log_id], lease).await.unwrap();
}

pub(super) async fn a_delivered_event_is_known_at_its_sink_only(backend: &Backend) {
    let ledger = at(backend);
    let mine = lease(1, 0);
    assert_eq!(claim(&ledger, "a", &mine).await, Claim::Claimed);
    commit(&ledger, "a", Settled::Delivered).await;
    let both = ledger
        .ledger
        .claim(&ledger.sink, &["b", "a"], &mine)
        .await
        .unwrap();
    assert_eq!(both, [Claim::Claimed, DELIVERED]);
    let elsewhere = At {
        sink: backend.sink("file"),
        ..ledger
    };
    assert_eq!(claim(&elsewhere, "a", &mine).await, Claim::Claimed);
}

pub(super) async fn a_live_claim_is_busy_and_a_lapsed_one_is_taken_over(backend: &Backend) {
    let ledger = at(backend);
    assert_eq!(claim(&ledger, "a", &lease(1, 0)).await, Claim::Claimed);
    assert_eq!(claim(&ledger, "a", &lease(2, 28)).await, Claim::Busy);
    assert_eq!(claim(&ledger, "a", &lease(2, 31)).await, Claim::Claimed);
    assert_eq!(claim(&ledger, "a", &lease(3, 32)).await, Claim::Busy);
}

pub(super) async fn an_owner_claims_again_what_it_holds(backend: &Backend) {
    let ledger = at(backend);
    let mine = lease(1, 0);
    for _ in 0..2 {
        assert_eq!(claim(&ledger, "a", &mine).await, Claim::Claimed);
    }
}

pub(super) async fn a_claim_that_another_took_over_is_not_released(backend: &Backend) {
    let ledger = at(backend);
    let (first, second) = (lease(1, 0), lease(2, 31));
    claim(&ledger, "a", &first).await;
    claim(&ledger, "a", &second).await;
    release(&ledger, "a", &first).await;
    assert_eq!(claim(&ledger, "a", &lease(3, 32)).await, Claim::Busy);
    release(&ledger, "a", &second).await;
    assert_eq!(claim(&ledger, "a", &lease(3, 32)).await, Claim::Claimed);
    // What is not there is released already.
    release(&ledger, "b", &first).await;
}

pub(super) async fn only_a_dead_letter_that_comes_back_claims_what_is_set_aside(backend: &Backend) {
    let ledger = at(backend);
    commit(&ledger, "a", Settled::SetAside).await;
    assert_eq!(claim(&ledger, "a", &lease(1, 0)).await, SET_ASIDE);
    let dead_letter = lease(2, 0).for_replay();
    assert_eq!(claim(&ledger, "a", &dead_letter).await, Claim::Claimed);
    let same_dead_letter = lease(3, 0).for_replay();
    assert_eq!(claim(&ledger, "a", &same_dead_letter).await, Claim::Busy);
    commit(&ledger, "a", Settled::Delivered).await;
    assert_eq!(claim(&ledger, "a", &same_dead_letter).await, DELIVERED);
}

pub(super) async fn what_is_delivered_is_never_set_aside_by_a_slow_worker(backend: &Backend) {
    let ledger = at(backend);
    claim(&ledger, "a", &lease(1, 0)).await;
    claim(&ledger, "a", &lease(2, 31)).await;
    commit(&ledger, "a", Settled::Delivered).await;
    commit(&ledger, "a", Settled::SetAside).await;
    assert_eq!(claim(&ledger, "a", &lease(3, 0)).await, DELIVERED);
}

pub(super) async fn what_is_delivered_is_noted_even_after_another_took_over(backend: &Backend) {
    let ledger = at(backend);
    let second = lease(2, 31);
    claim(&ledger, "a", &lease(1, 0)).await;
    claim(&ledger, "a", &second).await;
    commit(&ledger, "a", Settled::Delivered).await;
    release(&ledger, "a", &second).await;
    assert_eq!(claim(&ledger, "a", &lease(3, 32)).await, DELIVERED);
}

pub(super) async fn an_entry_is_forgotten_after_its_days_although_it_is_still_there(
    backend: &Backend,
) {
    let ledger = at(backend);
    for settled in [Settled::Delivered, Settled::SetAside] {
        commit(&ledger, "a", settled).await;
        let before = lease(1, 35 * DAY - 60);
        assert!(matches!(
            claim(&ledger, "a", &before).await,
            Claim::Known(_)
        ));
        let after = lease(2, 35 * DAY + 60);
        assert_eq!(claim(&ledger, "a", &after).await, Claim::Claimed);
        release(&ledger, "a", &after).await;
    }
}

pub(super) async fn any_log_id_has_an_entry_of_its_own(backend: &Backend) {
    let ledger = at(backend);
    let longest = "x".repeat(512);
    let long = "x".repeat(3_000);
    let other = format!("{long}y");
    let odd = [
        "a/b",
        "a\\b",
        "a#b?c",
        "a'b''c",
        "a%2Fb",
        "é€😀",
        " ",
        "a b+c",
        "\u{1}",
        ".",
    ];
    let long = [longest.as_str(), &long, &other];
    for log_id in odd.into_iter().chain(long) {
        assert_eq!(
            claim(&ledger, log_id, &lease(1, 0)).await,
            Claim::Claimed,
            "{log_id:?}"
        );
        assert_eq!(claim(&ledger, log_id, &lease(2, 0)).await, Claim::Busy);
        commit(&ledger, log_id, Settled::Delivered).await;
        assert_eq!(claim(&ledger, log_id, &lease(1, 0)).await, DELIVERED);
    }
}

pub(super) async fn a_missing_table_is_named_and_nothing_is_claimed(backend: &Backend) {
    let endpoint = backend.endpoint.replace("ledger", "nosuchtable");
    let ledger = backend.ledger_at(&endpoint);
    let mine = lease(1, 0);
    let check = |result: Result<(), PortError>, step: &str| {
        let expected = format!(
            "{step} 2 log events of sink `http`: ledger table `nosuchtable` answered 404 TableNotFound: check \
            LEDGER_TABLE_ENDPOINT, that the table is there, and that the identity has the role Storage Table Data \
            Contributor on it"
        );
        assert_eq!(chain(&result.unwrap_err()).to_string(), expected);
    };
    let ids = ["a", "b"];
    check(ledger.claim("http", &ids, &mine).await.map(|_| ()), "claim");
    for settled in [Settled::Delivered, Settled::SetAside] {
        check(ledger.commit("http", &ids, settled).await, "commit");
    }
    check(ledger.release("http", &ids, &mine).await, "release");
}

pub(super) async fn of_many_workers_on_two_ledgers_each_event_is_claimed_by_one(backend: &Backend) {
    let ledgers = [backend.ledger(), backend.ledger()].map(Arc::new);
    let log_ids: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let mut workers = JoinSet::new();
    for owner in 0..4_u64 {
        let ledger = Arc::clone(&ledgers[usize::from(owner % 2 == 1)]);
        let sink = backend.sink("http");
        // Each worker has the events in another order.
        let mut ids = log_ids.clone();
        fastrand::Rng::with_seed(owner).shuffle(&mut ids);
        workers.spawn(async move {
            let wanted: Vec<&str> = ids.iter().map(String::as_str).collect();
            let claims = ledger.claim(&sink, &wanted, &lease(owner, 0)).await;
            ids.into_iter().zip(claims.unwrap()).collect::<Vec<_>>()
        });
    }
    let mut claimed: HashMap<String, usize> = HashMap::new();
    for (log_id, claim) in workers.join_all().await.into_iter().flatten() {
        match claim {
            Claim::Claimed => *claimed.entry(log_id).or_default() += 1,
            Claim::Busy => {}
            Claim::Known(settled) => panic!("nothing is settled: {settled:?}"),
        }
    }
    assert_eq!(claimed.len(), log_ids.len());
    assert!(claimed.values().all(|count| *count == 1), "{claimed:?}");
}

pub(super) async fn a_purge_deletes_what_has_expired_and_nothing_else(backend: &Backend) {
    let ledger = at(backend);
    // Claims made long ago, when they were kept for 35 days.
    for number in 0..25 {
        let lease = Lease {
            ends: lease(1, 0).ends,
            ..lease(1, -36 * DAY)
        };
        assert_eq!(
            claim(&ledger, &format!("old {number}"), &lease).await,
            Claim::Claimed
        );
    }
    commit(&ledger, "new", Settled::Delivered).await;
    let until = || Instant::now() + Duration::from_mins(1);
    let purged = ledger
        .ledger
        .purge(Timestamp::now(), until())
        .await
        .unwrap();
    assert!(purged.deleted >= 25 && !purged.has_more, "{purged:?}");
    assert_eq!(claim(&ledger, "new", &lease(2, 0)).await, DELIVERED);
    // An entry that is still there would be read as expired, too; so the second purge tells.
    let again = ledger
        .ledger
        .purge(Timestamp::now(), until())
        .await
        .unwrap();
    assert_eq!(again.deleted, 0);
}
