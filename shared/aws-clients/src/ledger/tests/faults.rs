//! What a healthy server never does: throttle, hang, break down in the middle, ask for a hundred calls at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fakes::aws::dynamodb::Contents;
use relay::{Claim, Ledger, Settled, chain};
use serde_json::json;
use tokio::sync::Barrier;

use super::scenarios::lease;
use crate::ledger::TableLedger;
use crate::test_endpoint::{Answer, Call, TestEndpoint};

/// A ledger on a fake table, whose calls meet a fault first.
async fn ledger(
    fault: impl Fn(&Call) -> Option<Answer> + Send + Sync + 'static,
) -> (TableLedger, Contents, TestEndpoint) {
    let table = Contents::new("ledger");
    let answering = table.clone();
    let answer = move |call: &Call| fault(call).unwrap_or_else(|| perform(&answering, call));
    let endpoint = TestEndpoint::start(answer).await;
    let connection = endpoint.connection();
    let ledger = TableLedger::new(&connection, "ledger".to_owned(), 35);
    (ledger, table, endpoint)
}

fn perform(table: &Contents, call: &Call) -> Answer {
    let operation = call.operation.strip_prefix("DynamoDB_20120810.").unwrap();
    match table.perform(operation, &call.body) {
        Ok(()) => Answer::Json(200, json!({})),
        Err(refusal) => Answer::Json(400, refusal),
    }
}

fn refuse(code: &str) -> Answer {
    let error_type = format!("com.amazonaws.dynamodb.v20120810#{code}");
    Answer::Json(400, json!({"__type": error_type, "message": "no"}))
}

fn is_about(call: &Call, log_id: &str) -> bool {
    let key = format!("http#{log_id}");
    [&call.body["Item"], &call.body["Key"]]
        .iter()
        .any(|item| item["pk"]["S"] == key.as_str())
}

fn is_claim(call: &Call) -> bool {
    call.body["Item"]["state"]["S"] == "claimed"
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

async fn check_tried_again(fault: fn() -> Answer) {
    let tries = AtomicUsize::new(0);
    let (ledger, _, _) = ledger(move |call| {
        let is_faulty = is_about(call, "b") && tries.fetch_add(1, Ordering::Relaxed) < 2;
        is_faulty.then(fault)
    })
    .await;
    let claims = ledger.claim("http", &["a", "b"], &lease(1, 0)).await;
    assert_eq!(claims.unwrap(), [Claim::Claimed, Claim::Claimed]);
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
async fn a_hundred_claims_are_under_way_at_once() {
    let barrier = Arc::new(Barrier::new(100));
    let (ledger, _, endpoint) =
        ledger(move |_| Some(Answer::Together(Arc::clone(&barrier), json!({})))).await;
    let ids = ids(200);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let claims = ledger.claim("http", &ids, &lease(1, 0)).await.unwrap();
    assert_eq!(claims, vec![Claim::Claimed; 200]);
    assert_eq!(endpoint.calls().len(), 200);
}

#[tokio::test]
async fn a_table_that_throttles_for_ever_is_given_up_and_the_others_are_given_back() {
    let (ledger, table, endpoint) = ledger(|call| {
        let is_faulty = is_claim(call) && is_about(call, "b");
        is_faulty.then(|| refuse("ThrottlingException"))
    })
    .await;
    let claims = ledger.claim("http", &["a", "b"], &lease(1, 0)).await;
    let error = chain(&claims.unwrap_err()).to_string();
    assert!(error.ends_with("answered ThrottlingException"), "{error}");
    assert_eq!(table.item("http#a"), None);
    let is_claim_of_b = |call: &&Call| is_claim(call) && is_about(call, "b");
    assert_eq!(endpoint.calls().iter().filter(is_claim_of_b).count(), 6);
}

#[tokio::test]
async fn what_became_of_an_event_is_noted_though_the_table_throttles_longer_than_a_claim_is_worth()
{
    let tries = AtomicUsize::new(0);
    let (ledger, table, _) = ledger(move |_| {
        let is_faulty = tries.fetch_add(1, Ordering::Relaxed) < 7;
        is_faulty.then(|| refuse("ThrottlingException"))
    })
    .await;
    let committed = ledger.commit("http", &["a"], Settled::Delivered).await;
    assert!(committed.is_ok(), "{committed:?}");
    assert!(table.item("http#a").is_some());
}

#[tokio::test]
async fn what_can_be_committed_is_although_one_cannot() {
    let (ledger, table, _) =
        ledger(|call| is_about(call, "b").then(|| refuse("ThrottlingException"))).await;
    let ids = ["a", "b", "c"];
    let committed = ledger.commit("http", &ids, Settled::Delivered).await;
    assert!(committed.is_err());
    for (log_id, expected) in [("a", true), ("b", false), ("c", true)] {
        let item = table.item(&format!("http#{log_id}"));
        assert_eq!(item.is_some(), expected, "{log_id}");
    }
}

#[tokio::test]
async fn an_entry_has_its_key_its_state_and_when_it_expires_and_a_settled_one_no_owner() {
    let (ledger, table, _) = ledger(|_| None).await;
    let mine = lease(7, 0);
    ledger.claim("http", &["a"], &mine).await.unwrap();
    let expires = |days: i64| (mine.begins.as_second() + days * 86_400).to_string();
    let claim = json!({
        "pk": {"S": "http#a"},
        "state": {"S": "claimed"},
        "owner": {"N": "7"},
        "lease_ends": {"N": mine.ends.as_millisecond().to_string()},
        "expires_at": {"N": expires(35)},
    });
    assert_eq!(
        serde_json::Value::from(table.item("http#a").unwrap()),
        claim
    );

    let settled = [
        (Settled::SetAside, "set_aside"),
        (Settled::Delivered, "delivered"),
    ];
    for (settled, state) in settled {
        ledger.commit("http", &["a"], settled).await.unwrap();
        let item = table.item("http#a").unwrap();
        assert_eq!(item["state"]["S"], state);
        assert!(
            item.contains_key("expires_at") && item.len() == 3,
            "{item:?}"
        );
    }
}

#[tokio::test]
async fn an_entry_that_nobody_here_wrote_is_left_alone() {
    let refusal = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "Item": {"pk": {"S": "http#a"}, "value": {"S": "something else"}},
    });
    let (ledger, _, _) = ledger(move |_| Some(Answer::Json(400, refusal.clone()))).await;
    let claims = ledger.claim("http", &["a"], &lease(1, 0)).await.unwrap();
    assert_eq!(claims, [Claim::Busy]);
}
