//! The poller on AWS as its schedule runs it: what push did not bring, what stops it, and what it says.

mod many;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::auth0::{Auth0, made_up};
use fakes::faults::{Fault, Faults};
use fakes::invocation::InvocationError;
use hosts::lambda::Function;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::kit::long_log::tenant_with;
use crate::kit::target::{event, once_each};
use crate::kit::{PATIENCE, arrived, binaries, cloud, eventually, post};

/// As long as the stack gives a run.
const TIMEOUT: Duration = Duration::from_mins(5);

/// A cloud, a tenant, and a poller of it.
struct Polling {
    cloud: Cloud,
    tenant: Auth0,
    faults: Faults,
    poller: Arc<Function>,
}

impl Polling {
    /// A tenant with this many log events, polled from the first one on; `changes` are settings of the poller.
    async fn start(count: usize, changes: &[(&str, &str)]) -> Self {
        Self::with_timeout(count, changes, TIMEOUT).await
    }

    async fn with_timeout(count: usize, changes: &[(&str, &str)], timeout: Duration) -> Self {
        let cloud = cloud(CloudOptions {
            has_ledger_table: true,
            ..CloudOptions::default()
        })
        .await;
        let (tenant, faults, mut settings) = tenant_with(count).await;
        // By its own ledger a sink gets each log event once.
        settings.push(("SINKS".to_owned(), "http".to_owned()));
        settings.extend(crate::kit::settings(changes));
        let poller = cloud.start_poller(&binaries().await, settings, timeout);
        Self {
            poller: poller.unwrap(),
            cloud,
            tenant,
            faults,
        }
    }

    /// One run, as the schedule makes it; returns what it answers.
    async fn run(&self) -> Result<Value, InvocationError> {
        let answer = self.poller.invoke("{}").await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    /// Runs until the end of the log is reached.
    async fn catch_up(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self
            .run()
            .await
            .is_ok_and(|answer| answer["end"] == "caught_up")
        {
            assert!(Instant::now() < deadline, "{:?}", self.checkpoint());
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// A run that fails: its error's type and its one sentence.
    async fn failed(&self) -> (String, String) {
        match self.run().await {
            Err(InvocationError::Function {
                error_type,
                message,
                ..
            }) => (error_type, message),
            other => panic!("{other:?}"),
        }
    }

    fn log_ids(&self) -> Vec<String> {
        self.tenant.log().log_ids()
    }

    /// Everything of the tenant's log is at the sink, once.
    async fn assert_all_once(&self) {
        arrived(&self.cloud).await;
        assert_eq!(self.cloud.collector.log_ids(), once_each(self.log_ids()));
    }

    fn checkpoint(&self) -> Option<String> {
        let items = self.cloud.ledger.contents().items("checkpoint#acme");
        let value = items.first()?.get("value")?.get("S")?;
        value.as_str().map(str::to_owned)
    }

    /// The counters of the poller's lines, summed; zero where a line leaves one out.
    async fn counters(&self, line_count: usize) -> BTreeMap<&'static str, u64> {
        let lines = |output: &str| -> Vec<Value> {
            let lines = output
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            let lines = lines.filter(|line: &Value| line["message"] == "relayed log events");
            lines.collect()
        };
        let all = |output: &str| lines(output).len() >= line_count;
        let lines = lines(&self.poller.output_when(all).await);
        assert_eq!(lines.len(), line_count, "one line a run and sink");
        let sum = |name| lines.iter().filter_map(|line| line[name].as_u64()).sum();
        let names = [
            "received",
            "delivered",
            "gap",
            "checkpoint_stopped",
            "lag_seconds",
        ];
        names.map(|name| (name, sum(name))).into()
    }
}

/// Whether a call's body has this text.
fn has(body: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(body).contains(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_push_everything_is_delivered_once_and_a_second_run_brings_nothing() {
    let polling = Polling::start(250, &[]).await;
    let first = polling.run().await.unwrap();
    assert_eq!(first, json!({"end": "caught_up", "pages": 4, "gap": 0}));
    let second = polling.run().await.unwrap();
    assert_eq!(second, json!({"end": "caught_up", "pages": 0, "gap": 0}));
    polling.assert_all_once().await;
    let counters = polling.counters(2).await;
    assert_eq!((counters["received"], counters["gap"]), (250, 0));
    assert!(counters["lag_seconds"] > 0, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_push_did_not_bring_is_sent_and_counted_as_a_gap() {
    // As in the stack: the poller sends to the target's queue.
    let settings = [("GAP_SINKS", "http"), ("SINKS", "event-queue")];
    let polling = Polling::start(250, &settings).await;
    let log_ids = polling.log_ids();
    let (pushed, lost): (Vec<_>, Vec<_>) =
        log_ids.iter().enumerate().partition(|(n, _)| n % 10 > 0);
    let bodies: Vec<String> = pushed.iter().map(|(_, log_id)| event(log_id)).collect();
    let body = format!("[{}]", bodies.join(","));
    assert_eq!(post(&polling.cloud, body).await.0, 200);
    arrived(&polling.cloud).await;
    assert_eq!(polling.cloud.collector.log_ids().len(), pushed.len());
    let answer = polling.run().await.unwrap();
    assert_eq!(answer["gap"], lost.len());
    polling.assert_all_once().await;
    let counters = polling.counters(1).await;
    assert_eq!((counters["received"], counters["gap"]), (250, 25));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_ledger_is_out_of_reach_nothing_is_sent_and_the_checkpoint_stays() {
    let polling = Polling::start(30, &[("GAP_SINKS", "http")]).await;
    // The checkpoint is in the same table, so only the reading of buckets fails.
    polling.cloud.ledger_faults.by_body(|body| {
        if has(body, "KeyConditionExpression") {
            Fault::Denied
        } else {
            Fault::Healthy
        }
    });
    let (error_type, message) = polling.failed().await;
    assert_eq!(error_type, "Ledger", "{message}");
    let words = "cannot look up in the ledger what has arrived at sink `http`";
    assert!(message.starts_with(words), "{message}");
    assert_eq!(polling.cloud.collector.log_ids().len(), 0);
    polling.cloud.ledger_faults.clear();
    polling.run().await.unwrap();
    polling.assert_all_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_between_sending_and_its_checkpoint_loses_nothing() {
    // What a killed run holds is free again this long and ten seconds after it began.
    let polling = Polling::with_timeout(120, &[], Duration::from_secs(8)).await;
    polling.catch_up().await;
    let before = polling.checkpoint();
    let from = "2025-11-02T00:00:00Z".parse().unwrap();
    let every = Duration::from_secs(1).try_into().unwrap();
    polling.tenant.log().extend(made_up(100, from, every, 2));
    // Nothing of the table's is answered any more once the events are sent: neither ledger nor checkpoint notes them.
    let ((), run) = tokio::join!(
        async {
            polling.cloud.ledger_faults.by_body(|body| {
                let is_noted = has(body, "outcome") || has(body, "checkpoint#");
                if has(body, "\"Item\"") && is_noted {
                    Fault::Hang
                } else {
                    Fault::Healthy
                }
            });
            eventually("all are sent", || {
                polling.cloud.collector.log_ids().len() == 220
            })
            .await;
            polling.poller.kill().await;
        },
        polling.run()
    );
    assert!(run.is_err(), "{run:?}");
    assert_eq!(polling.checkpoint(), before);
    polling.cloud.ledger_faults.clear();
    polling.catch_up().await;
    assert_ne!(polling.checkpoint(), before);
    arrived(&polling.cloud).await;
    let log_ids = polling.cloud.collector.log_ids();
    assert_eq!(
        log_ids.keys().cloned().collect::<Vec<_>>(),
        polling.log_ids()
    );
    let twice: u64 = log_ids.values().map(|count| count - 1).sum();
    assert!(twice <= 100, "only what was under way comes again: {twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_holds_at_the_pollers_own_sink_is_not_taken_for_pushed() {
    // What a killed run holds is free again this long and ten seconds after it began.
    let settings = [("GAP_SINKS", "http"), ("GRACE_SECONDS", "0")];
    let polling = Polling::with_timeout(120, &settings, Duration::from_secs(8)).await;
    polling.cloud.collector_faults.always(Fault::Hang);
    let ((), run) = tokio::join!(
        async {
            eventually("claimed log events are on their way", || {
                !polling.cloud.collector_faults.injected().is_empty()
            })
            .await;
            polling.poller.kill().await;
        },
        polling.run()
    );
    assert!(run.is_err(), "{run:?}");
    polling.cloud.collector_faults.clear();
    polling.catch_up().await;
    polling.assert_all_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_each_log_event_is_delivered_once() {
    let polling = Polling::start(1_500, &[]).await;
    polling
        .faults
        .always(Fault::Late(Duration::from_millis(20)));
    // Where each has claimed a part of a page, neither has delivered it whole, and both fail: the next run finds it done.
    let _both = tokio::join!(polling.run(), polling.run());
    assert_eq!(polling.poller.starts(), 2);
    polling.catch_up().await;
    polling.assert_all_once().await;
}

/// A poller that is set up wrong: a failed invocation with one clear sentence, nothing sent, nothing stored.
async fn check_refused(changes: &[(&str, &str)], scopes: &[&'static str], sentence: &str) {
    let polling = Polling::start(5, changes).await;
    polling
        .tenant
        .set(|options| options.scopes = scopes.to_vec());
    let (error_type, message) = polling.failed().await;
    assert_eq!(error_type, "Log", "{message}");
    assert!(message.ends_with(sentence), "{message}");
    assert!(!message.contains('\n'), "{message}");
    assert_eq!(polling.checkpoint(), None);
    assert_eq!(polling.cloud.collector.log_ids().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_domain_secret_or_scope_is_one_sentence_and_a_failed_run() {
    let reads_logs = &["read:logs"];
    check_refused(
        &[("AUTH0_CLIENT_SECRET", "wrong")],
        reads_logs,
        "Auth0 answered 401 access_denied: check AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET",
    )
    .await;
    check_refused(
        &[],
        &["read:users"],
        "Auth0 answered 403 insufficient_scope: the application of AUTH0_CLIENT_ID lacks the scope read:logs of the Auth0 \
         Management API",
    )
    .await;
    check_refused(
        &[("AUTH0_DOMAIN", "other.eu.auth0.com")],
        reads_logs,
        "Auth0 answered 403 access_denied: authorize the application of AUTH0_CLIENT_ID for the Auth0 Management API with \
         the scope read:logs, and allow it the grant client_credentials",
    )
    .await;
    // Nothing listens there.
    let polling = Polling::start(5, &[("AUTH0_API_URL", "http://127.0.0.1:9")]).await;
    let (_, message) = polling.failed().await;
    let sentence = "check AUTH0_DOMAIN, and that it can be reached from here";
    assert!(message.contains(sentence), "{message}");
}

/// A run that got what is no page: it fails, and the checkpoint stays.
async fn check_no_page(polling: &Polling, before: Option<&str>, what: &str) {
    let (error_type, message) = polling.failed().await;
    assert_eq!(error_type, "Log", "{what}: {message}");
    assert_eq!(polling.checkpoint().as_deref(), before, "{what}: {message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_never_taken_for_the_end_of_the_log() {
    // A run has no time for all the tries that there are.
    let polling = Polling::with_timeout(40, &[], Duration::from_secs(10)).await;
    polling.run().await.unwrap();
    let before = polling.checkpoint();
    let from = "2025-11-02T00:00:00Z".parse().unwrap();
    let every = Duration::from_secs(1).try_into().unwrap();
    polling.tenant.log().extend(made_up(10, from, every, 2));
    for page in [
        r#"{"statusCode":429,"error":"Too Many Requests","errorCode":"too_many_requests"}"#,
        r#"{"logs":[]}"#,
        "<html></html>",
        "null",
        "",
    ] {
        polling.tenant.set(|options| options.page = Some(page));
        check_no_page(&polling, before.as_deref(), page).await;
    }
    polling.tenant.set(|options| options.page = None);
    // The page of an ill front end, and refusals for the rate limit without an end.
    for fault in [Fault::Status(200), Fault::Status(503), Fault::Throttle] {
        polling.faults.always(fault.clone());
        check_no_page(&polling, before.as_deref(), fault.name()).await;
    }
    polling.faults.clear();
    polling.run().await.unwrap();
    polling.assert_all_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_checkpoint_stops_the_poller_is_counted_and_resume_from_restarts_it() {
    let polling = Polling::start(5, &[]).await;
    let stored = r#"{"after":"90020200101000000000000000000001"}"#;
    polling.cloud.ledger.contents().put(&json!({
        "pk": {"S": "checkpoint#acme"}, "n": {"N": "0"}, "value": {"S": stored},
    }));
    let (error_type, message) = polling.failed().await;
    assert_eq!(error_type, "CheckpointStopped", "{message}");
    assert!(
        message.starts_with("the checkpoint has expired: "),
        "{message}"
    );
    assert_eq!(polling.checkpoint().as_deref(), Some(stored));
    assert_eq!(polling.counters(1).await["checkpoint_stopped"], 1);

    let mut settings = polling.tenant.settings();
    settings.push(("RESUME_FROM".to_owned(), "oldest".to_owned()));
    let resumed = polling
        .cloud
        .start_poller(&binaries().await, settings, TIMEOUT);
    resumed.unwrap().invoke("{}").await.unwrap();
    polling.assert_all_once().await;
}

/// `last_log_id` of Microsoft's connector, `checkpointId` of the extensions: the last log event that was shipped.
#[tokio::test(flavor = "multi_thread")]
async fn a_poller_on_aws_goes_on_where_another_shipper_stopped() {
    let polling = Polling::start(150, &[]).await;
    let log_ids = polling.log_ids();
    let mut settings = polling.tenant.settings();
    settings.push(("START_FROM".to_owned(), log_ids[119].clone()));
    let poller = polling
        .cloud
        .start_poller(&binaries().await, settings, TIMEOUT);
    poller.unwrap().invoke("{}").await.unwrap();
    arrived(&polling.cloud).await;
    let wanted = once_each(log_ids[119..].iter().cloned());
    assert_eq!(polling.cloud.collector.log_ids(), wanted);
}
