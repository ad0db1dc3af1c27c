//! The poller in its host: what push did not bring, and what stops it.

mod attacks;
mod many;
mod refused;

use std::collections::BTreeMap;
use std::time::Duration;

use cargo_local::azure_cloud::{AzureCloud, AzureOptions, PollerApp};
use fakes::auth0::{Auth0, made_up};
use fakes::faults::{Fault, Faults};
use serde_json::{Value, json};

use crate::kit::azure::{azure, event_with, settled};
use crate::kit::long_log::tenant_with;
use crate::kit::target::once_each;
use crate::kit::{binaries, settings};

/// A cloud, a tenant, and a poller of it.
struct Polling {
    cloud: AzureCloud,
    tenant: Auth0,
    /// Of the tenant.
    faults: Faults,
    /// Those of the poller.
    settings: Vec<(String, String)>,
    poller: PollerApp,
}

impl Polling {
    /// A tenant with this many log events, polled from the first one on; `changes` are settings of the poller.
    async fn start(count: usize, changes: &[(&str, &str)]) -> Self {
        let cloud = azure(AzureOptions::default()).await;
        let (tenant, faults, mut all) = tenant_with(count).await;
        all.extend(settings(changes));
        let poller = cloud.start_poller(&binaries().await, all.clone()).await;
        Self {
            poller: poller.unwrap(),
            settings: all,
            cloud,
            tenant,
            faults,
        }
    }

    /// Another instance, with other settings.
    async fn another(&self, changes: &[(&str, &str)]) -> PollerApp {
        let mut all = self.settings.clone();
        all.extend(settings(changes));
        let poller = self.cloud.start_poller(&binaries().await, all).await;
        poller.unwrap()
    }

    /// One run, as the timer makes it.
    async fn run(&self) -> Result<Value, String> {
        self.poller.host.run_timer("poll").await
    }

    /// A run that fails: its one sentence.
    async fn failed(&self) -> String {
        let failures = |output: &str| -> Vec<String> {
            let lines = lines(output).into_iter();
            let failed = lines.filter(|line| line["message"] == "run failed");
            failed
                .map(|line| line["error"].as_str().unwrap().to_owned())
                .collect()
        };
        let host = &self.poller.host;
        let before = failures(&host.output()).len();
        host.run_timer("poll").await.unwrap_err();
        let told = |output: &str| failures(output).len() > before;
        failures(&host.output_when(told).await).pop().unwrap()
    }

    fn log_ids(&self) -> Vec<String> {
        self.tenant.log().log_ids()
    }

    /// The log goes on with so many log events.
    fn log_more(&self, count: usize) {
        let from = "2025-11-02T00:00:00Z".parse().unwrap();
        let every = Duration::from_secs(1).try_into().unwrap();
        self.tenant.log().extend(made_up(count, from, every, 2));
    }

    /// Everything of the tenant's log is in the workspace, once.
    fn assert_all_once(&self) {
        assert_eq!(self.cloud.logs.log_ids(), once_each(self.log_ids()));
    }

    fn checkpoint(&self) -> Option<String> {
        let entity = self.cloud.ledger.entity("checkpoint", "acme")?;
        entity["Value"].as_str().map(str::to_owned)
    }

    fn put_checkpoint(&self, value: &str) {
        let value = json!({ "Value": value });
        self.cloud.ledger.put("checkpoint", "acme", value);
    }

    /// Whether the last log event of the tenant is behind the checkpoint.
    fn is_caught_up(&self) -> bool {
        let after = self.checkpoint();
        let after: Option<Value> = after.map(|text| serde_json::from_str(&text).unwrap());
        after.is_some_and(|after| {
            after["after"].as_str() == self.log_ids().last().map(String::as_str)
        })
    }

    /// The counters of the lines of some runs with one sink, summed; zero where a line leaves one out.
    async fn counters(&self, line_count: usize) -> BTreeMap<&'static str, u64> {
        let counted = |output: &str| -> Vec<Value> {
            let mut lines = lines(output);
            lines.retain(|line| line["message"] == "relayed log events");
            lines
        };
        let all = |output: &str| counted(output).len() >= line_count;
        let lines = counted(&self.poller.host.output_when(all).await);
        assert_eq!(lines.len(), line_count, "one line a run and sink");
        let sum = |name| lines.iter().filter_map(|line| line[name].as_u64()).sum();
        let names = [
            "received",
            "delivered",
            "gap",
            "checkpoint_stopped",
            "waiting_seconds",
        ];
        names.map(|name| (name, sum(name))).into()
    }

    /// What a stream has brought before.
    async fn push(&self, log_ids: impl IntoIterator<Item = &String>) -> usize {
        let log_ids = log_ids.into_iter();
        let pushed: Vec<Value> = log_ids
            .map(|log_id| event_with(&json!({ "log_id": log_id, "type": "s" })))
            .collect();
        self.cloud.partner_topic.put(&pushed).unwrap();
        settled(&self.cloud).await;
        assert_eq!(self.cloud.logs.log_ids().len(), pushed.len());
        pushed.len()
    }
}

fn lines(output: &str) -> Vec<Value> {
    let lines = output.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_push_did_not_bring_is_delivered_and_nothing_twice() {
    let polling = Polling::start(250, &[]).await;
    polling.push(polling.log_ids().iter().step_by(3)).await;
    let schedule = polling.poller.host.schedule("poll");
    assert_eq!(schedule, Some("%AUTH0_POLL_SCHEDULE%"));
    for _run in 0..2 {
        polling.run().await.unwrap();
        polling.assert_all_once();
    }
    assert!(polling.cloud.dead_letters.blobs().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_gaps_are_received_by_the_sinks_of_a_poller_beside_a_topic() {
    let polling = Polling::start(250, &[("GAP_SINKS", "log-analytics")]).await;
    let pushed = polling.push(polling.log_ids().iter().step_by(3)).await;
    let before = polling.cloud.logs.counts().rows;
    polling.run().await.unwrap();
    polling.assert_all_once();
    let sent = polling.cloud.logs.counts().rows - before;
    assert_eq!(sent, u64::try_from(250 - pushed).unwrap());
    let counters = polling.counters(1).await;
    assert_eq!((counters["received"], counters["gap"]), (250, sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_whose_ledger_is_out_of_reach_sends_no_gap_and_its_checkpoint_stays() {
    let polling = Polling::start(30, &[("GAP_SINKS", "log-analytics")]).await;
    polling.run().await.unwrap();
    let before = polling.checkpoint();
    polling.log_more(10);
    // The checkpoint is in the same table: that it is read comes first.
    polling.cloud.faults.ledger.by({
        let mut calls = 0;
        move |_| {
            calls += 1;
            if calls == 1 {
                Fault::Healthy
            } else {
                Fault::Denied
            }
        }
    });
    let error = polling.failed().await;
    let words =
        "the run failed: cannot look up in the ledger what has arrived at sink `log-analytics`";
    assert!(error.starts_with(words), "{error}");
    assert!(error.contains("LEDGER_TABLE_ENDPOINT"), "{error}");
    assert_eq!(polling.checkpoint(), before);
    assert_eq!(polling.cloud.logs.log_ids().len(), 30);
    polling.cloud.faults.ledger.clear();
    polling.run().await.unwrap();
    polling.assert_all_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_sink_is_down_fails_and_the_next_one_goes_on() {
    let polling = Polling::start(120, &[]).await;
    polling.cloud.faults.logs.always(Fault::Status(503));
    polling.run().await.unwrap_err();
    // The alert on what is late sees a sink that stays away.
    let counters = polling.counters(1).await;
    assert!(counters["waiting_seconds"] > 0, "{counters:?}");
    polling.cloud.faults.logs.clear();
    polling.run().await.unwrap();
    polling.assert_all_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_checkpoint_stops_the_poller_and_is_counted() {
    let polling = Polling::start(5, &[]).await;
    let stored = r#"{"after":"90020200101000000000000000000001"}"#;
    polling.put_checkpoint(stored);
    let error = polling.failed().await;
    let words =
        "the run failed: the checkpoint has expired: Auth0 no longer has log event `90020200101";
    assert!(error.starts_with(words), "{error}");
    assert_eq!(polling.counters(1).await["checkpoint_stopped"], 1);
    assert_eq!(polling.checkpoint().as_deref(), Some(stored));
    assert_eq!(polling.tenant.requests()["find"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_past_the_checkpoint_stops_the_poller_and_each_restart_keeps_its_hole() {
    let polling = Polling::start(100, &[]).await;
    polling.run().await.unwrap();
    let before = polling.checkpoint().unwrap();
    let last = polling.log_ids().pop().unwrap();
    // A day without a run: the log goes on, and retention takes what was delivered and more.
    let mut stored: Value = serde_json::from_str(&before).unwrap();
    stored["end_reached"] = json!("2025-10-01T00:00:00Z");
    polling.put_checkpoint(&stored.to_string());
    polling.log_more(300);
    let retention = "2025-11-02T00:01:00Z".parse().unwrap();
    polling.tenant.log().forget_before(retention);
    let kept = polling.log_ids();
    let error = polling.failed().await;
    assert!(
        error.contains(&format!("no longer has log event `{last}`")),
        "{error}"
    );
    assert_eq!(polling.checkpoint(), Some(stored.to_string()));

    let restart = async |from: &str| {
        let poller = polling.another(&[("RESUME_FROM", from)]).await;
        poller.host.run_timer("poll").await.unwrap();
        let checkpoint = polling.checkpoint().unwrap();
        let checkpoint: Value = serde_json::from_str(&checkpoint).unwrap();
        let holes = checkpoint["holes"].as_array().unwrap().iter();
        let ends = holes.map(|hole| (hole["after"].clone(), hole["before"].clone()));
        ends.collect::<Vec<_>>()
    };
    let (left_out, from) = (json!(last), kept[100].as_str());
    assert_eq!(restart(from).await, [(left_out.clone(), json!(from))]);
    // The second one does not make the first one forgotten, and one from the oldest fills what Auth0 still has.
    polling.tenant.log().extend(made_up(
        50,
        "2025-11-03T00:00:00Z".parse().unwrap(),
        Duration::from_secs(1).try_into().unwrap(),
        3,
    ));
    let newest = polling.log_ids().pop().unwrap();
    let behind = json!(kept.last().unwrap());
    assert_eq!(
        restart(&newest).await,
        [(left_out.clone(), json!(from)), (behind, json!(newest))]
    );
    assert_eq!(restart("oldest").await, [(left_out, json!(kept[0]))]);
    let delivered = polling.cloud.logs.log_ids();
    assert!(
        polling
            .log_ids()
            .iter()
            .all(|log_id| delivered.contains_key(log_id))
    );
    assert!(delivered.values().all(|count| *count == 1));
}

/// `last_log_id` of Microsoft's function app, `checkpointId` of the extensions: the last log event that was shipped.
#[tokio::test(flavor = "multi_thread")]
async fn a_poller_on_azure_goes_on_where_another_shipper_stopped() {
    let polling = Polling::start(150, &[]).await;
    let log_ids = polling.log_ids();
    let poller = polling.another(&[("START_FROM", &log_ids[119])]).await;
    poller.host.run_timer("poll").await.unwrap();
    let wanted = once_each(log_ids[119..].iter().cloned());
    assert_eq!(polling.cloud.logs.log_ids(), wanted);
}
