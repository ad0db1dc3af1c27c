//! A combination on Azure: webhook, topic, subscriber, Log Analytics.

use cargo_local::azure_cloud::{AzureCloud, AzureOptions};
use cargo_local::cloud::TOKEN;
use fakes::collector::Refusal;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use super::combination::{Combination, Ending, Moment, Place};
use super::events::{REFUSED, bodies};
use super::failing::Failing;
use super::outcome::Outcome;
use super::{PATIENCE, missing, post_until_taken, unnoted};
use crate::kit::azure::azure;
use crate::kit::{settings, twice_count};

pub(super) async fn run(combination: &Combination) -> Outcome {
    let begun = Instant::now();
    let failing = Failing::new(combination);
    let cloud = start(combination, &failing).await;
    let mut in_flight = 0;
    let course = async {
        failing
            .run_its_course(async || {
                let is_pending = cloud.subscription.pending() > 0;
                end(&cloud, combination.ending).await;
                if is_pending {
                    in_flight = cloud.logs.log_ids().len();
                }
            })
            .await;
        failing.mend();
    };
    let arriving = async {
        let (all, url) = (bodies(), cloud.webhook_url());
        let posting = all.iter().map(|body| post_until_taken(&url, body));
        join_all(posting).await;
    };
    let arrived = timeout(PATIENCE, async { tokio::join!(course, arriving) }).await;
    let settled = cloud.settled(PATIENCE).await;

    let stored = cloud.logs.log_ids();
    let letters = cloud.dead_letters.blobs();
    let mut lost = missing(&stored, letters.values().map(AsRef::as_ref));
    if arrived.is_err() || settled.is_err() {
        lost.push("something is not acknowledged".to_owned());
    }
    Outcome {
        lost,
        doubled: twice_count(&stored),
        in_flight: failing.unanswered()
            + unnoted(&cloud.subscriber.output())
            + u64::try_from(in_flight).unwrap(),
        failed_calls: failing.failed_calls(),
        time: begun.elapsed(),
    }
}

async fn start(combination: &Combination, failing: &Failing) -> AzureCloud {
    let seconds = combination.time().as_secs().to_string();
    let cloud = azure(AzureOptions {
        environment: settings(&[("INVOCATION_SECONDS", &seconds)]),
        secrets: settings(&[("WEBHOOK_TOKENS", TOKEN)]),
        ..AzureOptions::default()
    })
    .await;
    cloud.logs.refuse(vec![Refusal {
        contains: REFUSED.to_owned(),
        status: 400,
    }]);
    failing.arm(Place::Sink, &cloud.faults.logs);
    failing.arm(Place::Letters, &cloud.faults.dead_letters);
    failing.arm(Place::Ledger, &cloud.faults.ledger);
    failing.arm(Place::Secrets, &cloud.faults.vault);
    failing.arm(Place::Secrets, &cloud.faults.entra);
    if combination.moment == Moment::Before {
        // They have started while all was well.
        cloud.ingest.restart().await;
        cloud.subscriber.restart().await;
    }
    cloud
}

async fn end(cloud: &AzureCloud, ending: Ending) {
    for host in [&cloud.ingest, &cloud.subscriber] {
        match ending {
            Ending::Terminate => {
                host.terminate_handler().await.unwrap();
                host.start_again().await;
            }
            Ending::Run | Ending::Kill | Ending::Short => host.restart().await,
        }
    }
}
