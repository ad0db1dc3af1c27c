//! Every kind of failure at every place, at every moment, with every end of the process: nothing is lost, and what comes
//! twice was in flight.
//!
//! A combination is a cloud of its own around the real functions. Its services fail together, mend after a while, and then
//! everything must arrive. The whole matrix takes long, so `.ci/full` runs it; a corner of it runs with all other tests.

mod aws;
mod azure;
mod combination;
mod events;
mod failing;
mod outcome;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use cargo_local::cloud::TOKEN;
use fakes::client;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::kit::say;
use combination::{Cloud, Combination, Ending, Failure, Moment, Place};
use outcome::{Outcome, table};

/// Combinations side by side: most of their time they wait.
const AT_ONCE: usize = 16;
/// The time that an invocation has, and where it is short.
const USUAL_TIME: Duration = Duration::from_secs(5);
const SHORT_TIME: Duration = Duration::from_secs(3);
/// How long Auth0 waits here before it sends a batch again.
const SENT_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How long everything may take to arrive once the services are well again.
const PATIENCE: Duration = Duration::from_mins(8);

async fn prove(cloud: Cloud, combinations: Vec<Combination>) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for combination in combinations {
        let slots = Arc::clone(&slots);
        running.spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            let outcome = match cloud {
                Cloud::Aws => aws::run(&combination).await,
                Cloud::Azure => azure::run(&combination).await,
            };
            (combination, outcome)
        });
    }
    let mut outcomes: Vec<(Combination, Outcome)> = Vec::new();
    while let Some(ended) = running.join_next().await {
        outcomes.push(ended.unwrap());
        if outcomes.len().is_multiple_of(50) {
            say(&format!("{cloud:?}: {} combinations", outcomes.len()));
        }
    }
    say(&table(cloud, &outcomes));
    let mut wrong = String::new();
    for (combination, outcome) in &outcomes {
        if outcome.is_wrong() {
            write!(wrong, "\n{combination}: {outcome:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is neither in the sink nor among the dead letters.
fn missing<'l>(
    stored: &BTreeMap<String, u64>,
    letters: impl IntoIterator<Item = &'l str>,
) -> Vec<String> {
    let letters: Vec<&str> = letters.into_iter().collect();
    let is_in_a_letter = |text: &str| letters.iter().any(|letter| letter.contains(text));
    let events = events::log_ids().into_iter();
    let mut missing: Vec<String> = events
        .filter(|log_id| !stored.contains_key(log_id) && !is_in_a_letter(log_id))
        .collect();
    let refused = [events::REFUSED, events::POISON].into_iter();
    let refused = refused.filter(|text| !is_in_a_letter(text));
    missing.extend(refused.map(str::to_owned));
    missing
}

/// How many events the ledger could not note, by what a function says of it: what the sink has of them may come again.
fn unnoted(output: &str) -> u64 {
    let said = output.split("settle ").skip(1);
    let counts = said.filter_map(|rest| rest.split_once(" log events")?.0.parse::<u64>().ok());
    counts.sum()
}

/// Posts a body as Auth0 does, again until it is taken.
async fn post_until_taken(url: &str, body: &str) {
    let headers = [("authorization", TOKEN)];
    loop {
        let answer = client::post(url, &headers, body.to_owned()).await;
        if answer.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        sleep(SENT_AGAIN_AFTER).await;
    }
}

/// Some of each dimension.
fn corner() -> Vec<Combination> {
    let of = |places: &[Place], failure, moment, ending| Combination {
        places: places.to_vec(),
        failure,
        moment,
        ending,
    };
    vec![
        of(&[Place::Sink], Failure::Reset, Moment::Before, Ending::Run),
        of(
            &[Place::Ledger, Place::Letters],
            Failure::Hang,
            Moment::During,
            Ending::Kill,
        ),
        of(
            &[Place::Ledger],
            Failure::Status500,
            Moment::After,
            Ending::Terminate,
        ),
        of(
            &[Place::Secrets, Place::Sink],
            Failure::Denied,
            Moment::Before,
            Ending::Short,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_corner_of_the_fault_matrix_on_aws_nothing_is_lost() {
    prove(Cloud::Aws, corner()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_corner_of_the_fault_matrix_on_azure_nothing_is_lost() {
    prove(Cloud::Azure, corner()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs half an hour, .ci/full runs it"]
async fn in_the_whole_fault_matrix_on_aws_nothing_is_lost() {
    prove(Cloud::Aws, Combination::all()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs half an hour, .ci/full runs it"]
async fn in_the_whole_fault_matrix_on_azure_nothing_is_lost() {
    prove(Cloud::Azure, Combination::all()).await;
}
