//! A combination on AWS: webhook, bus, queue, target, collector.

use std::collections::BTreeSet;
use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions, TOKEN};
use fakes::aws::dynamodb::Table;
use fakes::aws::secrets_manager::SecretsManager;
use fakes::collector::Refusal;
use fakes::faults::Faults;
use futures_util::future::join_all;
use hosts::event_source::MappingOptions;
use tokio::time::{Instant, timeout};

use super::combination::{Combination, Ending, Place};
use super::events::{REFUSED, bodies, log_ids};
use super::failing::Failing;
use super::outcome::Outcome;
use super::{PATIENCE, missing, post_until_taken, unnoted};
use crate::kit::{cloud, settings, twice_count};

const CREDENTIAL: &str = "Bearer credential-of-the-matrix";

pub(super) async fn run(combination: &Combination) -> Outcome {
    let begun = Instant::now();
    let failing = Failing::new(combination);
    let [ledger_faults, secrets_faults] = [1, 2].map(Faults::seeded);
    failing.arm(Place::Ledger, &ledger_faults);
    failing.arm(Place::Secrets, &secrets_faults);
    let table = Table::start("ledger", ledger_faults).await.unwrap();
    let manager = SecretsManager::start(secrets_faults).await.unwrap();
    let cloud = start(combination, &table, &manager).await;
    failing.arm(Place::Sink, &cloud.collector_faults);
    failing.arm(Place::Letters, &cloud.queue_faults);

    let mut in_flight = 0;
    let course = async {
        failing
            .run_its_course(async || {
                let unacknowledged = in_queue(&cloud);
                match combination.ending {
                    Ending::Terminate => {
                        cloud.ingest.terminate().await.unwrap();
                        cloud.target.terminate().await.unwrap();
                    }
                    Ending::Run | Ending::Kill | Ending::Short => {
                        cloud.ingest.kill().await;
                        cloud.target.kill().await;
                    }
                }
                let stored = cloud.collector.log_ids();
                let under_way = unacknowledged.iter().filter(|id| stored.contains_key(*id));
                in_flight = under_way.count();
            })
            .await;
        failing.mend();
    };
    let arriving = async {
        let (all, url) = (bodies(), cloud.webhook.url());
        let posting = all.iter().map(|body| post_until_taken(&url, body));
        join_all(posting).await;
    };
    let arrived = timeout(PATIENCE, async { tokio::join!(course, arriving) }).await;
    let emptied = cloud.deliver_queue.emptied(PATIENCE).await;

    let stored = cloud.collector.log_ids();
    let letters = cloud.set_aside_queue.bodies();
    let mut lost = missing(&stored, letters.iter().map(AsRef::as_ref));
    if arrived.is_err() || emptied.is_err() {
        lost.push("something is not acknowledged".to_owned());
    }
    Outcome {
        lost,
        doubled: twice_count(&stored),
        in_flight: failing.unanswered()
            + unnoted(&cloud.target.output())
            + u64::try_from(in_flight).unwrap(),
        failed_calls: failing.failed_calls(),
        time: begun.elapsed(),
    }
}

async fn start(combination: &Combination, table: &Table, manager: &SecretsManager) -> Cloud {
    let tokens = manager.put("tokens", TOKEN);
    let credential = manager.put("credential", CREDENTIAL);
    let cloud = cloud(CloudOptions {
        environment: settings(&[
            ("WEBHOOK_TOKENS", ""),
            ("WEBHOOK_TOKENS_SECRET_ARN", &tokens),
            ("HTTP_SINK_AUTHORIZATION_SECRET_ARN", &credential),
            ("LEDGER_TABLE", table.name()),
            ("AWS_ENDPOINT_URL_DYNAMODB", &table.url()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &manager.url()),
        ]),
        timeout: combination.time(),
        mapping: MappingOptions {
            batch_size: 2,
            window: Duration::from_millis(50),
            maximum_concurrency: 1,
            return_failed_after: Some(Duration::from_millis(500)),
            ..MappingOptions::default()
        },
        ..CloudOptions::default()
    })
    .await;
    cloud.collector.authorize(CREDENTIAL);
    cloud.collector.refuse(vec![Refusal {
        contains: REFUSED.to_owned(),
        status: 400,
    }]);
    cloud
}

/// The events of all messages that are not acknowledged.
fn in_queue(cloud: &Cloud) -> BTreeSet<String> {
    let messages = cloud.deliver_queue.bodies();
    let all = log_ids().into_iter();
    all.filter(|id| messages.iter().any(|message| message.contains(id.as_str())))
        .collect()
}
