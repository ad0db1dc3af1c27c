//! A long log over many short runs of two instances at once, with refusals by the rate limit, tokens that end, an ill tenant
//! and kills: nothing is lost, and what comes twice was under way in a run that was killed.

use fakes::auth0::RateLimit;
use relay::settings::environment;
use tokio::time::{Instant, sleep};

use super::*;
use crate::kit::ledger::undelivered_on_azure;
use crate::kit::{say, twice_count};

/// How many log events there are in an ordinary run, and how many kills. `.ci/full` asks for 100,000 with 8 kills.
const USUAL: (usize, usize) = (3_000, 2);
/// How long all of it may take: a machine may be very slow.
const PATIENCE: Duration = Duration::from_mins(30);
/// How long a run may take. What a killed one holds is free this long and ten seconds after it began.
const RUN_SECONDS: &str = "4";

#[derive(Default)]
struct Survived {
    runs: usize,
    failed: usize,
    kills: usize,
    /// What the workspace had and the ledger had not noted when a run was killed.
    in_flight: usize,
}

/// Both instances run once, and are killed as soon as the workspace has this many rows.
async fn run_both(
    polling: &Polling,
    another: &PollerApp,
    kill_at: Option<u64>,
    survived: &mut Survived,
) {
    survived.runs += 2;
    let both = async { tokio::join!(polling.run(), another.host.run_timer("poll")) };
    let killing = async {
        let Some(kill_at) = kill_at else {
            return std::future::pending::<()>().await;
        };
        while polling.cloud.logs.counts().rows < kill_at {
            sleep(Duration::from_millis(1)).await;
        }
        tokio::join!(polling.poller.host.restart(), another.host.restart());
    };
    let (mut both, mut killing) = (std::pin::pin!(both), std::pin::pin!(killing));
    let (one, other) = tokio::select! {
        ended = &mut both => ended,
        () = &mut killing => {
            survived.kills += 1;
            let at_sink = polling.cloud.logs.log_ids();
            let lacking = undelivered_on_azure(&polling.cloud.ledger, at_sink.keys());
            survived.in_flight += lacking.len();
            both.await
        }
    };
    survived.failed += [&one, &other]
        .into_iter()
        .filter(|run| run.is_err())
        .count();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_survives_short_runs_kills_and_an_ill_tenant_on_azure() {
    let asked = environment("POLLER_EVENTS").map(|count| count.parse().unwrap());
    let (event_count, kill_count) = asked.map_or(USUAL, |count| (count, 8));
    let polling = Polling::start(event_count, &[("INVOCATION_SECONDS", RUN_SECONDS)]).await;
    let another = polling.another(&[]).await;
    polling.tenant.set(|options| {
        options.token_life = Duration::from_secs(2);
        options.rate_limit = Some(RateLimit {
            burst: 50,
            per_second: 400,
        });
    });
    polling.faults.mix(vec![
        (0.01, Fault::Status(503)),
        (0.01, Fault::DropAfter),
        (0.02, Fault::Throttle),
    ]);
    // An answer that comes late is a gap in which a kill loses it.
    let late = Fault::Late(Duration::from_millis(20));
    polling.cloud.faults.logs.always(late);

    let begun = Instant::now();
    let mut survived = Survived::default();
    while !polling.is_caught_up() {
        let share = event_count * (survived.kills + 1) / (kill_count + 1);
        let kill_at = u64::try_from(share).unwrap();
        let kill_at = Some(kill_at).filter(|_| survived.kills < kill_count);
        run_both(&polling, &another, kill_at, &mut survived).await;
        assert!(begun.elapsed() < PATIENCE, "{} runs", survived.runs);
        // What a killed run held is not free yet.
        sleep(Duration::from_millis(500)).await;
    }
    let delivered = polling.cloud.logs.log_ids();
    let twice = twice_count(&delivered);
    let requests = polling.tenant.requests();
    let injected = polling.faults.injected();
    say(&format!(
        "{event_count} log events on Azure, {} runs, {} failed, {} kills of two, {:.0?}: {} lost, {twice} twice, {} in flight \
         at a kill; requests {requests:?}, injected {injected:?}",
        survived.runs,
        survived.failed,
        survived.kills,
        begun.elapsed(),
        event_count - delivered.len(),
        survived.in_flight,
    ));
    assert_eq!(delivered.into_keys().collect::<Vec<_>>(), polling.log_ids());
    assert!(twice <= survived.in_flight.try_into().unwrap());
    assert_eq!(survived.kills, kill_count);
    assert!(requests["token"] > 1 && injected["throttle"] > 0);
}
