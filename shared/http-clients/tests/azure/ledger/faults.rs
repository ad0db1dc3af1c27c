//! What becomes of claims while a table refuses, drops connections, loses answers or hangs, whoever serves the table.

use fakes::faults::Fault;
use relay::{Claim, Ledger, Settled, chain};
use tenant_logs::Timestamp;

use super::Backend;
use super::scenarios::lease;

pub(super) async fn a_busy_or_silent_table_is_asked_again(backend: &Backend) {
    let (ledger, sink) = (backend.ledger(), backend.sink("http"));
    for fault in [
        Fault::Status(500),
        Fault::Throttle,
        Fault::DropBefore,
        Fault::DropAfter,
    ] {
        let id = [fault.name()];
        backend.faults.script([fault.clone(), fault.clone()]);
        let claims = ledger.claim(&sink, &id, &lease(1, 0)).await.unwrap();
        assert_eq!(claims, [Claim::Claimed], "{fault:?}");
        backend.faults.script([fault.clone()]);
        let committed = ledger.commit(&sink, &id, Settled::Delivered).await;
        committed.unwrap();
        backend.faults.script([fault.clone()]);
        let claims = ledger.claim(&sink, &id, &lease(2, 0)).await.unwrap();
        assert_eq!(claims, [Claim::Known(Settled::Delivered)], "{fault:?}");
    }
}

pub(super) async fn a_claim_fails_as_a_whole_and_what_it_got_is_released(backend: &Backend) {
    let (ledger, sink) = (backend.ledger(), backend.sink("http"));
    backend.faults.by(|call| {
        if call == 7 {
            Fault::Denied
        } else {
            Fault::Healthy
        }
    });
    let ids: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let error = ledger.claim(&sink, &ids, &lease(1, 0)).await.unwrap_err();
    let error = chain(&error).to_string();
    let expected = format!(
        "claim 40 log events of sink `{sink}`: ledger table `ledger` answered 403 \
         AuthorizationPermissionMismatch: check LEDGER_TABLE_ENDPOINT"
    );
    assert!(error.starts_with(&expected), "{error}");
    let claims = ledger.claim(&sink, &ids, &lease(2, 0)).await.unwrap();
    assert_eq!(claims, vec![Claim::Claimed; 40]);
}

pub(super) async fn a_table_that_hangs_ends_the_claim_while_there_is_time_to_answer(
    backend: &Backend,
) {
    let sink = backend.sink("http");
    backend.faults.always(Fault::Hang);
    let now = Timestamp::now();
    let short = relay::Lease {
        begins: now,
        ends: Timestamp::from_millisecond(now.as_millisecond() + 8_000).unwrap(),
        ..lease(1, 0)
    };
    let error = backend.ledger().claim(&sink, &["a"], &short).await;
    let error = chain(&error.unwrap_err()).to_string();
    assert!(
        error.ends_with("no answer from ledger table `ledger` in time"),
        "{error}"
    );
    assert!(
        Timestamp::now() < short.ends,
        "there was no time left to answer"
    );
}
