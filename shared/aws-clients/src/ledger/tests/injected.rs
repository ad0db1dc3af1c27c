//! What becomes of claims while a table refuses, drops connections, loses answers or hangs, whoever serves the table.

use bytes::Bytes;
use fakes::faults::Fault;
use relay::{Claim, Lease, Ledger, Settled, chain};
use serde_json::Value;
use tenant_logs::Timestamp;

use super::backend::Backend;
use super::scenarios::lease;

pub(super) async fn a_busy_or_silent_table_is_asked_again(backend: &Backend) {
    let ledger = backend.ledger();
    for fault in [
        Fault::Status(500),
        Fault::Throttle,
        Fault::DropBefore,
        Fault::DropAfter,
    ] {
        let id = [fault.name()];
        backend.faults.script([fault.clone(), fault.clone()]);
        let claims = ledger.claim("http", &id, &lease(1, 0)).await.unwrap();
        assert_eq!(claims, [Claim::Claimed], "{fault:?}");
        backend.faults.script([fault.clone()]);
        let committed = ledger.commit("http", &id, Settled::Delivered).await;
        committed.unwrap();
        backend.faults.script([fault.clone()]);
        let claims = ledger.claim("http", &id, &lease(2, 0)).await.unwrap();
        assert_eq!(claims, [Claim::Known(Settled::Delivered)], "{fault:?}");
    }
}

fn is_claim_of(body: &Bytes, key: &str) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["Item"]["state"]["S"] == "claimed" && body["Item"]["pk"]["S"] == key
}

pub(super) async fn a_claim_fails_as_a_whole_and_what_it_got_is_released(backend: &Backend) {
    let ledger = backend.ledger();
    backend.faults.by_request(|request| {
        if is_claim_of(request.body(), "http#7") {
            Fault::Denied
        } else {
            Fault::Healthy
        }
    });
    let ids: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let error = ledger.claim("http", &ids, &lease(1, 0)).await.unwrap_err();
    let expected = format!(
        "claim 20 log events of sink `http`: ledger table `{}` answered AccessDeniedException: check its name, its \
         region, permissions and credentials",
        backend.table
    );
    assert_eq!(chain(&error).to_string(), expected);
    backend.faults.clear();
    let claims = ledger.claim("http", &ids, &lease(2, 0)).await.unwrap();
    assert_eq!(claims, vec![Claim::Claimed; 20]);
}

pub(super) async fn a_table_that_hangs_ends_the_claim_while_there_is_time_to_answer(
    backend: &Backend,
) {
    backend.faults.always(Fault::Hang);
    let begins = Timestamp::now();
    let short = Lease {
        begins,
        ends: Timestamp::from_millisecond(begins.as_millisecond() + 8_000).unwrap(),
        ..lease(1, 0)
    };
    let error = backend.ledger().claim("http", &["a"], &short).await;
    let error = chain(&error.unwrap_err()).to_string();
    let expected = format!("no answer from ledger table `{}` in time", backend.table);
    assert!(error.ends_with(&expected), "{error}");
    assert!(
        Timestamp::now() < short.ends,
        "there was no time left to answer"
    );
}
