//! Secrets Manager behind the real functions: rotation without loss, revocation, and a store that is faulty.

use std::time::Duration;

use cargo_local::cloud::CloudOptions;
use fakes::aws::secrets_manager::SecretsManager;
use fakes::collector::{Collector, CollectorOptions};
use fakes::faults::{Fault, Faults};
use tokio::time::{Instant, sleep};

use crate::kit::ingest::Ingest;
use crate::kit::target::{event, failed, once_each};
use crate::kit::{cloud, settings};

/// How long anything may take: a secret is read again after ten seconds at the earliest.
const PATIENCE: Duration = Duration::from_mins(2);

/// The webhook, with its tokens in a secret.
struct Guarded {
    manager: SecretsManager,
    faults: Faults,
    ingest: Ingest,
}

impl Guarded {
    async fn start() -> Self {
        Self::start_with(Duration::from_secs(30), &["first-webhook-token"]).await
    }

    /// Starts with a time limit for an invocation, and these versions of the secret, oldest first.
    async fn start_with(timeout: Duration, versions: &[&str]) -> Self {
        let faults = Faults::healthy();
        let manager = SecretsManager::start(faults.clone()).await.unwrap();
        let mut arn = String::new();
        for text in versions {
            arn = manager.put("tokens", text);
        }
        let settings = [
            ("WEBHOOK_TOKENS", ""),
            ("WEBHOOK_TOKENS_SECRET_ARN", &arn),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &manager.url()),
        ];
        Self {
            ingest: Ingest::start_with_timeout(timeout, &settings).await,
            manager,
            faults,
        }
    }

    async fn status(&self, token: &str) -> u16 {
        let headers = [("authorization", token)];
        let reply = self.ingest.request("POST", &headers, event("1")).await;
        reply.status
    }

    /// Waits until a token is live; all the while another one is.
    async fn opens(&self, token: &str, live: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.status(token).await != 200 {
            assert_eq!(self.status(live).await, 200, "{live}");
            assert!(Instant::now() < deadline, "{token} is still refused");
            sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_closes_nothing_and_a_second_one_revokes_the_first_token() {
    let guarded = Guarded::start().await;
    assert_eq!(guarded.status("first-webhook-token").await, 200);
    assert_eq!(guarded.status("second-webhook-token").await, 401);
    guarded.manager.put("tokens", "second-webhook-token");
    guarded
        .opens("second-webhook-token", "first-webhook-token")
        .await;
    assert_eq!(guarded.status("first-webhook-token").await, 200);
    guarded.manager.put("tokens", "third-webhook-token");
    guarded
        .opens("third-webhook-token", "second-webhook-token")
        .await;
    assert_eq!(guarded.status("first-webhook-token").await, 401);
    assert_eq!(guarded.status("second-webhook-token").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_secrets_manager_is_out_of_reach_the_known_tokens_open_and_no_other() {
    let guarded = Guarded::start().await;
    assert_eq!(guarded.status("first-webhook-token").await, 200);
    guarded.manager.put("tokens", "second-webhook-token");
    let faults = [Fault::Status(500), Fault::Hang, Fault::Denied];
    guarded.faults.by(move |call| {
        let number = usize::try_from(call).unwrap();
        faults[number % faults.len()].clone()
    });
    // Long enough for an unknown token to have the secret read.
    let is_asked = || guarded.faults.injected().len() > 1;
    let deadline = Instant::now() + PATIENCE;
    while !is_asked() {
        assert_eq!(guarded.status("second-webhook-token").await, 401);
        assert_eq!(guarded.status("first-webhook-token").await, 200);
        assert!(Instant::now() < deadline, "the secret is not read again");
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(guarded.status("second-webhook-token").await, 401);
    assert_eq!(guarded.status("first-webhook-token").await, 200);
    guarded.faults.clear();
    guarded
        .opens("second-webhook-token", "first-webhook-token")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_secrets_manager_hangs_a_known_token_waits_neither_for_it_nor_for_a_stranger() {
    // Shorter than a reading takes: whoever waited for it would be killed.
    let guarded = Guarded::start_with(Duration::from_secs(4), &["first-webhook-token"]).await;
    assert_eq!(guarded.status("first-webhook-token").await, 200);
    guarded.faults.always(Fault::Hang);
    let began = Instant::now();
    for _ in 0..3 {
        assert_eq!(guarded.status("a-token-of-a-stranger").await, 401);
        assert_eq!(guarded.status("first-webhook-token").await, 200);
    }
    assert_eq!(guarded.ingest.function.starts(), 1);
    // A reading makes three tries for each of two versions; the next one begins ten seconds after its end.
    let readings = 1 + began.elapsed().as_secs() / 10;
    let hung = guarded.faults.injected()["hang"];
    assert!(hung <= readings * 6, "{hung} calls in {readings} readings");
    guarded.faults.clear();
    guarded.manager.put("tokens", "second-webhook-token");
    guarded
        .opens("second-webhook-token", "first-webhook-token")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_older_version_is_left_out_with_a_warning() {
    let versions = ["fifteen-letters", "second-webhook-token"];
    let guarded = Guarded::start_with(Duration::from_secs(30), &versions).await;
    assert_eq!(guarded.status("second-webhook-token").await, 200);
    assert_eq!(guarded.status("fifteen-letters").await, 401);
    let is_said = |output: &str| output.contains("fewer than 16 characters are not live");
    let output = guarded.ingest.function.output_when(is_said).await;
    assert!(is_said(&output), "{output}");
    assert!(!output.contains("fifteen-letters"), "{output}");
}

/// A bare 401 would leave its owner guessing.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_keys_and_values_is_named_in_the_log_and_none_of_it_is_shown() {
    let console = r#"{"token":"first-webhook-token"}"#;
    let guarded = Guarded::start_with(Duration::from_secs(30), &[console]).await;
    assert_eq!(guarded.status("first-webhook-token").await, 401);
    let named = "WEBHOOK_TOKENS is a JSON object";
    let function = &guarded.ingest.function;
    let output = function.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
    assert!(!output.contains("first-webhook-token"), "{output}");
    guarded.manager.put("tokens", "second-webhook-token");
    guarded.opens("second-webhook-token", console).await;
}

/// It is too short to be a token, too, which is not what its owner must change.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_secret_of_keys_and_values_is_named_as_such_at_the_start() {
    let (console, live) = (r#"{"key":"value"}"#, "first-webhook-token");
    let limit = Duration::from_secs(30);
    let refused = Guarded::start_with(limit, &[live, console]).await;
    assert_eq!(refused.status(live).await, 502);
    let named = "WEBHOOK_TOKENS: is a JSON object, as a console writes keys and values";
    let function = &refused.ingest.function;
    let output = function.output_when(|output| output.contains(named)).await;
    assert!(
        output.contains(named) && !output.contains("\"value\""),
        "{output}"
    );
    refused.manager.put("tokens", "second-webhook-token");
    // The next start reads it again.
    assert_eq!(refused.status("second-webhook-token").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_to_a_short_secret_of_keys_and_values_closes_nothing_and_is_named() {
    let guarded = Guarded::start().await;
    assert_eq!(guarded.status("first-webhook-token").await, 200);
    guarded.manager.put("tokens", r#"{"key":"value"}"#);
    // Whoever sends the value in it is unknown, so the secret is read.
    assert_eq!(guarded.status("value").await, 401);
    let named = "WEBHOOK_TOKENS is a JSON object";
    let function = &guarded.ingest.function;
    let output = function.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
    assert_eq!(guarded.status("first-webhook-token").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_read_at_the_start_is_named_and_a_later_start_succeeds() {
    let guarded = Guarded::start().await;
    for (fault, code) in [
        (Fault::Denied, "AccessDeniedException"),
        (Fault::Status(500), "InternalFailure"),
    ] {
        guarded.faults.always(fault);
        // Auth0 takes it for a failure of the endpoint, and sends the batch again.
        assert_eq!(guarded.status("first-webhook-token").await, 502, "{code}");
        let is_named = |output: &str| {
            let mut lines = output.lines();
            let last = lines.rfind(|line| line.contains("WEBHOOK_TOKENS_SECRET_ARN"));
            last.is_some_and(|line| line.contains(code))
        };
        let output = guarded.ingest.function.output_when(is_named).await;
        assert!(is_named(&output), "{output}");
    }
    guarded.faults.clear();
    assert_eq!(guarded.status("first-webhook-token").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collectors_url_may_be_a_secret() {
    let collector = Collector::start(CollectorOptions::default(), Faults::healthy());
    let collector = collector.await.unwrap();
    let manager = SecretsManager::start(Faults::healthy()).await.unwrap();
    let arn = manager.put("collector", &format!("{}?key=marker", collector.url()));
    let cloud = cloud(CloudOptions {
        environment: settings(&[
            ("HTTP_SINK_URL", ""),
            ("HTTP_SINK_URL_SECRET_ARN", &arn),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &manager.url()),
            ("LOG_LEVEL", "debug"),
        ]),
        ..CloudOptions::default()
    })
    .await;
    assert_eq!(failed(&cloud, &[event("1")]).await, [0; 0]);
    assert_eq!(collector.log_ids(), once_each(["1"]));
    let output = cloud.target.output();
    assert!(!output.contains("marker"), "{output}");
}
