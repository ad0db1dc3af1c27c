//! What a healthy server never does: throttle for ever, or be asked for many calls at once; and what a row looks like.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fakes::aws::dynamodb::Contents;
use relay::journal::Journal;
use relay::{Claim, Settled, chain};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::scenarios::{DAYS, claim, lease, settle, soon};
use crate::ledger::JournalTable;
use crate::test_endpoint::{Answer, Call, TestEndpoint};

/// A ledger on a fake table, whose calls meet a fault first.
async fn journal(
    fault: impl Fn(&Call) -> Option<Answer> + Send + Sync + 'static,
) -> (Journal<JournalTable>, Contents, TestEndpoint) {
    let table = Contents::new("ledger");
    let answering = table.clone();
    let answer = move |call: &Call| fault(call).unwrap_or_else(|| perform(&answering, call));
    let endpoint = TestEndpoint::start(answer).await;
    let rows = JournalTable::new(&endpoint.connection(), "ledger".to_owned());
    (Journal::new(rows, DAYS), table, endpoint)
}

fn perform(table: &Contents, call: &Call) -> Answer {
    let operation = call.operation.strip_prefix("DynamoDB_20120810.").unwrap();
    match table.perform(operation, &call.body) {
        Ok(output) => Answer::Json(200, output),
        Err(refusal) => Answer::Json(400, refusal),
    }
}

fn refuse(code: &str) -> Answer {
    let error_type = format!("com.amazonaws.dynamodb.v20120810#{code}");
    Answer::Json(400, json!({"__type": error_type, "message": "no"}))
}

fn is_put(call: &Call) -> bool {
    call.operation.ends_with(".PutItem")
}

fn is_settling(call: &Call) -> bool {
    is_put(call) && call.body.get("ConditionExpression").is_none()
}

async fn check_tried_again(fault: fn() -> Answer) {
    let tries = AtomicUsize::new(0);
    let (journal, _, _) = journal(move |call| {
        let is_faulty = is_put(call) && tries.fetch_add(1, Ordering::Relaxed) < 2;
        is_faulty.then(fault)
    })
    .await;
    let claims = claim(&journal, "http", &["a"], &lease(0)).await;
    assert_eq!(claims.claims, [Claim::Claimed]);
}

#[tokio::test]
async fn a_throttled_write_is_tried_again() {
    check_tried_again(|| refuse("ProvisionedThroughputExceededException")).await;
    check_tried_again(|| refuse("ThrottlingException")).await;
    check_tried_again(|| refuse("RequestLimitExceeded")).await;
    check_tried_again(|| Answer::Json(500, json!({"__type": "InternalServerError"}))).await;
    check_tried_again(|| Answer::Text(503, "busy")).await;
    check_tried_again(|| Answer::Drop).await;
}

#[tokio::test]
async fn buckets_are_claimed_side_by_side() {
    let barrier = Arc::new(Barrier::new(64));
    let answer = move |_: &Call| Some(Answer::Together(Arc::clone(&barrier), json!({})));
    let (journal, _, endpoint) = journal(answer).await;
    let ids: Vec<String> = (0..128).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let claims = claim(&journal, "http", &ids, &lease(0)).await;
    assert_eq!(claims.claims, vec![Claim::Claimed; 128]);
    assert_eq!(endpoint.calls().len(), 256);
}

#[tokio::test]
async fn a_bucket_that_throttles_for_ever_is_given_up_and_the_others_go_on() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let (journal, _, _) = journal(move |call| {
        let is_faulty = is_put(call) && call.body["Item"]["pk"]["S"] == bucket("b").as_str();
        is_faulty.then(|| {
            counted.fetch_add(1, Ordering::Relaxed);
            refuse("ThrottlingException")
        })
    })
    .await;
    let claims = journal
        .claim("http", &["a", "b", "c"], &lease(0), soon())
        .await;
    assert_eq!(claims.claims, [Claim::Claimed, Claim::Busy, Claim::Claimed]);
    assert_eq!(
        chain(&claims.failure.unwrap()).to_string(),
        "claim 1 log events of sink `http`: ledger table `ledger` answered ThrottlingException"
    );
    assert_eq!(tries.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn what_became_of_an_event_is_noted_though_the_table_throttles_longer_than_a_claim_is_worth()
{
    let tries = AtomicUsize::new(0);
    let (journal, table, _) = journal(move |call| {
        let is_faulty = is_settling(call) && tries.fetch_add(1, Ordering::Relaxed) < 7;
        is_faulty.then(|| refuse("ThrottlingException"))
    })
    .await;
    let claims = claim(&journal, "http", &["a"], &lease(0)).await;
    settle(&journal, claims, &[Some(Settled::Delivered)]).await;
    assert_eq!(table.items(&bucket("a"))[0]["outcome"]["S"], "d");
}

#[tokio::test]
async fn a_missing_table_is_named_and_nothing_is_claimed() {
    let (_, _, endpoint) = journal(|_| None).await;
    let rows = JournalTable::new(&endpoint.connection(), "no-such-table".to_owned());
    let journal = Journal::new(rows, DAYS);
    let claims = journal.claim("http", &["a", "b"], &lease(0), soon()).await;
    assert_eq!(claims.claims, [Claim::Busy; 2]);
    let answered = "ledger table `no-such-table` answered ResourceNotFoundException: check its name, its region, \
        permissions and credentials";
    let expected = format!("claim 2 log events of sink `http`: {answered}");
    assert_eq!(chain(&claims.failure.unwrap()).to_string(), expected);
    let looked = journal
        .look("http", &["a", "b"], lease(0).begins, soon())
        .await;
    let expected = format!("look for 2 log events of sink `http`: {answered}");
    assert_eq!(chain(&looked.unwrap_err()).to_string(), expected);
}

/// The key of the rows of an id without a time.
fn bucket(log_id: &str) -> String {
    format!("http@{}", tenant_logs::sha256_hex(log_id.as_bytes()))
}

#[tokio::test]
async fn a_row_has_its_key_its_owner_its_lease_and_its_log_events() {
    let (journal, table, _) = journal(|_| None).await;
    let mine = lease(0);
    let ids = [
        "90020261121100001123456789000000000001",
        "90020261121100002123456789000000000001",
    ];
    let claims = claim(&journal, "http", &ids, &mine).await;
    let item = || table.items("http@9002026112110000").remove(0);
    let mut claimed = item();
    let owner = claimed.remove("owner").unwrap();
    assert!(
        owner["N"].as_str().unwrap().parse::<u64>().is_ok(),
        "{owner}"
    );
    let held = claimed.remove("ids").unwrap();
    // 32 bytes as base64.
    assert_eq!(held["B"].as_str().unwrap().len(), 44);
    let expires = mine.begins.as_second() + (i64::from(DAYS) + 1) * 86_400;
    let common = json!({
        "pk": {"S": "http@9002026112110000"},
        "n": {"N": "0"},
        "lease_ends": {"N": mine.ends.as_millisecond().to_string()},
        "expires_at": {"N": expires.to_string()},
    });
    assert_eq!(Value::from(claimed), common);
    settle(&journal, claims, &[None, Some(Settled::SetAside)]).await;
    let settled = item();
    assert_eq!(settled["outcome"], json!({"S": "s"}));
    assert_eq!(settled["ids"]["B"].as_str().unwrap().len(), 24);
    let claims = claim(&journal, "http", &ids, &mine).await;
    settle(&journal, claims, &[None; 2]).await;
    let mut empty = table.items("http@9002026112110000").remove(1);
    empty.remove("owner").unwrap();
    assert_eq!(empty["n"], json!({"N": "1"}));
    assert_eq!(empty.len(), 4, "{empty:?}");
}

#[tokio::test]
async fn a_row_that_nobody_here_wrote_is_left_alone() {
    let (journal, table, _) = journal(|_| None).await;
    table.put(&json!({"pk": {"S": bucket("a")}, "n": {"N": "0"}, "value": {"S": "other"}}));
    let claims = journal.claim("http", &["a", "b"], &lease(0), soon()).await;
    assert_eq!(claims.claims, [Claim::Busy, Claim::Claimed]);
    assert_eq!(
        chain(&claims.failure.unwrap()).to_string(),
        "claim 1 log events of sink `http`: ledger table `ledger` answered what cannot be read"
    );
}

#[tokio::test]
async fn a_bucket_of_many_pages_is_read_whole() {
    let (journal, table, endpoint) = journal(|_| None).await;
    table.page_by(400);
    let ids: Vec<String> = (0..20)
        .map(|n| format!("90020261121100001{n:021}"))
        .collect();
    for id in &ids {
        let claims = claim(&journal, "http", &[id], &lease(0)).await;
        settle(&journal, claims, &[Some(Settled::Delivered)]).await;
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let calls_before = endpoint.calls().len();
    let known = claim(&journal, "http", &ids, &lease(0)).await;
    assert_eq!(known.claims, vec![Claim::Known(Settled::Delivered); 20]);
    let reading = endpoint.calls().split_off(calls_before);
    assert!(reading.len() > 3, "{} pages", reading.len());
    for page in reading {
        assert_eq!(page.body["ConsistentRead"], json!(true));
    }
}
