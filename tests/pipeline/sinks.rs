//! The target's sinks against endpoints that refuse, fail, hang and lose their answers.

use std::fs;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::collector::{Collector, CollectorOptions, Refusal};
use fakes::faults::{Fault, Faults};
use fakes::server::{Answer, Server};
use hosts::event_source::MappingOptions;
use serde_json::Value;

use crate::kit::target::{event, failed, log_ids_in, once_each};
use crate::kit::{arrived, cloud, dead_letters, say, settings, twice_count};

const NOTHING: [usize; 0] = [];

/// A cloud whose target has these settings too.
async fn cloud_with(pairs: &[(&str, &str)]) -> Cloud {
    cloud(CloudOptions {
        environment: settings(pairs),
        ..CloudOptions::default()
    })
    .await
}

fn events(log_ids: std::ops::Range<u64>) -> Vec<String> {
    log_ids.map(|number| event(&number.to_string())).collect()
}

/// Posts three events in a format, and returns the content type and the body that arrive.
async fn sent_as(format: &str) -> (String, String) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let server = Server::start(move |request| {
        let content_type = request.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        seen.lock().unwrap().push((content_type, body));
        async { Answer::json(200, "{}") }
    })
    .await
    .unwrap();
    let url = server.url();
    let cloud = cloud_with(&[("HTTP_SINK_FORMAT", format), ("HTTP_SINK_URL", &url)]).await;
    assert_eq!(failed(&cloud, &events(0..3)).await, NOTHING);
    let mut requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn http_sends_a_line_an_event_or_an_array() {
    let [one, two, three] = [0, 1, 2].map(|number| event(&number.to_string()));
    let lines = (
        "application/x-ndjson".to_owned(),
        format!("{one}\n{two}\n{three}\n"),
    );
    assert_eq!(sent_as("").await, lines);
    assert_eq!(sent_as("ndjson").await, lines);
    let array = (
        "application/json".to_owned(),
        format!("[{one},{two},{three}]"),
    );
    assert_eq!(sent_as("array").await, array);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_shows_its_credentials_and_hands_back_what_is_refused_without_them() {
    let options = CollectorOptions {
        authorization: Some("Splunk 2b5e".to_owned()),
        ..CollectorOptions::default()
    };
    let collector = Collector::start(options, Faults::healthy()).await.unwrap();
    let url = collector.url();
    let right = [
        ("HTTP_SINK_URL", url.as_str()),
        ("HTTP_SINK_AUTHORIZATION", "Splunk 2b5e"),
    ];
    let cloud = cloud_with(&right).await;
    assert_eq!(failed(&cloud, &events(0..3)).await, NOTHING);
    assert_eq!(collector.log_ids(), once_each(["0", "1", "2"]));

    let without = cloud_with(&right[..1]).await;
    assert_eq!(failed(&without, &events(3..5)).await, [0, 1]);
    assert_eq!(collector.counts().unauthorized, 1);
    assert_eq!(dead_letters(&without.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_sets_aside_exactly_the_rows_that_the_collector_cannot_take() {
    for format in ["ndjson", "array"] {
        let cloud = cloud_with(&[("HTTP_SINK_FORMAT", format)]).await;
        let refusals = [("17", 422), ("18", 400), ("63", 413)];
        let refuse = |(log_id, status)| Refusal {
            contains: format!("\"{log_id}\""),
            status,
        };
        cloud.collector.refuse(refusals.map(refuse).to_vec());
        assert_eq!(failed(&cloud, &events(0..100)).await, NOTHING);

        let good = (0..100).filter(|number| ![17, 18, 63].contains(number));
        let good = once_each(good.map(|number| number.to_string()));
        assert_eq!(cloud.collector.log_ids(), good, "{format}");
        let mut set_aside: Vec<(String, String)> = dead_letters(&cloud.set_aside_queue)
            .iter()
            .map(|dead_letter| {
                assert_eq!(dead_letter["sink"], "http");
                let log_id = dead_letter["log_id"].as_str().unwrap();
                let sent: Value = serde_json::from_str(&event(log_id)).unwrap();
                assert_eq!(dead_letter["event"], sent);
                (
                    log_id.to_owned(),
                    dead_letter["reason"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        set_aside.sort();
        let expected = refusals.map(|(log_id, status)| {
            (
                log_id.to_owned(),
                format!("the collector answered {status}"),
            )
        });
        assert_eq!(set_aside, expected);
        // Set aside is settled: it is neither sent nor set aside again.
        let calls = cloud.collector.counts().calls;
        assert_eq!(failed(&cloud, &events(0..100)).await, NOTHING);
        assert_eq!(cloud.collector.counts().calls, calls);
        assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_bisects_what_is_too_large_for_the_collector() {
    let options = CollectorOptions {
        body_limit_bytes: 2_000,
        ..CollectorOptions::default()
    };
    let collector = Collector::start(options, Faults::healthy()).await.unwrap();
    let cloud = cloud_with(&[("HTTP_SINK_URL", &collector.url())]).await;
    let mut bodies = events(0..60);
    let long = "x".repeat(2_500);
    bodies.push(format!(
        r#"{{"log_id":"long","data":{{"type":"s","text":"{long}"}}}}"#
    ));
    assert_eq!(failed(&cloud, &bodies).await, NOTHING);
    let expected = once_each((0..60).map(|number| number.to_string()));
    assert_eq!(collector.log_ids(), expected);
    let dead_letters = dead_letters(&cloud.set_aside_queue);
    assert_eq!(dead_letters.len(), 1);
    assert_eq!(dead_letters[0]["log_id"], "long");
    assert_eq!(dead_letters[0]["reason"], "the collector answered 413");
}

#[tokio::test(flavor = "multi_thread")]
async fn http_hands_back_at_once_what_a_person_must_mend() {
    let cloud = cloud_with(&[]).await;
    for (count, status) in (1..).zip([401, 403, 404, 302]) {
        cloud.collector_faults.always(Fault::Status(status));
        assert_eq!(failed(&cloud, &events(0..3)).await, [0, 1, 2], "{status}");
        assert_eq!(
            cloud.collector.counts().calls,
            count,
            "{status} is tried once"
        );
    }
    cloud.collector_faults.clear();
    assert_eq!(failed(&cloud, &events(0..3)).await, NOTHING);
    assert_eq!(cloud.collector.log_ids(), once_each(["0", "1", "2"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

/// Each fault is tried again within an invocation, and handed back after the third time.
async fn check_tried_again(faults: &[Fault]) {
    let cloud = cloud(CloudOptions {
        timeout: Duration::from_secs(30),
        ..CloudOptions::default()
    })
    .await;
    for (number, fault) in faults.iter().enumerate() {
        let log_id = number.to_string();
        let calls = cloud.collector.counts().calls;
        // One fault is overcome within the invocation, three times is handed back.
        cloud.collector_faults.script([fault.clone()]);
        let overcome = [event(&format!("overcome-{log_id}"))];
        assert_eq!(failed(&cloud, &overcome).await, NOTHING, "{fault:?}");
        assert_eq!(cloud.collector.counts().calls - calls, 2, "{fault:?}");
        cloud.collector_faults.always(fault.clone());
        assert_eq!(failed(&cloud, &[event(&log_id)]).await, [0], "{fault:?}");
        assert_eq!(cloud.collector.counts().calls - calls, 5, "{fault:?}");
    }
    cloud.collector_faults.clear();
    let handed_back: Vec<String> = (0..faults.len())
        .map(|number| event(&number.to_string()))
        .collect();
    assert_eq!(failed(&cloud, &handed_back).await, NOTHING);
    let log_ids = cloud.collector.log_ids();
    assert_eq!(log_ids.len(), 2 * faults.len());
    assert_eq!(twice_count(&log_ids), 0);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
    assert_eq!(cloud.target.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_tries_again_what_may_pass_and_then_hands_it_back() {
    let busy = Fault::Busy {
        status: 429,
        retry_after_secs: 1,
    };
    let answered = [
        busy,
        Fault::Status(500),
        Fault::Status(408),
        Fault::DropBefore,
    ];
    check_tried_again(&answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_is_waited_for_until_sending_must_end_and_what_hangs_is_handed_back_after_one_call() {
    let cloud = cloud(CloudOptions {
        timeout: Duration::from_secs(5),
        ..CloudOptions::default()
    })
    .await;
    cloud.collector_faults.script([Fault::Hang]);
    assert_eq!(failed(&cloud, &events(0..3)).await, [0, 1, 2]);
    assert_eq!(cloud.collector.counts().calls, 1);
    assert_eq!(failed(&cloud, &events(0..3)).await, NOTHING);
    assert_eq!(cloud.collector.log_ids(), once_each(["0", "1", "2"]));
    assert_eq!(cloud.target.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_loses_nothing_of_many_events_and_sends_twice_only_where_an_answer_was_lost() {
    let cloud = cloud(CloudOptions {
        timeout: Duration::from_secs(15),
        mapping: MappingOptions {
            batch_size: 10,
            ..CloudOptions::default().mapping
        },
        ..CloudOptions::default()
    })
    .await;
    let expected = |end: u64| once_each((0..end).map(|number| number.to_string()));
    let busy = Fault::Busy {
        status: 503,
        retry_after_secs: 1,
    };
    let nothing_done = [
        (0.15, Fault::Status(500)),
        (0.15, busy),
        (0.15, Fault::DropBefore),
        (0.03, Fault::Hang),
    ];
    cloud.collector_faults.mix(nothing_done.to_vec());
    for event in events(0..600) {
        cloud.deliver_queue.send(&event).unwrap();
    }
    arrived(&cloud).await;
    assert_eq!(
        cloud.collector.log_ids(),
        expected(600),
        "no answer was lost, so nothing is twice"
    );

    cloud.collector_faults.mix(vec![(0.3, Fault::DropAfter)]);
    for event in events(600..1_200) {
        cloud.deliver_queue.send(&event).unwrap();
    }
    arrived(&cloud).await;
    let log_ids = cloud.collector.log_ids();
    let injected = cloud.collector_faults.injected();
    let lost_answers = injected.get("drop_after").copied().unwrap_or(0);
    let twice = twice_count(&log_ids);
    say(&format!(
        "1200 events, {injected:?}: 0 lost, {twice} twice after {lost_answers} lost answers"
    ));
    assert_eq!(log_ids.len(), 1_200);
    assert!(
        lost_answers > 0 && twice > 0,
        "no answer was lost: {injected:?}"
    );
    // A batch has at most ten events, and one call carries it.
    assert!(twice <= lost_answers * 10, "{twice} after {lost_answers}");
    let early = expected(600);
    assert!(early.keys().all(|log_id| log_ids[log_id] == 1));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_is_whole_again_after_a_kill_that_left_a_line_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.ndjson");
    let cloud = cloud(CloudOptions {
        environment: settings(&[("SINKS", "file")]),
        file_sink: Some(path.clone()),
        ..CloudOptions::default()
    })
    .await;
    assert_eq!(failed(&cloud, &events(0..2)).await, NOTHING);
    cloud.target.kill().await;
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"log_id\":\"unfin").unwrap();
    drop(file);

    assert_eq!(failed(&cloud, &events(2..4)).await, NOTHING);
    assert_eq!(cloud.target.starts(), 2);
    let text = fs::read_to_string(&path).unwrap();
    let (whole, broken): (Vec<&str>, Vec<&str>) = text
        .lines()
        .partition(|line| serde_json::from_str::<Value>(line).is_ok());
    assert_eq!(whole, events(0..4));
    assert_eq!(broken, ["{\"log_id\":\"unfin"]);
    assert_eq!(cloud.collector.counts().calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stdout_prints_a_line_an_event_beside_the_other_sinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.ndjson");
    let cloud = cloud(CloudOptions {
        environment: settings(&[("SINKS", "stdout,file,http:raw")]),
        file_sink: Some(path.clone()),
        ..CloudOptions::default()
    })
    .await;
    let over_lines = "{\"log_id\":\"lines\",\n\"data\":{\"type\":\"s\"}}".to_owned();
    assert_eq!(failed(&cloud, &[event("1"), over_lines]).await, NOTHING);
    let output = cloud
        .target
        .output_when(|output| output.contains("\"lines\""))
        .await;
    let printed: Vec<&str> = output
        .lines()
        .filter(|line| line.starts_with("{\"log_id\""))
        .collect();
    assert_eq!(
        printed,
        [
            event("1").as_str(),
            "{\"log_id\":\"lines\", \"data\":{\"type\":\"s\"}}"
        ]
    );
    for log_ids in [cloud.collector.log_ids(), log_ids_in(&path)] {
        assert_eq!(log_ids, once_each(["1", "lines"]));
    }
}
