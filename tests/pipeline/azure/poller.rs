//! The poller in its host: what push did not bring, and what stops it.

use std::time::Duration;

use cargo_local::azure_cloud::{AzureCloud, AzureOptions, PollerApp};
use fakes::auth0::{Auth0, TenantOptions, made_up};
use fakes::faults::{Fault, Faults};
use serde_json::{Value, json};

use crate::kit::azure::{azure, event_with, settled};
use crate::kit::binaries;

/// A tenant with this many log events, and the settings of a poller from the first one on.
async fn tenant(count: usize) -> (Auth0, Vec<(String, String)>) {
    let tenant = Auth0::start(TenantOptions::default(), Faults::healthy()).await;
    let tenant = tenant.unwrap();
    let from = "2026-11-01T00:00:00Z".parse().unwrap();
    let every = Duration::from_secs(1).try_into().unwrap();
    tenant.log().extend(made_up(count, from, every, 1));
    let mut settings = tenant.settings();
    let first = tenant.log().log_ids().swap_remove(0);
    settings.push(("START_FROM".to_owned(), first));
    (tenant, settings)
}

async fn start(count: usize) -> (AzureCloud, Auth0, PollerApp) {
    let cloud = azure(AzureOptions::default()).await;
    let (tenant, settings) = tenant(count).await;
    let poller = cloud.start_poller(&binaries().await, settings).await;
    (cloud, tenant, poller.unwrap())
}

/// Every one of these, once.
fn once(log_ids: &[String]) -> std::collections::BTreeMap<String, u64> {
    log_ids.iter().map(|log_id| (log_id.clone(), 1)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_push_did_not_bring_is_delivered_and_nothing_twice() {
    let (cloud, tenant, poller) = start(250).await;
    let log_ids = tenant.log().log_ids();
    let pushed = log_ids.iter().step_by(3);
    let pushed: Vec<Value> = pushed
        .map(|log_id| event_with(&json!({ "log_id": log_id, "type": "s" })))
        .collect();
    cloud.partner_topic.put(&pushed).unwrap();
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids().len(), pushed.len());
    assert_eq!(poller.host.schedule("poll"), Some("%AUTH0_POLL_SCHEDULE%"));
    for _run in 0..2 {
        poller.host.run_timer("poll").await.unwrap();
        assert_eq!(cloud.logs.log_ids(), once(&log_ids));
    }
    assert!(cloud.dead_letters.blobs().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_sink_is_down_fails_and_the_next_one_goes_on() {
    let (cloud, tenant, poller) = start(120).await;
    cloud.faults.logs.always(Fault::Status(503));
    poller.host.run_timer("poll").await.unwrap_err();
    cloud.faults.logs.clear();
    poller.host.run_timer("poll").await.unwrap();
    assert_eq!(cloud.logs.log_ids(), once(&tenant.log().log_ids()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_checkpoint_stops_the_poller_and_is_counted() {
    let (cloud, tenant, poller) = start(5).await;
    let stored = json!({ "Value": r#"{"after":"90020200101000000000000000000001"}"# });
    cloud.ledger.put("checkpoint", "acme", stored.clone());
    poller.host.run_timer("poll").await.unwrap_err();
    for line in ["the checkpoint has expired", r#""checkpoint_stopped":1"#] {
        crate::kit::eventually(line, || poller.host.output().contains(line)).await;
    }
    let entity = cloud.ledger.entity("checkpoint", "acme").unwrap();
    assert_eq!(entity["Value"], stored["Value"]);
    assert_eq!(tenant.requests()["find"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_one_sentence_and_a_failed_run() {
    let cloud = azure(AzureOptions::default()).await;
    let (_tenant, mut settings) = tenant(5).await;
    settings.push(("AUTH0_CLIENT_SECRET".to_owned(), "wrong".to_owned()));
    let poller = cloud.start_poller(&binaries().await, settings).await;
    let poller = poller.unwrap();
    poller.host.run_timer("poll").await.unwrap_err();
    let output = poller.host.output();
    let sentence =
        "Auth0 answered 401 access_denied: check AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET";
    assert!(output.contains(sentence), "{output}");
}
