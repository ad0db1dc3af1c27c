//! A tenant that fails, refuses, or changes its mind; and pollers that are killed or run twice.

use std::io::{self, Write as _};
use std::time::Duration;

use fakes::auth0::{RateLimit, TenantOptions};
use fakes::faults::Fault;
use relay::chain;
use relay::poll::RunEnd;

use crate::rig::{Rig, events};

const SOON: Duration = Duration::from_secs(5);

async fn check(settings: &[(&str, &str)], options: TenantOptions, expected: &str) {
    let rig = Rig::start(options, events(3), settings).await;
    let error = rig.run_for(SOON).await.unwrap_err();
    let text = chain(&error).to_string();
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn a_wrong_secret_or_scope_is_one_clear_sentence() {
    check(
        &[("AUTH0_CLIENT_SECRET", "wrong")],
        TenantOptions::default(),
        "Auth0 answered 401 access_denied: check AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET",
    )
    .await;
    let scopes = vec!["read:users"];
    check(
        &[],
        TenantOptions {
            scopes,
            ..TenantOptions::default()
        },
        "Auth0 answered 403 insufficient_scope: the application of AUTH0_CLIENT_ID lacks the scope read:logs",
    )
    .await;
    check(
        &[("AUTH0_DOMAIN", "other.eu.auth0.com")],
        TenantOptions::default(),
        "Auth0 answered 403 access_denied: authorize the application",
    )
    .await;
}

#[tokio::test]
async fn a_scope_that_is_revoked_is_named_and_the_checkpoint_stays() {
    let log = events(100);
    let first = log[0].log_id.clone();
    let rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", &first)]).await;
    rig.run().await.unwrap();
    let stored = rig.poller.checkpoints.value();
    rig.tenant
        .set(|options| options.scopes = vec!["read:users"]);
    rig.tenant.revoke_tokens();
    let error = rig.run().await.unwrap_err();
    let text = chain(&error).to_string();
    assert!(text.contains("read:logs"), "{text}");
    assert!(!error.stops_checkpoint());
    assert_eq!(rig.poller.checkpoints.value(), stored);
}

#[tokio::test]
async fn what_passes_by_itself_costs_no_log_event() {
    let log = events(500);
    let first = log[0].log_id.clone();
    let rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", &first)]).await;
    rig.faults.script([
        Fault::Status(503),
        Fault::Healthy,
        Fault::DropBefore,
        Fault::Throttle,
        Fault::Healthy,
        Fault::DropAfter,
        Fault::Status(500),
    ]);
    rig.run().await.unwrap();
    assert_eq!(rig.delivered(), rig.tenant.log().log_ids());
    assert_eq!(rig.repeated(), 0);
}

#[tokio::test]
async fn a_run_whose_time_ends_during_a_call_ends_well_and_the_next_one_goes_on() {
    let log = events(500);
    let first = log[0].log_id.clone();
    let rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", &first)]).await;
    rig.faults.by(|call| {
        if call < 4 {
            Fault::Healthy
        } else {
            Fault::Hang
        }
    });
    let run = rig.run_for(SOON).await.unwrap();
    assert_eq!(run.end, RunEnd::OutOfTime);
    let delivered = rig.delivered().len();
    assert!((1..500).contains(&delivered), "{delivered}");
    rig.faults.clear();
    rig.run().await.unwrap();
    assert_eq!(rig.delivered(), rig.tenant.log().log_ids());
    assert_eq!(rig.repeated(), 0);
}

/// 100,000 log events over many short invocations, with refusals by the rate limit, tokens that end, a tenant that fails,
/// kills at any moment and two runs at once.
#[tokio::test]
async fn a_hundred_thousand_log_events_survive_kills_and_overlapping_runs() {
    const EVENTS: usize = 100_000;
    /// What may be under way when a run is killed: ten pages of a hundred.
    const IN_FLIGHT: usize = 1_000;
    let log = events(EVENTS);
    let first = log[0].log_id.clone();
    let options = TenantOptions {
        token_life: Duration::from_secs(2),
        rate_limit: Some(RateLimit {
            burst: 50,
            per_second: 400,
        }),
        ..TenantOptions::default()
    };
    let mut rig = Rig::start(options, log, &[("START_FROM", &first)]).await;
    rig.answer_after(Duration::from_millis(2));
    rig.faults.mix(vec![
        (0.01, Fault::Status(503)),
        (0.01, Fault::DropAfter),
        (0.01, Fault::Throttle),
    ]);
    let mut rng = fastrand::Rng::with_seed(15);
    let (mut runs, mut kills) = (0, 0);
    loop {
        runs += 2;
        let life = Duration::from_millis(rng.u64(200..2_500));
        let both = async {
            let time = Duration::from_secs(2);
            tokio::join!(rig.run_for(time), rig.run_for(time))
        };
        match tokio::time::timeout(life, both).await {
            Ok((Ok(run), _) | (_, Ok(run))) if run.end == RunEnd::CaughtUp => break,
            Ok(_) => {}
            Err(_killed) => kills += 2,
        }
        assert!(runs < 20_000, "{} delivered", rig.delivered().len());
    }
    let (delivered, repeated) = (rig.delivered(), rig.repeated());
    let requests = rig.tenant.requests();
    let twice = format!("{runs} runs, {kills} killed: {repeated} log events twice");
    writeln!(io::stderr(), "{twice}, requests {requests:?}").unwrap();
    assert_eq!(delivered, rig.tenant.log().log_ids());
    assert!(repeated <= kills * IN_FLIGHT, "{repeated} of {kills} kills");
    // How often the bucket of the rate limit is empty depends on the machine; the injected 429s do not.
    assert!(requests["token"] > 1 && rig.faults.injected()["throttle"] > 0 && kills > 0);
}
