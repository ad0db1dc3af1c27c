//! What both clouds' pollers are tried with: a tenant with a long log, and many short runs, two at a time, with refusals by the
//! rate limit, tokens that end, an ill tenant and kills. Nothing is lost, and what comes twice was under way in a run that
//! was killed.

use std::collections::BTreeMap;
use std::time::Duration;

use fakes::auth0::{Auth0, RateLimit, TenantOptions, made_up};
use fakes::faults::{Fault, Faults};
use relay::settings::environment;
use tokio::time::{Instant, sleep};

use super::{say, twice_count};

/// How many log events there are in an ordinary run, and how many kills. `.ci/full` asks for 100,000 with 8 kills.
const USUAL: (usize, usize) = (3_000, 2);
/// How long all of it may take: a machine may be very slow.
const PATIENCE: Duration = Duration::from_mins(30);

/// A healthy tenant with this many log events, its faults, and a poller's settings for it: from the first one on.
pub(crate) async fn tenant_with(count: usize) -> (Auth0, Faults, Vec<(String, String)>) {
    let faults = Faults::healthy();
    let tenant = Auth0::start(TenantOptions::default(), faults.clone()).await;
    let tenant = tenant.unwrap();
    let from = "2025-11-01T00:00:00Z".parse().unwrap();
    let every = Duration::from_secs(1).try_into().unwrap();
    tenant.log().extend(made_up(count, from, every, 1));
    let mut settings = tenant.settings();
    if let Some(first) = tenant.log().log_ids().into_iter().next() {
        settings.push(("START_FROM".to_owned(), first));
    }
    (tenant, faults, settings)
}

/// How long a log is polled, and what became of it so far.
pub(crate) struct LongLog {
    pub(crate) event_count: usize,
    kill_count: usize,
    begun: Instant,
    runs: usize,
    failed: usize,
    kills: usize,
    is_killed: bool,
    /// Runs that their host ended, because a slow machine took too long.
    ended_by_host: usize,
    /// What the sink had and the ledger had not noted when a run was killed or ended.
    in_flight: usize,
}

impl LongLog {
    /// As long as `POLLER_EVENTS` says.
    pub(crate) fn asked() -> Self {
        let asked = environment("POLLER_EVENTS").map(|count| count.parse().unwrap());
        let (event_count, kill_count) = asked.map_or(USUAL, |count| (count, 8));
        Self {
            event_count,
            kill_count,
            begun: Instant::now(),
            runs: 0,
            failed: 0,
            kills: 0,
            is_killed: false,
            ended_by_host: 0,
            in_flight: 0,
        }
    }

    /// Makes the tenant ill and the sink late, and begins.
    pub(crate) fn begin(&mut self, tenant: &Auth0, faults: &Faults, sink: &Faults) {
        tenant.set(|options| {
            options.token_life = Duration::from_secs(2);
            options.rate_limit = Some(RateLimit {
                burst: 50,
                per_second: 400,
            });
        });
        faults.mix(vec![
            (0.01, Fault::Status(503)),
            (0.01, Fault::DropAfter),
            (0.02, Fault::Throttle),
        ]);
        // An answer that comes late is a gap in which a kill loses it.
        sink.always(Fault::Late(Duration::from_millis(20)));
        self.begun = Instant::now();
    }

    /// Two runs at once, both killed as soon as the sink has its next share.
    pub(crate) async fn run_both<T, E>(
        &mut self,
        both: impl Future<Output = (Result<T, E>, Result<T, E>)>,
        at_sink: impl Fn() -> u64,
        kill: impl Future<Output = ()>,
    ) -> (Result<T, E>, Result<T, E>) {
        self.runs += 2;
        let share = self.event_count * (self.kills + 1) / (self.kill_count + 1);
        let kill_at = u64::try_from(share).unwrap();
        let kill_at = Some(kill_at).filter(|_| self.kills < self.kill_count);
        let killing = async {
            let Some(kill_at) = kill_at else {
                return std::future::pending().await;
            };
            while at_sink() < kill_at {
                sleep(Duration::from_millis(1)).await;
            }
            kill.await;
        };
        let (mut both, mut killing) = (std::pin::pin!(both), std::pin::pin!(killing));
        let (one, other) = tokio::select! {
            ended = &mut both => ended,
            () = &mut killing => {
                self.kills += 1;
                self.is_killed = true;
                both.await
            }
        };
        self.failed += usize::from(one.is_err()) + usize::from(other.is_err());
        (one, other)
    }

    /// Before the next runs: what a killed one held is not free yet, and the sink takes what was on its way. What is in
    /// flight then is asked where one was killed, or ended by its host.
    pub(crate) async fn pause(&mut self, ended_by_host: usize, in_flight: impl FnOnce() -> usize) {
        assert!(self.begun.elapsed() < PATIENCE, "{} runs", self.runs);
        sleep(Duration::from_millis(500)).await;
        self.ended_by_host += ended_by_host;
        if std::mem::take(&mut self.is_killed) || ended_by_host > 0 {
            self.in_flight += in_flight();
        }
    }

    /// Says what came of it, and checks it by what the sink has of each log event.
    pub(crate) fn check(
        self,
        cloud: &str,
        delivered: BTreeMap<String, u64>,
        tenant: &Auth0,
        faults: &Faults,
    ) {
        let twice = twice_count(&delivered);
        let (requests, injected) = (tenant.requests(), faults.injected());
        say(&format!(
            "{} log events on {cloud}, {} runs, {} failed, {} kills of two, {} ended by the host, {:.0?}: {} lost, {twice} \
             twice, {} in flight at those; requests {requests:?}, injected {injected:?}",
            self.event_count,
            self.runs,
            self.failed,
            self.kills,
            self.ended_by_host,
            self.begun.elapsed(),
            self.event_count - delivered.len(),
            self.in_flight,
        ));
        let log_ids: Vec<String> = delivered.into_keys().collect();
        assert_eq!(log_ids, tenant.log().log_ids());
        assert!(twice <= self.in_flight.try_into().unwrap());
        assert_eq!(self.kills, self.kill_count);
        assert!(requests["token"] > 1 && injected["throttle"] > 0);
    }
}
