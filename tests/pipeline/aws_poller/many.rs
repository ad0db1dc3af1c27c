//! A long log over many short runs, two at a time, with refusals by the rate limit, tokens that end, an ill tenant and
//! kills: nothing is lost, and what comes twice was under way in a run that was killed.

use std::time::Duration;

use fakes::auth0::RateLimit;
use fakes::faults::Fault;
use relay::settings::environment;
use tokio::time::{Instant, sleep};

use super::{InvocationError, Polling, Value};
use crate::kit::ledger::undelivered;
use crate::kit::{say, twice_count};

/// How many log events there are in an ordinary run, and how many kills. `.ci/full` asks for 100,000 with 8 kills.
const USUAL: (usize, usize) = (3_000, 2);
/// How long all of it may take: a machine may be very slow.
const PATIENCE: Duration = Duration::from_mins(30);
/// How long a run may take. What a killed one holds is free this long and ten seconds after it began.
const TIMEOUT: Duration = Duration::from_secs(4);

#[derive(Default)]
struct Survived {
    runs: usize,
    failed: usize,
    kills: usize,
    /// What the sink had and the ledger had not noted when a run was killed.
    in_flight: usize,
}

impl Polling {
    /// Runs twice at once, and kills both as soon as the sink has this many; returns whether one has caught up.
    async fn run_twice(&self, kill_at: Option<u64>, survived: &mut Survived) -> bool {
        survived.runs += 2;
        let both = async { tokio::join!(self.run(), self.run()) };
        let killing = async {
            let Some(kill_at) = kill_at else {
                return std::future::pending::<()>().await;
            };
            while self.cloud.collector.counts().events < kill_at {
                sleep(Duration::from_millis(1)).await;
            }
            self.poller.kill().await;
        };
        let (mut both, mut killing) = (std::pin::pin!(both), std::pin::pin!(killing));
        let (one, other) = tokio::select! {
            ended = &mut both => ended,
            () = &mut killing => {
                survived.kills += 1;
                let at_sink = self.cloud.collector.log_ids();
                let table = self.cloud.ledger.contents();
                survived.in_flight += undelivered(table, at_sink.keys()).len();
                both.await
            }
        };
        let is_caught_up = |run: &Result<Value, InvocationError>| {
            run.as_ref()
                .is_ok_and(|answer| answer["end"] == "caught_up")
        };
        let failed = [&one, &other].into_iter().filter(|run| run.is_err());
        survived.failed += failed.count();
        is_caught_up(&one) || is_caught_up(&other)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_survives_short_runs_kills_and_an_ill_tenant() {
    let asked = environment("POLLER_EVENTS").map(|count| count.parse().unwrap());
    let (event_count, kill_count) = asked.map_or(USUAL, |count| (count, 8));
    let polling = Polling::with_timeout(event_count, &[], TIMEOUT).await;
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
    polling.cloud.collector_faults.always(late);

    let begun = Instant::now();
    let mut survived = Survived::default();
    loop {
        let share = event_count * (survived.kills + 1) / (kill_count + 1);
        let kill_at = u64::try_from(share).unwrap();
        let kill_at = Some(kill_at).filter(|_| survived.kills < kill_count);
        if polling.run_twice(kill_at, &mut survived).await {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{} runs", survived.runs);
        // What a killed run held is not free yet.
        sleep(Duration::from_millis(500)).await;
    }
    let delivered = polling.cloud.collector.log_ids();
    let twice = twice_count(&delivered);
    let requests = polling.tenant.requests();
    let injected = polling.faults.injected();
    say(&format!(
        "{event_count} log events, {} runs, {} failed, {} kills of two, {:.0?}: {} lost, {twice} twice, {} in flight at a kill; \
         requests {requests:?}, injected {injected:?}",
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
