//! Secrets Manager behind the real functions: rotation without loss, revocation, and a store that is faulty.

use std::time::Duration;

use fakes::aws::secrets_manager::SecretsManager;
use fakes::faults::{Fault, Faults};
use tokio::time::{Instant, sleep};

use crate::kit::ingest::Ingest;
use crate::kit::target::event;

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
        let faults = Faults::healthy();
        let manager = SecretsManager::start(faults.clone()).await.unwrap();
        let arn = manager.put("tokens", "first-token");
        let settings = [
            ("WEBHOOK_TOKENS", ""),
            ("WEBHOOK_TOKENS_SECRET_ARN", &arn),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &manager.url()),
        ];
        Self {
            ingest: Ingest::start(&settings).await,
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
    assert_eq!(guarded.status("first-token").await, 200);
    assert_eq!(guarded.status("second-token").await, 401);
    guarded.manager.put("tokens", "second-token");
    guarded.opens("second-token", "first-token").await;
    assert_eq!(guarded.status("first-token").await, 200);
    guarded.manager.put("tokens", "third-token");
    guarded.opens("third-token", "second-token").await;
    assert_eq!(guarded.status("first-token").await, 401);
    assert_eq!(guarded.status("second-token").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_secrets_manager_is_out_of_reach_the_known_tokens_open_and_no_other() {
    let guarded = Guarded::start().await;
    assert_eq!(guarded.status("first-token").await, 200);
    guarded.manager.put("tokens", "second-token");
    let faults = [Fault::Status(500), Fault::Hang, Fault::Denied];
    guarded.faults.by(move |call| {
        let number = usize::try_from(call).unwrap();
        faults[number % faults.len()].clone()
    });
    // Long enough for an unknown token to have the secret read.
    let is_asked = || guarded.faults.injected().len() > 1;
    let deadline = Instant::now() + PATIENCE;
    while !is_asked() {
        assert_eq!(guarded.status("second-token").await, 401);
        assert_eq!(guarded.status("first-token").await, 200);
        assert!(Instant::now() < deadline, "the secret is not read again");
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(guarded.status("second-token").await, 401);
    assert_eq!(guarded.status("first-token").await, 200);
    guarded.faults.clear();
    guarded.opens("second-token", "first-token").await;
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
        assert_eq!(guarded.status("first-token").await, 502, "{code}");
        let is_named = |output: &str| {
            let mut lines = output.lines();
            let last = lines.rfind(|line| line.contains("WEBHOOK_TOKENS_SECRET_ARN"));
            last.is_some_and(|line| line.contains(code))
        };
        let output = guarded.ingest.function.output_when(is_named).await;
        assert!(is_named(&output), "{output}");
    }
    guarded.faults.clear();
    assert_eq!(guarded.status("first-token").await, 200);
}
