//! What becomes of claims while a store refuses, drops connections, loses answers or hangs, whoever serves it. Written once:
//! the packages whose stores are tables include this file.

use std::time::Duration;

use fakes::faults::{Fault, Faults};
use relay::{Claim, Settled, chain};
use tokio::time::Instant;

use super::scenarios::{Backend, claim, lease, settle, soon};

/// A place for rows whose calls meet faults.
pub(crate) trait FaultyBackend: Backend {
    /// What goes wrong.
    fn faults(&self) -> &Faults;
}

pub(crate) async fn a_busy_or_silent_table_is_asked_again(backend: &impl FaultyBackend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    for fault in [
        Fault::Status(500),
        Fault::Throttle,
        Fault::DropBefore,
        Fault::DropAfter,
    ] {
        let ids = [fault.name()];
        // The reading, then the put: one whose answer is lost is found to be there.
        for script in [
            [fault.clone(), fault.clone(), Fault::Healthy],
            [Fault::Healthy, fault.clone(), fault.clone()],
        ] {
            backend.faults().script(script);
            let claims = claim(&journal, &sink, &ids, &lease(0)).await;
            assert_eq!(claims.claims, [Claim::Claimed], "{fault:?}");
            backend.faults().script([fault.clone()]);
            settle(&journal, claims, &[None]).await;
        }
        let claims = claim(&journal, &sink, &ids, &lease(0)).await;
        backend.faults().script([fault.clone()]);
        settle(&journal, claims, &[Some(Settled::Delivered)]).await;
        backend.faults().script([fault.clone()]);
        let claims = claim(&journal, &sink, &ids, &lease(0)).await;
        let known = Claim::Known(Settled::Delivered);
        assert_eq!(claims.claims, [known], "{fault:?}");
    }
}

pub(crate) async fn of_many_claims_the_one_that_cannot_pass_hands_back_its_own_and_the_others_go_on(
    backend: &impl FaultyBackend,
) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    backend.faults().by(|call| match call {
        7 => Fault::Denied,
        _ => Fault::Healthy,
    });
    let ids: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let claims = journal.claim(&sink, &ids, &lease(0), soon()).await;
    let failure = chain(claims.failure.as_ref().unwrap()).to_string();
    let expected = format!("claim 1 log events of sink `{sink}`: ledger table `");
    assert!(failure.starts_with(&expected), "{failure}");
    let count = |wanted| {
        claims
            .claims
            .iter()
            .filter(|claim| **claim == wanted)
            .count()
    };
    assert_eq!((count(Claim::Claimed), count(Claim::Busy)), (19, 1));
    let fates = [Some(Settled::Delivered); 20];
    settle(&journal, claims, &fates).await;
    let again = claim(&journal, &sink, &ids, &lease(0)).await;
    let claimed = again
        .claims
        .iter()
        .filter(|claim| **claim == Claim::Claimed);
    assert_eq!(claimed.count(), 1);
}

pub(crate) async fn a_claim_whose_answer_never_came_lapses(backend: &impl FaultyBackend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    backend.faults().by(|call| match call {
        0 => Fault::Healthy,
        _ => Fault::DropAfter,
    });
    let until = Instant::now() + Duration::from_secs(2);
    let claims = journal.claim(&sink, &["a"], &lease(0), until).await;
    assert_eq!(claims.claims, [Claim::Busy]);
    assert!(claims.failure.is_some() && claims.tickets.is_empty());
    backend.faults().clear();
    let next = claim(&journal, &sink, &["a"], &lease(0)).await;
    assert_eq!(next.claims, [Claim::Busy]);
    let later = claim(&journal, &sink, &["a"], &lease(42)).await;
    assert_eq!(later.claims, [Claim::Claimed]);
}

pub(crate) async fn a_table_that_hangs_ends_the_claim_in_time(backend: &impl FaultyBackend) {
    let (journal, sink) = (backend.journal(), backend.sink("http"));
    backend.faults().always(Fault::Hang);
    let until = Instant::now() + Duration::from_secs(2);
    let claims = journal.claim(&sink, &["a"], &lease(0), until).await;
    let failure = chain(&claims.failure.unwrap()).to_string();
    assert!(
        failure.contains("no answer from ledger table `"),
        "{failure}"
    );
    assert!(failure.ends_with("in time"), "{failure}");
    assert_eq!(claims.claims, [Claim::Busy]);
}
