//! What a person must mend, on Azure: the function says what, nothing is lost or set aside, and all goes on once mended.

use cargo_local::azure_cloud::{AzureCloud, AzureOptions};
use fakes::faults::Fault;

use crate::kit::azure::{PATIENCE, azure, dead_letters, event, settled};
use crate::kit::eventually_within;
use crate::kit::target::once_each;

async fn with(settings: &[(&str, &str)]) -> AzureCloud {
    let options = AzureOptions {
        environment: crate::kit::settings(settings),
        ..AzureOptions::default()
    };
    azure(options).await
}

/// Delivers one event, and waits until the function has said all of this and handed the event back.
async fn is_told(cloud: &AzureCloud, texts: &[&str]) {
    cloud.partner_topic.put(&[event("a")]).unwrap();
    eventually_within(PATIENCE, texts[0], || {
        let output = cloud.subscriber.output();
        texts.iter().all(|text| output.contains(text))
    })
    .await;
    let answers = || cloud.partner_subscription.deliveries().answers;
    eventually_within(PATIENCE, "the answer", || answers().contains_key(&500)).await;
    assert!(!answers().contains_key(&202), "{:?}", answers());
    assert_eq!(dead_letters(cloud).len(), 0);
    assert_eq!(cloud.logs.rows().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_rule_stream_or_role_is_named_with_what_to_change_and_nothing_is_set_aside() {
    let settings = "check LOGS_INGESTION_ENDPOINT, LOGS_INGESTION_RULE_ID, LOGS_INGESTION_STREAM";
    let wrong_rule = "dcr-11111111111111111111111111111111";
    let cloud = with(&[("LOGS_INGESTION_RULE_ID", wrong_rule)]).await;
    is_told(&cloud, &[settings, wrong_rule]).await;
    let cloud = with(&[("LOGS_INGESTION_STREAM", "Custom-Other")]).await;
    is_told(&cloud, &[settings]).await;
    let cloud = with(&[]).await;
    cloud.faults.logs.always(Fault::Denied);
    is_told(&cloud, &["Monitoring Metrics Publisher"]).await;
    cloud.faults.logs.clear();
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_ledgers_table_out_of_reach_nothing_is_sent_and_all_is_handed_back() {
    let cloud = with(&[("INVOCATION_SECONDS", "5")]).await;
    for fault in [Fault::Denied, Fault::Status(503)] {
        cloud.faults.ledger.always(fault);
        is_told(&cloud, &["claim failed"]).await;
    }
    cloud.faults.ledger.clear();
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
    assert_eq!(dead_letters(&cloud).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_table_the_ledger_is_in_memory_and_says_so_once() {
    let options = AzureOptions {
        has_ledger_table: false,
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    for _ in 0..2 {
        cloud.partner_topic.put(&[event("a")]).unwrap();
        settled(&cloud).await;
    }
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
    assert_eq!(cloud.ledger.count(), 0);
    let lines = || cloud.subscriber.output();
    let said = || lines().matches("the ledger is in memory").count();
    eventually_within(PATIENCE, "the warning and the counters", || {
        said() > 0 && lines().matches(r#""duplicate":1"#).count() > 0
    })
    .await;
    assert_eq!(said(), 1);
}
