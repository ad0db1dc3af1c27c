//! Thousands of events under throttling, failures, lost answers, restarts and repeated deliveries: none is lost.

use std::time::Duration;

use cargo_local::azure_cloud::{AzureCloud, AzureOptions};
use fakes::azure::event_grid::SubscriptionOptions;
use fakes::faults::Fault;
use relay::settings::environment;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::kit::azure::{azure, dead_letters, event};
use crate::kit::{say, settings, twice_count};

/// How many events unless `AZURE_EVENTS` says otherwise; `.ci/full` takes 20,000.
const EVENTS: usize = 3_000;
/// Events of a delivery.
const BATCH: usize = 50;
/// Restarts of the handler on the way.
const RESTARTS: usize = 4;
/// How long everything may take on a slow machine.
const PATIENCE: Duration = Duration::from_mins(10);

fn event_count() -> usize {
    environment("AZURE_EVENTS").map_or(EVENTS, |text| text.parse().unwrap())
}

/// Kills the handler as the events go by: after each further part of the calls.
async fn restart_on_the_way(cloud: &AzureCloud, calls: usize) {
    for restart in 1..=RESTARTS {
        let deadline = Instant::now() + PATIENCE;
        while cloud.subscriber.calls() < calls * restart / (RESTARTS + 1) {
            assert!(Instant::now() < deadline, "the events do not go on");
            sleep(Duration::from_millis(5)).await;
        }
        cloud.subscriber.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_duplicates_are_at_most_what_was_in_flight() {
    let count = event_count();
    let options = AzureOptions {
        subscription: SubscriptionOptions {
            max_events: BATCH,
            preferred_bytes: 1_024 * 1_024,
            parallel_deliveries: 8,
            repeated_share: 0.05,
            ..SubscriptionOptions::new("", "")
        },
        // What a killed handler had claimed is free again so much later.
        environment: settings(&[("INVOCATION_SECONDS", "6")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    cloud.faults.logs.mix(vec![
        (0.05, Fault::Throttle),
        (0.05, Fault::Status(503)),
        (0.01, Fault::DropAfter),
    ]);
    let log_ids: Vec<String> = (0..count)
        .map(|number| format!("9002026112{number:05}"))
        .collect();
    let events: Vec<Value> = log_ids.iter().map(|id| event(id)).collect();
    cloud.partner_topic.put(&events).unwrap();
    restart_on_the_way(&cloud, count / BATCH).await;
    cloud.settled(PATIENCE).await.unwrap();

    let arrived = cloud.logs.log_ids();
    let lost = log_ids
        .iter()
        .filter(|id| !arrived.contains_key(*id))
        .count();
    let twice = twice_count(&arrived);
    let deliveries = cloud.partner_subscription.deliveries();
    let injected = cloud.faults.logs.injected();
    say(&format!(
        "{count} events: {lost} lost, {twice} twice, {} starts, faults {injected:?}, {deliveries:?}",
        cloud.subscriber.starts()
    ));
    assert_eq!((lost, dead_letters(&cloud).len()), (0, 0));
    assert_eq!(cloud.subscriber.starts(), RESTARTS + 1);
    assert!(deliveries.repeated_events > 0, "{deliveries:?}");
    // What was in flight when an answer was lost: one call of a batch, or all that the host was handing over.
    let lost_answers = injected.get("drop_after").copied().unwrap_or_default();
    let in_flight =
        u64::try_from(BATCH).unwrap() * (lost_answers + 8 * u64::try_from(RESTARTS).unwrap());
    assert!(twice <= in_flight, "{twice} twice, at most {in_flight}");
}
