//! What is seen only where the table's entities can be looked at, and its tokens revoked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use relay::journal::Journal;
use relay::{Claim, Settled, chain};
use serde_json::{Map, Value, json};

use super::Backend;
use super::scenarios::{DAYS, claim, lease, settle, soon};

const LOG_ID: &str = "90020261121100001123456789000000000001";

#[tokio::test]
async fn a_token_that_is_revoked_is_renewed() {
    let backend = Backend::local().await;
    let journal = Journal::new(backend.rows(), DAYS);
    let first = claim(&journal, "http", &["a"], &lease(0)).await;
    assert_eq!(first.claims, [Claim::Claimed]);
    backend.app.tokens().revoke_all();
    let second = claim(&journal, "http", &["b"], &lease(0)).await;
    assert_eq!(second.claims, [Claim::Claimed]);
    assert_eq!(backend.app.tokens().issued(), 2);
}

#[tokio::test]
async fn a_missing_table_is_named_and_nothing_is_claimed() {
    let backend = Backend::local().await;
    let endpoint = backend.endpoint.replace("/ledger", "/nosuchtable");
    let journal = Journal::new(backend.rows_at(&endpoint), DAYS);
    let claims = journal.claim("http", &["a", "b"], &lease(0), soon()).await;
    assert_eq!(claims.claims, [Claim::Busy; 2]);
    let failure = chain(&claims.failure.unwrap()).to_string();
    let expected = "claim 2 log events of sink `http`: ledger table `nosuchtable` answered 404 TableNotFound: check \
        LEDGER_TABLE_ENDPOINT";
    assert!(failure.starts_with(expected), "{failure}");
}

#[tokio::test]
async fn a_row_has_its_keys_its_owner_its_lease_and_its_log_events() {
    let backend = Backend::local().await;
    let (journal, table) = (Journal::new(backend.rows(), DAYS), backend.table());
    let mine = lease(0);
    let ids = [LOG_ID, "90020261121100001123456789000000000002"];
    let claims = claim(&journal, "http", &ids, &mine).await;
    let key = ("http%409002026112110000", "0000000000");
    let mut entity = table.entity(key.0, key.1).unwrap();
    let owner = entity.remove("owner").unwrap();
    assert!(owner.as_str().unwrap().parse::<u64>().is_ok(), "{owner}");
    let held = |entity: &mut Map<String, Value>| {
        let ids = entity.remove("ids").unwrap();
        let ids = BASE64.decode(ids.as_str().unwrap());
        ids.unwrap().len()
    };
    assert_eq!(held(&mut entity), 32);
    let expires = mine.begins.as_second() + (i64::from(DAYS) + 1) * 86_400;
    let common = json!({
        "PartitionKey": key.0,
        "RowKey": key.1,
        "lease_ends@odata.type": "Edm.Int64",
        "lease_ends": mine.ends.as_millisecond().to_string(),
        "expires_at@odata.type": "Edm.Int64",
        "expires_at": expires.to_string(),
        "ids@odata.type": "Edm.Binary",
    });
    assert_eq!(Value::Object(entity), common);
    settle(&journal, claims, &[None, Some(Settled::SetAside)]).await;
    let mut entity = table.entity(key.0, key.1).unwrap();
    assert_eq!(
        (entity["outcome"].clone(), held(&mut entity)),
        (json!("s"), 16)
    );
    assert_eq!(table.count(), 1);
}

#[tokio::test]
async fn a_row_that_nobody_here_wrote_is_left_alone() {
    let backend = Backend::local().await;
    let table = backend.table();
    table.put(
        "http%409002026112110000",
        "0000000000",
        json!({"Value": "something else"}),
    );
    let journal = Journal::new(backend.rows(), DAYS);
    let claims = journal
        .claim("http", &[LOG_ID, "b"], &lease(0), soon())
        .await;
    assert_eq!(claims.claims, [Claim::Busy, Claim::Claimed]);
    let failure = chain(&claims.failure.unwrap()).to_string();
    assert_eq!(
        failure,
        "claim 1 log events of sink `http`: ledger table `ledger` answered what cannot be read"
    );
}

#[tokio::test]
async fn a_bucket_of_many_pages_is_read_whole() {
    let backend = Backend::local().await;
    backend.table().page_by(3);
    let journal = Journal::new(backend.rows(), DAYS);
    let ids: Vec<String> = (0..20)
        .map(|n| format!("90020261121100001{n:021}"))
        .collect();
    for id in &ids {
        let claims = claim(&journal, "http", &[id], &lease(0)).await;
        settle(&journal, claims, &[Some(Settled::Delivered)]).await;
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let known = claim(&journal, "http", &ids, &lease(0)).await;
    assert_eq!(known.claims, vec![Claim::Known(Settled::Delivered); 20]);
}
