//! The journal's scenarios on our table and on Azurite's; then what only ours can show.

#[path = "../../../../../shared/relay/tests/journal/scenarios.rs"]
mod scenarios;

use std::time::Duration;

use http_clients::JournalTable;
use relay::journal::{Journal, Standing, Store};
use relay::{Claim, Settled};
use serde_json::{Value, json};
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::Backend;
use scenarios::{DAYS, claim, lease, settle, soon};

impl Backend {
    fn rows(&self) -> JournalTable {
        JournalTable::new(&self.app.identity, self.endpoint.parse().unwrap())
    }
}

impl scenarios::Backend for Backend {
    fn journal(&self) -> Journal<impl Store> {
        Journal::new(self.rows(), DAYS)
    }

    fn sink(&self, name: &str) -> String {
        Self::sink(self, name)
    }
}

scenarios::on!(on_our_table, cfg(test), Backend::local());
scenarios::on!(on_azurite, ignore = "needs AZURITE_TABLE_ENDPOINT", async {
    Backend::azurite().await.unwrap()
});

const LOG_ID: &str = "90020261121100001123456789000000000001";

#[tokio::test]
async fn a_row_has_its_keys_its_owner_its_lease_and_its_log_events() {
    let backend = Backend::local().await;
    let (journal, table) = (
        Journal::new(backend.rows(), DAYS),
        backend.table.as_ref().unwrap(),
    );
    let mine = lease(0);
    let ids = [LOG_ID, "90020261121100001123456789000000000002"];
    let claims = claim(&journal, "http", &ids, &mine).await;
    let key = ("http%409002026112110000", "0000000000");
    let mut entity = table.entity(key.0, key.1).unwrap();
    let owner = entity.remove("owner").unwrap();
    assert!(owner.as_str().unwrap().parse::<u64>().is_ok(), "{owner}");
    let held = |entity: &mut serde_json::Map<String, Value>| {
        use base64::Engine as _;
        let ids = entity.remove("ids").unwrap();
        let ids = base64::engine::general_purpose::STANDARD.decode(ids.as_str().unwrap());
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
    let table = backend.table.as_ref().unwrap();
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
    let failure = relay::chain(&claims.failure.unwrap()).to_string();
    assert_eq!(
        failure,
        "claim 1 log events of sink `http`: ledger table `ledger` answered what cannot be read"
    );
}

#[tokio::test]
async fn a_bucket_of_many_pages_is_read_whole() {
    let backend = Backend::local().await;
    backend.table.as_ref().unwrap().page_by(3);
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

#[tokio::test]
async fn a_purge_deletes_whole_buckets_through_every_page_and_leaves_the_checkpoint() {
    let backend = Backend::local().await;
    let table = backend.table.as_ref().unwrap();
    table.page_by(7);
    let row = |expires: &str| {
        json!({
            "owner": "1",
            "expires_at@odata.type": "Edm.Int64",
            "expires_at": expires,
        })
    };
    for number in 0..25 {
        table.put("http%40old", &format!("{number:010}"), row("1000"));
        table.put(&format!("http%40{number}"), "0000000000", row("1000"));
        table.put("http%40mixed", &format!("{number:010}"), row("1000"));
    }
    table.put("http%40mixed", "0000000025", row("1001"));
    table.put("checkpoint", "acme", row("1"));
    let purge = async |seconds| {
        let now = Timestamp::from_second(seconds).unwrap();
        let until = Instant::now() + Duration::from_mins(1);
        let purged = backend.rows().purge(now, until).await.unwrap();
        assert!(!purged.has_more);
        purged.deleted
    };
    assert_eq!(purge(999).await, 0);
    assert_eq!(purge(1_000).await, 50);
    assert_eq!(table.count(), 27);
    assert_eq!(purge(1_001).await, 26);
    assert!(table.entity("checkpoint", "acme").is_some());
}

/// A bucket whose last row is a day past its time is deleted, and one that has a younger row is not.
async fn check_purge(backend: &Backend) {
    const DAY: i64 = 86_400;
    let (journal, sink) = (Journal::new(backend.rows(), DAYS), backend.sink("purged"));
    let [old, mixed] = [LOG_ID, "90020261121100011123456789000000000001"];
    let long_ago = lease(-100 * DAY);
    let claims = claim(&journal, &sink, &[old, mixed], &long_ago).await;
    settle(&journal, claims, &[Some(Settled::Delivered); 2]).await;
    let claims = claim(&journal, &sink, &[mixed], &lease(-20 * DAY)).await;
    assert_eq!(claims.claims, [Claim::Claimed]);
    settle(&journal, claims, &[None]).await;
    let known = async || {
        let looked = journal
            .look(&sink, &[old, mixed], long_ago.begins, soon())
            .await;
        looked
            .unwrap()
            .iter()
            .map(|standing| *standing == Standing::Delivered)
            .collect::<Vec<_>>()
    };
    assert_eq!(known().await, [true, true]);
    let purged = backend
        .rows()
        .purge(Timestamp::now(), soon())
        .await
        .unwrap();
    assert_eq!((purged.deleted, purged.has_more), (1, false));
    assert_eq!(known().await, [false, true]);
}

#[tokio::test]
async fn a_purge_keeps_a_bucket_with_a_younger_row() {
    check_purge(&Backend::local().await).await;
}

#[tokio::test]
#[ignore = "needs AZURITE_TABLE_ENDPOINT"]
async fn a_purge_keeps_a_bucket_with_a_younger_row_on_azurite() {
    check_purge(&Backend::azurite().await.unwrap()).await;
}
