//! The subscriber in its host: readiness, restarts, crashes, the end of an instance, the daily purge.

use std::time::Duration;

use cargo_local::azure_cloud::{AzureCloud, AzureOptions};
use fakes::faults::Fault;
use serde_json::{Value, json};

use crate::kit::azure::{PATIENCE, azure, event, settled};
use crate::kit::eventually_within;
use crate::kit::target::once_each;

/// Waits until the workspace is to answer late: the handler has read its call, and is at work.
async fn under_way(cloud: &AzureCloud) {
    let is_told = || cloud.faults.logs.injected().contains_key("late");
    eventually_within(PATIENCE, "the call is under way", is_told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_lose_nothing_and_the_table_remembers_what_was_sent() {
    let cloud = azure(AzureOptions::default()).await;
    let events: Vec<Value> = ["a", "b", "c"].map(event).into();
    cloud.partner_topic.put(&events).unwrap();
    settled(&cloud).await;
    cloud.subscriber.restart().await;
    cloud.partner_topic.put(&events).unwrap();
    settled(&cloud).await;
    assert_eq!(cloud.subscriber.starts(), 2);
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b", "c"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_instance_lets_calls_finish_and_ends_with_zero() {
    let cloud = azure(AzureOptions::default()).await;
    assert!(cloud.subscriber.is_ready().await);
    cloud
        .faults
        .logs
        .always(Fault::Late(Duration::from_millis(500)));
    cloud.partner_topic.put(&[event("a")]).unwrap();
    under_way(&cloud).await;
    assert_eq!(cloud.subscriber.terminate_handler().await.unwrap(), Some(0));
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
    let answers = cloud.partner_subscription.deliveries().answers;
    assert_eq!(answers.into_iter().collect::<Vec<_>>(), [(202, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_is_answered_while_the_largest_body_is_under_way() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("REDACT", "ip=mask,details.request.body=drop")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    assert!(cloud.ingest.is_ready().await);
    let filling = "\\u0041 ".repeat(200);
    let events: Vec<String> = (0..4_000)
        .map(|number| {
            format!(
                r#"{{"log_id":"{number}","data":{{"type":"s","ip":"192.0.2.1","details":{{"x":"{filling}"}}}}}}"#
            )
        })
        .collect();
    let body = format!("[{}]", events.join(","));
    assert!(
        (5_500_000..6_291_456).contains(&body.len()),
        "{}",
        body.len()
    );
    let url = cloud.webhook_url();
    let posting = tokio::spawn(async move {
        let headers = [("authorization", cargo_local::cloud::TOKEN)];
        fakes::client::post(&url, &headers, body).await.unwrap()
    });
    let is_called = || cloud.ingest.calls() > 0;
    eventually_within(PATIENCE, "the call is under way", is_called).await;
    let ping = format!("http://127.0.0.1:{}/", cloud.ingest.handler_port());
    let mut answered_meanwhile = 0;
    while !posting.is_finished() {
        let ping = hyper::Request::get(&ping)
            .body(bytes::Bytes::new())
            .unwrap();
        let answer = fakes::client::send(ping).await.unwrap();
        assert_eq!(answer.status(), 200);
        answered_meanwhile += usize::from(!posting.is_finished());
    }
    assert!(answered_meanwhile >= 3, "{answered_meanwhile}");
    assert_eq!(posting.await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_hangs_is_given_up_before_the_host_kills_the_handler() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("INVOCATION_SECONDS", "6")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    cloud.faults.logs.always(Fault::Hang);
    cloud.partner_topic.put(&[event("a")]).unwrap();
    eventually_within(PATIENCE, "a refusal", || {
        cloud
            .partner_subscription
            .deliveries()
            .answers
            .contains_key(&500)
    })
    .await;
    cloud.faults.logs.clear();
    settled(&cloud).await;
    assert_eq!(cloud.subscriber.starts(), 1);
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handlers_on_one_port_lose_nothing_and_end_no_host() {
    let options = AzureOptions {
        // Claims of a killed handler lapse with its own deadline, which lies a little behind the host's here.
        environment: crate::kit::settings(&[("INVOCATION_SECONDS", "8")]),
        // The host waits two seconds more, also for what it hands over once the sink is well again.
        timeout: Some(Duration::from_secs(3)),
        races_restarts: true,
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let output = || cloud.subscriber.output();
    for log_id in ["a", "b"] {
        let starts = cloud.subscriber.starts();
        // Longer than the host waits: it kills the handler, and starts two.
        cloud.faults.logs.always(Fault::Hang);
        cloud.partner_topic.put(&[event(log_id)]).unwrap();
        eventually_within(PATIENCE, "the next handlers", || {
            cloud.subscriber.starts() > starts
        })
        .await;
        cloud.faults.logs.clear();
        settled(&cloud).await;
    }
    eventually_within(PATIENCE, "the one that waits", || {
        output().contains("the port is in use, waiting for it")
    })
    .await;
    assert!(!cloud.subscriber.is_shut_down());
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_host_closes_while_idle_costs_no_delivery() {
    let idle = Duration::from_millis(50);
    let options = AzureOptions {
        idle_limit: Some(idle),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let log_ids = ["a", "b", "c"];
    for log_id in log_ids {
        cloud.partner_topic.put(&[event(log_id)]).unwrap();
        settled(&cloud).await;
        // However long this takes, the connection may be closed or not: both must do.
        tokio::time::sleep(2 * idle).await;
    }
    assert_eq!(cloud.logs.log_ids(), once_each(log_ids));
    let answers = cloud.partner_subscription.deliveries().answers;
    assert_eq!(answers.into_iter().collect::<Vec<_>>(), [(202, 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_ends_lets_the_call_finish_and_kills_the_handler() {
    let cloud = azure(AzureOptions::default()).await;
    let late = Fault::Late(Duration::from_millis(500));
    cloud.faults.logs.always(late);
    cloud.partner_topic.put(&[event("a")]).unwrap();
    under_way(&cloud).await;
    cloud.subscriber.shut_down().await;
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a"]));
    let output = cloud.subscriber.output();
    assert!(
        !output.contains("finishing the calls under way"),
        "{output}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timer_deletes_what_has_expired_and_nothing_else() {
    let cloud = azure(AzureOptions::default()).await;
    cloud.partner_topic.put(&[event("kept")]).unwrap();
    settled(&cloud).await;
    let expired = json!({
        "owner": "1",
        "expires_at@odata.type": "Edm.Int64",
        "expires_at": "1",
    });
    let old = ("log-analytics%409002026112110000", "0000000000");
    cloud.ledger.put(old.0, old.1, expired.clone());
    cloud.ledger.put("checkpoint", "acme", expired);
    let schedule = cloud.subscriber.schedule("purge-ledger").unwrap();
    assert_eq!(schedule.split(' ').count(), 6);
    cloud.subscriber.run_timer("purge-ledger").await.unwrap();
    assert_eq!(cloud.ledger.count(), 2);
    assert!(cloud.ledger.entity("checkpoint", "acme").is_some());
    assert!(cloud.ledger.entity(old.0, old.1).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_fails_fails_the_invocation() {
    let cloud = azure(AzureOptions::default()).await;
    cloud.faults.ledger.always(Fault::Denied);
    assert!(cloud.subscriber.run_timer("purge-ledger").await.is_err());
    cloud.faults.ledger.clear();
    cloud.subscriber.run_timer("purge-ledger").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_calls_count_is_summed_and_written_when_the_handler_is_told_to_end() {
    let options = AzureOptions {
        // Longer than a slow machine takes.
        environment: crate::kit::settings(&[("COUNTER_SECONDS", "300")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    for id in ["a", "b", "a"] {
        cloud.partner_topic.put(&[event(id)]).unwrap();
        settled(&cloud).await;
    }
    let lines = || -> Vec<Value> {
        let output = cloud.subscriber.output();
        let lines = output
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line: &Value| line["message"] == "relayed log events")
            .collect()
    };
    assert_eq!(lines(), [Value::Null; 0]);
    cloud.subscriber.terminate_handler().await.unwrap();
    let [line] = lines().try_into().unwrap();
    for (counter, sum) in [("received", 3), ("delivered", 2), ("duplicate", 1)] {
        assert_eq!(line[counter], sum, "{counter}: {line}");
    }
    assert_eq!(line.get("set_aside"), None, "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_shows_what_an_event_holds() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("LOG_LEVEL", "trace")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let poison = crate::kit::azure::event_with(&json!({ "user_name": "Łucja Example" }));
    cloud.partner_topic.put(&[event("a"), poison]).unwrap();
    settled(&cloud).await;
    let output = || cloud.subscriber.output();
    eventually_within(PATIENCE, "a line", || {
        output().contains("relayed log events")
    })
    .await;
    cloud.subscriber.terminate_handler().await.unwrap();
    let output = output();
    // The host's own storage key is in the handler's environment, too.
    let storage_key = "bG9jYWwtc3RvcmFnZS1rZXk";
    for secret in [
        "Łucja",
        "2001:db8::7",
        "local-identity-header",
        "Bearer",
        storage_key,
    ] {
        assert!(!output.contains(secret), "{secret}: {output}");
    }
    for line in output.lines() {
        let line: Result<Value, _> = serde_json::from_str(line);
        assert!(line.is_ok_and(|line| line.is_object()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_secret_cannot_be_read_the_host_is_answered_and_calls_are_handed_back() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[
            ("INVOCATION_SECONDS", "6"),
            ("WEBHOOK_TOKENS", ""),
            // Nobody listens there.
            (
                "WEBHOOK_TOKENS_SECRET_URI",
                "http://127.0.0.1:9/secrets/tokens",
            ),
        ]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    assert!(cloud.ingest.is_ready().await);
    let (status, answer) = crate::kit::azure::post(&cloud, "[]").await;
    assert_eq!(status, 503, "{answer}");
    let output = || cloud.ingest.output();
    eventually_within(PATIENCE, "a line", || {
        output().contains("WEBHOOK_TOKENS_SECRET_URI")
    })
    .await;
    assert_eq!(cloud.ingest.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_told_and_end_the_handler() {
    let options = AzureOptions {
        environment: crate::kit::settings(&[("MAX_BODY_BYTES", "ten")]),
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    assert!(!cloud.ingest.is_ready().await);
    assert!(cloud.ingest.is_shut_down());
    let problem = "MAX_BODY_BYTES: cannot read `ten`";
    let output = || cloud.ingest.output();
    eventually_within(PATIENCE, "the problem", || output().contains(problem)).await;
    // The other app is not concerned.
    assert!(cloud.subscriber.is_ready().await);
}
