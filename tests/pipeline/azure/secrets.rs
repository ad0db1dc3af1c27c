//! Key Vault behind the real functions: rotation without loss, revocation, a vault that is out of reach.

use std::sync::Arc;
use std::time::Duration;

use cargo_local::azure_cloud::{AzureCloud, AzureOptions, secret_name};
use fakes::client;
use fakes::collector::{Collector, CollectorOptions};
use fakes::faults::{Fault, Faults};
use tokio::time::{Instant, sleep};

use crate::kit::azure::{azure, event, settled};
use crate::kit::eventually_within;
use crate::kit::target::once_each;

/// How long anything may take: a secret is read again after ten seconds at the earliest.
const PATIENCE: Duration = Duration::from_mins(2);
const TOKENS: &str = "WEBHOOK_TOKENS";
const CREDENTIAL: &str = "HTTP_SINK_AUTHORIZATION";

async fn guarded() -> AzureCloud {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("INVOCATION_SECONDS", "8")]),
        secrets: crate::kit::settings(&[(TOKENS, "first-webhook-token")]),
        ..AzureOptions::default()
    };
    azure(options).await
}

async fn status(cloud: &AzureCloud, token: &str) -> u16 {
    let headers = [("authorization", token)];
    let body = r#"{"log_id":"a","data":{"log_id":"a","type":"s"}}"#;
    let answer = client::post(&cloud.webhook_url(), &headers, body).await;
    answer.unwrap().status().as_u16()
}

/// Waits until a token is live; all the while another one is.
async fn opens(cloud: &AzureCloud, token: &str, live: &str) {
    let deadline = Instant::now() + PATIENCE;
    while status(cloud, token).await != 200 {
        assert_eq!(status(cloud, live).await, 200, "{live}");
        assert!(Instant::now() < deadline, "{token} is still refused");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_rotates_without_a_gap_and_the_second_rotation_revokes_it() {
    let cloud = guarded().await;
    assert_eq!(status(&cloud, "first-webhook-token").await, 200);
    assert_eq!(status(&cloud, "second-webhook-token").await, 401);
    let name = secret_name(TOKENS);
    cloud.vault.put(&name, "second-webhook-token");
    opens(&cloud, "second-webhook-token", "first-webhook-token").await;
    assert_eq!(status(&cloud, "first-webhook-token").await, 200);
    cloud.vault.put(&name, "third-webhook-token");
    opens(&cloud, "third-webhook-token", "second-webhook-token").await;
    assert_eq!(status(&cloud, "first-webhook-token").await, 401);
    assert_eq!(status(&cloud, "second-webhook-token").await, 200);
    assert_eq!(cloud.ingest.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_key_vault_is_out_of_reach_the_known_tokens_open_and_a_start_waits_for_it() {
    let cloud = guarded().await;
    assert_eq!(status(&cloud, "first-webhook-token").await, 200);
    cloud
        .vault
        .put(&secret_name(TOKENS), "second-webhook-token");
    let faults = [Fault::Status(503), Fault::Hang, Fault::Denied];
    cloud.faults.vault.by(move |call| {
        let number = usize::try_from(call).unwrap();
        faults[number % faults.len()].clone()
    });
    // Long enough for an unknown token to have the secret read.
    let deadline = Instant::now() + PATIENCE;
    while cloud.faults.vault.injected().len() < 2 {
        assert_eq!(status(&cloud, "second-webhook-token").await, 401);
        assert_eq!(status(&cloud, "first-webhook-token").await, 200);
        assert!(Instant::now() < deadline, "the secret is not read again");
        sleep(Duration::from_millis(200)).await;
    }
    cloud.faults.vault.always(Fault::Denied);
    cloud.ingest.restart().await;
    // The host has its handler, which knows no token yet: nothing may be said of any.
    assert!(cloud.ingest.is_ready().await);
    assert_eq!(status(&cloud, "first-webhook-token").await, 503);
    assert_eq!(status(&cloud, "other-webhook-token").await, 503);
    let output = || cloud.ingest.output();
    eventually_within(PATIENCE, "the reason", || {
        output().contains("ForbiddenByRbac") && output().contains("Key Vault Secrets User")
    })
    .await;
    cloud.faults.vault.clear();
    let deadline = Instant::now() + PATIENCE;
    while status(&cloud, "first-webhook-token").await != 200 {
        assert!(Instant::now() < deadline, "it does not start");
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(status(&cloud, "other-webhook-token").await, 401);
    assert_eq!(cloud.ingest.starts(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sinks_secret_rotates_without_loss_and_without_a_restart() {
    let options = CollectorOptions {
        authorization: Some("Bearer first".to_owned()),
        ..CollectorOptions::default()
    };
    let collector = Collector::start(options, Faults::healthy()).await.unwrap();
    let url = collector.url();
    let options = AzureOptions {
        environment: crate::kit::settings(&[("SINKS", "http"), ("HTTP_SINK_URL", &url)]),
        secrets: crate::kit::settings(&[(CREDENTIAL, "Bearer first")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    cloud.partner_topic.put(&[event("a")]).unwrap();
    settled(&cloud).await;
    // The collector has the new one first, the vault a while later.
    collector.authorize("Bearer second");
    cloud.partner_topic.put(&[event("b")]).unwrap();
    let answers = || cloud.partner_subscription.deliveries().answers;
    eventually_within(PATIENCE, "a refusal", || answers().contains_key(&500)).await;
    cloud.vault.put(&secret_name(CREDENTIAL), "Bearer second");
    cloud.settled(PATIENCE).await.unwrap();
    cloud.partner_topic.put(&[event("c")]).unwrap();
    settled(&cloud).await;
    assert_eq!(collector.log_ids(), once_each(["a", "b", "c"]));
    assert_eq!(cloud.dead_letters.blobs().len(), 0);
    assert_eq!(cloud.subscriber.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_key_vault_hangs_a_known_token_waits_neither_for_it_nor_for_a_stranger() {
    let cloud = Arc::new(guarded().await);
    assert_eq!(status(&cloud, "first-webhook-token").await, 200);
    cloud.faults.vault.always(Fault::Hang);
    let strangers = [(); 5].map(|()| {
        let cloud = Arc::clone(&cloud);
        tokio::spawn(async move { status(&cloud, "a-token-of-a-stranger").await })
    });
    let injected = || cloud.faults.vault.injected();
    eventually_within(PATIENCE, "the vault is asked", || {
        injected().contains_key("hang")
    })
    .await;
    assert_eq!(status(&cloud, "first-webhook-token").await, 200);
    for stranger in &strangers {
        assert!(!stranger.is_finished(), "it was answered after a stranger");
    }
    for stranger in strangers {
        assert_eq!(stranger.await.unwrap(), 401);
    }
    assert_eq!(injected()["hang"], 1, "one reading at a time");
    assert_eq!(status(&cloud, "first-webhook-token").await, 200);
    cloud.faults.vault.clear();
    cloud
        .vault
        .put(&secret_name(TOKENS), "second-webhook-token");
    opens(&cloud, "second-webhook-token", "first-webhook-token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_azure_too_the_collectors_url_may_be_a_secret() {
    let collector = Collector::start(CollectorOptions::default(), Faults::healthy());
    let collector = collector.await.unwrap();
    let options = AzureOptions {
        environment: crate::kit::settings(&[("SINKS", "http")]),
        secrets: crate::kit::settings(&[("HTTP_SINK_URL", &collector.url())]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    cloud.partner_topic.put(&[event("a")]).unwrap();
    settled(&cloud).await;
    assert_eq!(collector.log_ids(), once_each(["a"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_keys_and_values_is_named_in_the_log_and_none_of_it_is_shown() {
    let options = AzureOptions {
        secrets: crate::kit::settings(&[(TOKENS, r#"{"token":"first-webhook-token"}"#)]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    assert_eq!(status(&cloud, "first-webhook-token").await, 401);
    let named = "WEBHOOK_TOKENS is a JSON object";
    let says_it = || cloud.ingest.output().contains(named);
    eventually_within(PATIENCE, named, says_it).await;
    let output = cloud.ingest.output();
    assert!(!output.contains("first-webhook-token"), "{output}");
}
