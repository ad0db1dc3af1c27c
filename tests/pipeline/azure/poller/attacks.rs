//! The poller under a host that kills, calls twice, and says little; between services that hang.

use bytes::Bytes;
use fakes::auth0::RateLimit;
use fakes::client;
use fakes::collector::Refusal;
use hyper::Request;

use super::*;
use crate::kit::{eventually, twice_count};

/// Whether a call's body has this text.
fn has(body: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(body).contains(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_timer_says_of_itself_the_poller_runs() {
    let polling = Polling::start(30, &[]).await;
    let schedule = json!({ "AdjustForDST": true });
    let status = json!({
        "Last": "2026-11-21T10:15:00+00:00",
        "LastUpdated": "2026-11-21T10:16:00+00:00",
        "Next": "2026-11-21T10:20:00+00:00",
    });
    for timer in [
        json!({ "Schedule": schedule, "ScheduleStatus": null, "IsPastDue": false }),
        json!({ "Schedule": schedule, "ScheduleStatus": status, "IsPastDue": true }),
        Value::Null,
        json!("x".repeat(1_000_000)),
    ] {
        let host = &polling.poller.host;
        host.run_timer_with("poll", &timer).await.unwrap();
        polling.assert_all_once();
    }
    assert_eq!(polling.tenant.requests()["page"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_is_killed_between_sending_and_its_checkpoint_loses_nothing() {
    // What a killed run holds is free again this long and ten seconds after it began.
    let polling = Polling::start(120, &[("INVOCATION_SECONDS", "8")]).await;
    eventually_caught_up(&polling).await;
    let before = polling.checkpoint();
    polling.log_more(100);
    // Once the events are sent neither ledger nor checkpoint notes them any more.
    polling.cloud.faults.ledger.by_body(|body| {
        if has(body, "outcome") || has(body, r#""PartitionKey":"checkpoint""#) {
            Fault::Hang
        } else {
            Fault::Healthy
        }
    });
    let ((), run) = tokio::join!(
        async {
            eventually("all are sent", || polling.cloud.logs.log_ids().len() == 220).await;
            polling.poller.host.restart().await;
        },
        polling.run()
    );
    run.unwrap_err();
    assert_eq!(polling.checkpoint(), before);
    polling.cloud.faults.ledger.clear();
    eventually_caught_up(&polling).await;
    let log_ids = polling.cloud.logs.log_ids();
    assert_eq!(
        log_ids.keys().cloned().collect::<Vec<_>>(),
        polling.log_ids()
    );
    let twice = twice_count(&log_ids);
    assert!(twice <= 100, "only what was under way comes again: {twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_poller_holds_in_its_own_workspace_is_not_taken_for_pushed() {
    let settings = [
        ("GAP_SINKS", "log-analytics"),
        ("GRACE_SECONDS", "0"),
        ("INVOCATION_SECONDS", "8"),
    ];
    let polling = Polling::start(120, &settings).await;
    polling.cloud.faults.logs.always(Fault::Hang);
    let ((), run) = tokio::join!(
        async {
            eventually("claimed log events are on their way", || {
                !polling.cloud.faults.logs.injected().is_empty()
            })
            .await;
            polling.poller.host.restart().await;
        },
        polling.run()
    );
    run.unwrap_err();
    polling.cloud.faults.logs.clear();
    eventually_caught_up(&polling).await;
    polling.assert_all_once();
}

/// Runs until the end of the log is behind the checkpoint.
async fn eventually_caught_up(polling: &Polling) {
    let deadline = tokio::time::Instant::now() + crate::kit::PATIENCE;
    while polling.run().await.is_err() || !polling.is_caught_up() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{:?}",
            polling.checkpoint()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_that_run_at_once_each_log_event_is_delivered_once() {
    let polling = Polling::start(1_500, &[]).await;
    let another = polling.another(&[]).await;
    polling
        .faults
        .always(Fault::Late(Duration::from_millis(20)));
    // Where each has claimed a part of a page, neither has delivered it whole, and both fail: the next run finds it done.
    let _three = tokio::join!(
        polling.run(),
        another.host.run_timer("poll"),
        another.host.run_timer("poll")
    );
    eventually_caught_up(&polling).await;
    polling.assert_all_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_is_ready_at_once_and_answers_the_host_while_auth0_hangs() {
    let polling = Polling::start(30, &[("INVOCATION_SECONDS", "6")]).await;
    polling.faults.always(Fault::Hang);
    let url = format!("http://127.0.0.1:{}/", polling.poller.host.handler_port());
    let (run, answered) = tokio::join!(polling.run(), async {
        eventually("Auth0 was asked", || !polling.faults.injected().is_empty()).await;
        client::send(Request::get(&url).body(Bytes::new()).unwrap()).await
    });
    // The run ends before the host would end it, and says what hangs.
    run.unwrap_err();
    assert!(answered.unwrap().status().is_success());
    let host = &polling.poller.host;
    let output = host
        .output_when(|output| output.contains("run failed"))
        .await;
    assert!(
        output.contains("check AUTH0_DOMAIN, and that it can be reached from here"),
        "{output}"
    );
    assert_eq!((host.starts(), polling.checkpoint()), (1, None));
    polling.faults.clear();
    // The call that hangs is waited for a little longer than a run lasts here.
    eventually_caught_up(&polling).await;
    polling.assert_all_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_hangs_fails_the_run_before_the_host_would_end_it() {
    let polling = Polling::start(30, &[("INVOCATION_SECONDS", "10")]).await;
    polling.cloud.faults.logs.always(Fault::Hang);
    let error = polling.failed().await;
    assert!(
        error.contains("were not delivered: the checkpoint stays"),
        "{error}"
    );
    assert_eq!(polling.poller.host.starts(), 1);
    polling.cloud.faults.logs.clear();
    eventually_caught_up(&polling).await;
    let delivered = polling.cloud.logs.log_ids();
    assert_eq!(delivered, once_each(polling.log_ids()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_and_a_rate_limit_cost_no_log_event() {
    let polling = Polling::start(2_000, &[]).await;
    polling.tenant.set(|options| {
        options.token_life = Duration::from_secs(1);
        options.rate_limit = Some(RateLimit {
            burst: 3,
            per_second: 5,
        });
    });
    polling.run().await.unwrap();
    polling.assert_all_once();
    assert!(polling.tenant.requests()["token"] > 1);
    // What ends at Auth0 alone is asked for again.
    polling.log_more(10);
    polling.tenant.revoke_tokens();
    polling.run().await.unwrap();
    polling.assert_all_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_sink_of_the_poller_takes_is_a_blob_and_the_checkpoint_goes_on() {
    let polling = Polling::start(20, &[]).await;
    let refused = polling.log_ids().swap_remove(7);
    let refusal = Refusal {
        contains: refused.clone(),
        status: 400,
    };
    polling.cloud.logs.refuse(vec![refusal]);
    polling.run().await.unwrap();
    assert!(polling.is_caught_up());
    let blobs = polling.cloud.dead_letters.blobs();
    assert_eq!(blobs.len(), 1, "{blobs:?}");
    assert!(blobs.values().all(|letter| letter.contains(&refused)));
    assert_eq!(polling.cloud.logs.log_ids().len(), 19);
}
