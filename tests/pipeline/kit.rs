//! What the paths share: a cloud around debug builds of the real functions, waits with a deadline, dead letters.

use std::collections::BTreeMap;
use std::time::Duration;

use cargo_local::binaries::{Binaries, Profile, Progress, build};
use cargo_local::cloud::{Cloud, CloudOptions, TOKEN};
use fakes::aws::queue::Queue;
use fakes::client;
use serde_json::Value;
use tokio::time::{Instant, sleep};

pub(crate) mod azure;
pub(crate) mod ingest;
pub(crate) mod ledger;
pub(crate) mod long_log;
pub(crate) mod one_invocation;
pub(crate) mod replay;
pub(crate) mod reply;
pub(crate) mod target;

/// How long anything may take to arrive.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The functions as cargo builds them for tests.
pub(crate) async fn binaries() -> Binaries {
    let built = build(Profile::Dev, Progress::Hidden).await;
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// A running cloud.
pub(crate) async fn cloud(options: CloudOptions) -> Cloud {
    Cloud::start(&binaries().await, options).await.unwrap()
}

/// More settings of both functions.
pub(crate) fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Posts a body to the webhook with the right token; returns the status and the body.
pub(crate) async fn post(cloud: &Cloud, body: impl Into<Vec<u8>>) -> (u16, String) {
    post_with(cloud, &[("authorization", TOKEN)], body).await
}

/// Posts a body to the webhook with these headers only.
pub(crate) async fn post_with(
    cloud: &Cloud,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> (u16, String) {
    let url = cloud.webhook.url();
    let answer = client::post(&url, headers, body.into()).await.unwrap();
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    (answer.status().as_u16(), text)
}

/// Waits until nothing is on its way to the target any more.
pub(crate) async fn arrived(cloud: &Cloud) {
    cloud.direct_bus.settled(PATIENCE).await.unwrap();
    cloud.deliver_queue.emptied(PATIENCE).await.unwrap();
}

/// Polls until a fact holds.
pub(crate) async fn eventually(what: &str, holds: impl FnMut() -> bool) {
    eventually_within(PATIENCE, what, holds).await;
}

/// Polls until a fact holds, with a patience of the caller's own.
pub(crate) async fn eventually_within(
    patience: Duration,
    what: &str,
    mut holds: impl FnMut() -> bool,
) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The dead letters of a queue, oldest first.
pub(crate) fn dead_letters(queue: &Queue) -> Vec<Value> {
    let bodies = queue.bodies();
    bodies
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect()
}

/// Copies beyond the first, over all `log_id`s.
pub(crate) fn twice_count(log_ids: &BTreeMap<String, u64>) -> u64 {
    log_ids.values().map(|count| count - 1).sum()
}

/// Says a number that a reader of the output looks for.
#[expect(clippy::print_stdout, reason = "a test's output is for people")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
