//! What a tenant's log holds is delivered, whatever its order and its end.

use std::time::Duration;

use fakes::auth0::{RateLimit, TenantOptions};
use relay::chain;
use relay::poll::{Checkpoint, PollError, Position, RunEnd};

use crate::rig::{Rig, events};

#[tokio::test]
async fn every_log_event_is_delivered_once_in_pages_of_a_hundred() {
    let log = events(1_050);
    let first = log[0].log_id.clone();
    let rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", &first)]).await;
    assert_eq!(rig.run().await.unwrap().end, RunEnd::CaughtUp);
    assert_eq!(rig.delivered(), rig.tenant.log().log_ids());
    assert_eq!(rig.repeated(), 0);
    // Eleven pages and the empty one at the end; the first log event is asked for by its `log_id`.
    let requests = rig.tenant.requests();
    assert_eq!(requests, [("find", 1), ("page", 12), ("token", 1)].into());
}

#[tokio::test]
async fn a_second_run_asks_for_one_page_and_delivers_nothing_new() {
    let log = events(150);
    let first = log[0].log_id.clone();
    let rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", &first)]).await;
    rig.run().await.unwrap();
    let before = rig.tenant.requests()["page"];
    rig.run().await.unwrap();
    assert_eq!(rig.tenant.requests()["page"], before + 1);
    assert_eq!(rig.repeated(), 0);
}

#[tokio::test]
async fn a_run_from_a_time_delivers_what_is_dated_since_then_and_nothing_before() {
    let log = events(600);
    let start = "2026-11-01T00:05:00Z";
    let begin = start.parse().unwrap();
    let wanted = log.iter().filter(|event| event.date >= begin);
    let mut wanted: Vec<String> = wanted.map(|event| event.log_id.clone()).collect();
    wanted.sort_unstable();
    let rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", start)]).await;
    rig.run().await.unwrap();
    assert_eq!(rig.delivered(), wanted);
}

/// `last_log_id` of Microsoft's and others' connectors, `checkpointId` of Auth0's extensions: the last log event that
/// they have shipped.
#[tokio::test]
async fn a_poller_goes_on_where_another_shipper_stopped() {
    let log = events(300);
    let last = log[119].log_id.clone();
    let wanted: Vec<String> = log[119..].iter().map(|e| e.log_id.clone()).collect();
    let rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", &last)]).await;
    rig.run().await.unwrap();
    // The one that it names comes again, so that none can be missing.
    assert_eq!(rig.delivered(), wanted);
}

#[tokio::test]
async fn an_expired_checkpoint_stops_until_resume_from_is_set() {
    let log = events(300);
    let first = log[0].log_id.clone();
    let mut rig = Rig::start(TenantOptions::default(), log, &[("START_FROM", &first)]).await;
    rig.run().await.unwrap();
    let last = rig.tenant.log().log_ids().pop().unwrap();
    // A day without a run: then the log goes on, and retention takes what was delivered and more.
    let stored = rig.poller.checkpoints.value().unwrap();
    let stored = Checkpoint::parse(&stored).unwrap();
    assert_eq!(stored.position, Position::After(last.clone()));
    let long_ago = Checkpoint {
        end_reached: "2026-10-01T00:00:00Z".parse().ok(),
        ..stored
    };
    rig.poller.checkpoints.put(&long_ago.to_text());
    rig.tenant.log().extend(events(1_000));
    let retention = "2026-11-01T00:10:00Z".parse().unwrap();
    rig.tenant.log().forget_before(retention);

    let error = rig.run().await.unwrap_err();
    assert!(error.stops_checkpoint());
    let text = chain(&error).to_string();
    assert!(
        text.contains("checkpoint") && text.contains(&last),
        "{text}"
    );
    assert_eq!(rig.poller.checkpoints.value(), Some(long_ago.to_text()));

    rig.poller = rig.resumed("oldest");
    rig.run().await.unwrap();
    let delivered = rig.delivered();
    assert_eq!(delivered, rig.tenant.log().log_ids());
    let stored = rig.poller.checkpoints.value().unwrap();
    let [hole] = Checkpoint::parse(&stored)
        .unwrap()
        .holes
        .try_into()
        .unwrap();
    assert_eq!(
        (hole.begin, hole.before),
        (Some(Position::After(last)), delivered.first().cloned())
    );
}

#[tokio::test]
async fn short_runs_by_a_rate_limit_go_on_from_each_other() {
    let log = events(3_000);
    let first = log[0].log_id.clone();
    let options = TenantOptions {
        rate_limit: Some(RateLimit {
            burst: 5,
            per_second: 4,
        }),
        ..TenantOptions::default()
    };
    let rig = Rig::start(options, log, &[("START_FROM", &first)]).await;
    let mut run_count = 0;
    loop {
        run_count += 1;
        match rig.run_for(Duration::from_secs(4)).await {
            Ok(run) if run.end == RunEnd::CaughtUp => break,
            // A slow machine may have no time for a page: the next run goes on before it.
            Ok(_)
            | Err(PollError::NotDelivered {
                must_stop: false, ..
            }) => {}
            // The rate limit left the run no request at all: the schedule brings the next one later.
            Err(error) => {
                assert!(
                    chain(&error).to_string().contains("rate limit"),
                    "{error:?}"
                );
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    assert!(run_count > 1);
    assert_eq!(rig.delivered(), rig.tenant.log().log_ids());
    assert_eq!(rig.repeated(), 0);
}
