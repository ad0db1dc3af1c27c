//! What is seen only where the table's entities can be looked at, and its tokens revoked.

use std::time::Duration;

use fakes::faults::Fault;
use relay::{Claim, Ledger, Settled};
use serde_json::{Value, json};
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::Backend;
use super::scenarios::lease;

#[tokio::test]
async fn a_token_that_is_revoked_is_renewed() {
    let backend = Backend::local().await;
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
    let (ledger, table) = (backend.ledger(), backend.table());
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
    let table = backend.table();
    table.put("http-a", "a", json!({"Value": "something else"}));
    let claims = backend.ledger().claim("http", &["a"], &lease(1, 0)).await;
    assert_eq!(claims.unwrap(), [Claim::Busy]);
}

#[tokio::test]
async fn a_purge_goes_through_every_page_and_leaves_the_checkpoint() {
    let backend = Backend::local().await;
    let table = backend.table();
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
    let backend = Backend::local().await;
    backend.table().put(
        "http-a",
        "a",
        json!({"ExpiresAt@odata.type": "Edm.Int64", "ExpiresAt": "1"}),
    );
    backend.faults.always(Fault::Hang);
    let until = Instant::now() + Duration::from_millis(300);
    let purged = backend
        .ledger()
        .purge(Timestamp::now(), until)
        .await
        .unwrap();
    assert_eq!((purged.deleted, purged.has_more), (0, true));
}
