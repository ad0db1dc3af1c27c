//! Whole buckets are deleted, a day after the last of their rows has expired, and nothing else.

use std::time::Duration;

use fakes::faults::Fault;
use relay::journal::{Journal, Standing};
use relay::{Claim, Settled};
use serde_json::{Value, json};
use tenant_logs::Timestamp;
use tokio::time::Instant;

use super::Backend;
use super::scenarios::{Backend as _, DAYS, claim, lease, settle, soon};

const OLD: &str = "90020261121100001123456789000000000001";
const MIXED: &str = "90020261121100011123456789000000000001";
const DAY: i64 = 86_400;

pub(super) async fn a_bucket_with_a_younger_row_is_kept_whole(backend: &Backend) {
    let (journal, sink) = (Journal::new(backend.rows(), DAYS), backend.sink("purged"));
    let long_ago = lease(-100 * DAY);
    let claims = claim(&journal, &sink, &[OLD, MIXED], &long_ago).await;
    settle(&journal, claims, &[Some(Settled::Delivered); 2]).await;
    let claims = claim(&journal, &sink, &[MIXED], &lease(-20 * DAY)).await;
    assert_eq!(claims.claims, [Claim::Claimed]);
    settle(&journal, claims, &[None]).await;
    let known = async || {
        let looked = journal
            .look(&sink, &[OLD, MIXED], long_ago.begins, soon())
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

fn expiring(at: &str) -> Value {
    json!({
        "owner": "1",
        "expires_at@odata.type": "Edm.Int64",
        "expires_at": at,
    })
}

#[tokio::test]
async fn a_purge_deletes_whole_buckets_through_every_page_and_leaves_the_checkpoint() {
    let backend = Backend::local().await;
    let table = backend.table();
    table.page_by(7);
    for number in 0..25 {
        table.put("http%40old", &format!("{number:010}"), expiring("1000"));
        table.put(&format!("http%40{number}"), "0000000000", expiring("1000"));
        table.put("http%40mixed", &format!("{number:010}"), expiring("1000"));
    }
    table.put("http%40mixed", "0000000025", expiring("1001"));
    table.put("checkpoint", "acme", expiring("1"));
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

#[tokio::test]
async fn a_purge_ends_in_time_and_says_that_there_is_more() {
    let backend = Backend::local().await;
    backend.table().put("http%40a", "0000000000", expiring("1"));
    backend.faults.always(Fault::Hang);
    let until = Instant::now() + Duration::from_millis(300);
    let purged = backend.rows().purge(Timestamp::now(), until).await;
    let purged = purged.unwrap();
    assert_eq!((purged.deleted, purged.has_more), (0, true));
}
