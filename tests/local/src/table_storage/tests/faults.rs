use std::time::Duration;

use relay::{Claim, Ledger, Settled, chain};
use serde_json::json;
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::scenarios::lease;
use super::*;
use crate::client;

/// A ledger on a table of our own, with that table and its faults.
pub(super) async fn ill() -> (Backend, TableStorage, Faults) {
    let faults = Faults::healthy();
    let app = App::start().await;
    let table = TableStorage::start("ledger", app.tokens(), faults.clone()).await;
    let table = table.unwrap();
    let backend = Backend {
        endpoint: table.endpoint(),
        app,
        table: None,
        prefix: String::new(),
    };
    (backend, table, faults)
}

#[tokio::test]
async fn a_busy_or_silent_table_is_asked_again() {
    for fault in [
        Fault::Status(500),
        Fault::Throttle,
        Fault::DropBefore,
        Fault::DropAfter,
    ] {
        let (backend, _table, faults) = ill().await;
        let ledger = backend.ledger();
        faults.script([fault.clone(), fault.clone()]);
        let claims = ledger.claim("http", &["a"], &lease(1, 0)).await.unwrap();
        assert_eq!(claims, [Claim::Claimed], "{fault:?}");
        faults.script([fault.clone()]);
        let committed = ledger.commit("http", &["a"], Settled::Delivered).await;
        committed.unwrap();
        faults.script([fault.clone()]);
        let claims = ledger.claim("http", &["a"], &lease(2, 0)).await.unwrap();
        assert_eq!(claims, [Claim::Known(Settled::Delivered)], "{fault:?}");
    }
}

#[tokio::test]
async fn a_claim_fails_as_a_whole_and_what_it_got_is_released() {
    let (backend, table, faults) = ill().await;
    let ledger = backend.ledger();
    faults.by(|call| {
        if call == 7 {
            Fault::Denied
        } else {
            Fault::Healthy
        }
    });
    let ids: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let error = ledger.claim("http", &ids, &lease(1, 0)).await.unwrap_err();
    let error = chain(&error).to_string();
    assert!(
        error.starts_with(
            "claim 40 log events of sink `http`: ledger table `ledger` answered 403 \
             AuthorizationPermissionMismatch: check LEDGER_TABLE_ENDPOINT"
        ),
        "{error}"
    );
    assert_eq!(table.count(), 0);
}

#[tokio::test]
async fn a_table_that_hangs_ends_the_claim_while_there_is_time_to_answer() {
    let (backend, _table, faults) = ill().await;
    faults.always(Fault::Hang);
    let now = Timestamp::now();
    let short = relay::Lease {
        begins: now,
        ends: Timestamp::from_millisecond(now.as_millisecond() + 8_000).unwrap(),
        ..lease(1, 0)
    };
    let error = backend.ledger().claim("http", &["a"], &short).await;
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

#[tokio::test]
async fn a_token_that_is_revoked_is_renewed() {
    let (backend, _table, _) = ill().await;
    let ledger = backend.ledger();
    ledger.claim("http", &["a"], &lease(1, 0)).await.unwrap();
    backend.app.tokens().revoke_all();
    let claims = ledger.claim("http", &["b"], &lease(1, 0)).await.unwrap();
    assert_eq!(claims, [Claim::Claimed]);
    assert_eq!(backend.app.tokens().issued(), 2);
}

#[tokio::test]
async fn an_entry_has_its_keys_its_state_and_when_it_expires_and_a_settled_one_no_owner() {
    let backend = Backend::local().await;
    let (ledger, table) = (backend.ledger(), backend.table.as_ref().unwrap());
    let log_id = "90020261121/000000000001";
    let mine = lease(u64::MAX, 0);
    ledger.claim("http", &[log_id], &mine).await.unwrap();
    let key = ("http-90020261121", "90020261121%2F000000000001");
    let expires = (mine.begins.as_second() + 35 * 86_400).to_string();
    let claim = json!({
        "PartitionKey": key.0,
        "RowKey": key.1,
        "State": "claimed",
        "Owner": u64::MAX.to_string(),
        "LeaseEnds@odata.type": "Edm.Int64",
        "LeaseEnds": mine.ends.as_millisecond().to_string(),
        "ExpiresAt@odata.type": "Edm.Int64",
        "ExpiresAt": expires,
    });
    assert_eq!(Value::Object(table.entity(key.0, key.1).unwrap()), claim);
    for (settled, state) in [
        (Settled::SetAside, "set_aside"),
        (Settled::Delivered, "delivered"),
    ] {
        ledger.commit("http", &[log_id], settled).await.unwrap();
        let entity = table.entity(key.0, key.1).unwrap();
        assert_eq!(entity["State"], state);
        assert_eq!(entity.len(), 5, "{entity:?}");
    }
}

#[tokio::test]
async fn an_entry_that_nobody_here_wrote_is_left_alone() {
    let backend = Backend::local().await;
    let table = backend.table.as_ref().unwrap();
    table.put("http-a", "a", json!({"Value": "something else"}));
    let claims = backend.ledger().claim("http", &["a"], &lease(1, 0)).await;
    assert_eq!(claims.unwrap(), [Claim::Busy]);
}

#[tokio::test]
async fn a_purge_goes_through_every_page_and_leaves_the_checkpoint() {
    let backend = Backend::local().await;
    let table = backend.table.as_ref().unwrap();
    table.page_by(7);
    let old = json!({"State": "delivered", "ExpiresAt@odata.type": "Edm.Int64", "ExpiresAt": "1"});
    for number in 0..50 {
        table.put("http-a", &format!("a%2F{number}"), old.clone());
    }
    table.put("checkpoint", "acme", old);
    let until = Instant::now() + Duration::from_mins(1);
    let purged = backend
        .ledger()
        .purge(Timestamp::now(), until)
        .await
        .unwrap();
    assert_eq!((purged.deleted, purged.has_more), (50, false));
    assert_eq!(table.count(), 1);
    assert!(table.entity("checkpoint", "acme").is_some());
}

#[tokio::test]
async fn a_purge_ends_in_time_and_says_that_there_is_more() {
    let (backend, table, faults) = ill().await;
    table.put(
        "http-a",
        "a",
        json!({"ExpiresAt@odata.type": "Edm.Int64", "ExpiresAt": "1"}),
    );
    faults.always(Fault::Hang);
    let until = Instant::now() + Duration::from_millis(300);
    let purged = backend
        .ledger()
        .purge(Timestamp::now(), until)
        .await
        .unwrap();
    assert_eq!((purged.deleted, purged.has_more), (0, true));
}

#[tokio::test]
async fn the_table_refuses_what_the_real_one_refuses() {
    let backend = Backend::local().await;
    backend
        .ledger()
        .claim("http", &["a"], &lease(1, 0))
        .await
        .unwrap();
    let authorization = format!("Bearer {}", backend.app.tokens().any().unwrap());
    let right = vec![
        ("authorization", authorization.as_str()),
        ("x-ms-version", "2020-12-06"),
        ("x-ms-date", "Sat, 21 Nov 2026 10:00:00 GMT"),
        ("accept", "application/json;odata=minimalmetadata"),
        ("content-type", "application/json"),
    ];
    let without = |name: &str| {
        let mut headers = right.clone();
        headers.retain(|(other, _)| *other != name);
        headers
    };
    let status = async |headers: &[(&str, &str)], body: Value| {
        let answer = client::post(&backend.endpoint, headers, body.to_string()).await;
        answer.unwrap().status().as_u16()
    };
    let entity = |row: &str| json!({"PartitionKey": "p", "RowKey": row});
    assert_eq!(status(&right, entity("1")).await, 204);
    assert_eq!(status(&right, entity("1")).await, 409);
    for (name, expected) in [
        ("authorization", 401),
        ("x-ms-version", 403),
        ("x-ms-date", 403),
        ("accept", 415),
        ("content-type", 415),
    ] {
        assert_eq!(
            status(&without(name), entity("2")).await,
            expected,
            "{name}"
        );
    }
    for wrong in [
        entity("a/b"),
        entity("a#b"),
        entity(&"x".repeat(513)),
        json!({"RowKey": "2"}),
        json!({"PartitionKey": "p", "RowKey": "2", "A": {"b": 1}}),
        json!({"PartitionKey": "p", "RowKey": "2", "A": 5_000_000_000_u64}),
        json!({"PartitionKey": "p", "RowKey": "2", "A": 5, "A@odata.type": "Edm.Int64"}),
        json!([]),
    ] {
        assert_eq!(status(&right, wrong.clone()).await, 400, "{wrong}");
    }
    assert_eq!(backend.table.as_ref().unwrap().count(), 2);
}
