//! Kinesis before the real target: a poison record, a sink that fails, a batch that is bisected, and nothing is lost.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::aws::kinesis::{Shard, StreamOptions};
use fakes::faults::Fault;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::kit::target::{event, once_each};
use crate::kit::{PATIENCE, cloud, dead_letters, eventually, say, twice_count};

fn shard(cloud: &Cloud, options: StreamOptions) -> Shard {
    Shard::start("logs", Arc::clone(&cloud.target), options)
}

fn options(batch_size: usize) -> StreamOptions {
    StreamOptions {
        batch_size,
        ..StreamOptions::default()
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_a_record_is_read_gzip_too() {
    let cloud = cloud(CloudOptions::default()).await;
    let shard = shard(&cloud, options(100));
    let from_rule = format!(
        r#"{{"detail-type":"Auth0 log","source":"auth0.com/acme/auth0.logs","detail":{}}}"#,
        event("rule")
    );
    let lines = format!("{}\n{}\n", event("line-1"), event("line-2"));
    shard.put([
        event("plain").into_bytes(),
        gzip(&event("packed")),
        from_rule.into_bytes(),
        lines.into_bytes(),
        gzip(&format!("[{}]", event("packed-array"))),
    ]);
    shard.drained(PATIENCE).await.unwrap();
    let expected = [
        "plain",
        "packed",
        "rule",
        "line-1",
        "line-2",
        "packed-array",
    ];
    assert_eq!(cloud.collector.log_ids(), once_each(expected));
    assert_eq!(dead_letters(&cloud.set_aside_queue), [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_set_aside_and_stops_nobody() {
    let cloud = cloud(CloudOptions::default()).await;
    let shard = shard(&cloud, options(100));
    let (first, last) = (event("1"), event("2"));
    let poison: [&[u8]; 4] = [b"poison", b"\xff\xfe", b"\x1f\x8b\x08", b""];
    let records = [&[first.as_bytes()], &poison[..], &[last.as_bytes()]].concat();
    shard.put(records);
    shard.drained(PATIENCE).await.unwrap();
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    let mut reasons: Vec<String> = dead_letters(&cloud.set_aside_queue)
        .iter()
        .map(|dead_letter| dead_letter["reason"].as_str().unwrap().to_owned())
        .collect();
    reasons.sort();
    let expected = [
        "the body is empty",
        "the body is not JSON at byte 0",
        "the body is not UTF-8 from byte 0 on",
        "the body is not valid gzip",
    ];
    assert_eq!(reasons.len(), expected.len());
    for (reason, expected) in reasons.iter().zip(expected) {
        assert_eq!(reason.split(" at ").next(), expected.split(" at ").next());
    }
    let counts = shard.counts();
    assert_eq!((counts.invocations, counts.repeated), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_is_no_base64_is_poison_and_not_the_end_of_its_batch() {
    let cloud = cloud(CloudOptions::default()).await;
    let record = |number: &str, data: &str| {
        let kinesis = json!({"sequenceNumber": number, "data": data});
        json!({"eventSource": "aws:kinesis", "kinesis": kinesis})
    };
    let records = [record("1", "***"), record("2", "eyJsb2dfaWQiOiIyIn0=")];
    let answer = cloud
        .target
        .invoke(json!({ "Records": records }).to_string());
    assert_eq!(answer.await.unwrap(), r#"{"batchItemFailures":[]}"#);
    let reason = &dead_letters(&cloud.set_aside_queue)[0]["reason"];
    assert_eq!(reason, "the body is not valid base64 at byte 0");
    assert_eq!(cloud.collector.log_ids(), once_each(["2"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sink_cannot_take_for_now_comes_again_until_it_does() {
    let cloud = cloud(CloudOptions::default()).await;
    let shard = shard(&cloud, options(20));
    cloud.collector_faults.always(Fault::Status(503));
    let log_ids = numbers(0..60);
    shard.put(log_ids.iter().map(|log_id| event(log_id)));
    eventually("the stream stands still", || shard.counts().repeated >= 40).await;
    assert_eq!(shard.counts().done, 0);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
    cloud.collector_faults.clear();
    shard.drained(PATIENCE).await.unwrap();
    assert_eq!(cloud.collector.log_ids(), once_each(log_ids));
    assert_eq!(shard.counts().failed, 0, "every answer named its records");
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_record_that_failed_is_named_and_what_comes_again_with_it_is_not_doubled() {
    let cloud = cloud(CloudOptions {
        timeout: Duration::from_secs(6),
        ..CloudOptions::default()
    })
    .await;
    let shard = shard(&cloud, options(10));
    // A poison record waits for the dead-letter queue, and those after it for the poison.
    cloud.queue_faults.always(Fault::Status(500));
    shard.put([event("1"), "poison".to_owned(), event("2")]);
    eventually("the batch comes again", || shard.counts().repeated >= 4).await;
    assert_eq!(shard.counts().done, 1);
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    cloud.queue_faults.clear();
    shard.drained(PATIENCE).await.unwrap();
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 1);
    assert_eq!(shard.counts().failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_behind_one_that_waits_is_set_aside_once_it_is_its_turn() {
    let cloud = cloud(CloudOptions::default()).await;
    let shard = shard(&cloud, options(10));
    cloud.collector_faults.always(Fault::Status(503));
    shard.put([
        event("1"),
        "poison".to_owned(),
        format!("[{},5]", event("2")),
    ]);
    eventually("the batch comes again", || shard.counts().repeated >= 6).await;
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
    cloud.collector_faults.clear();
    shard.drained(PATIENCE).await.unwrap();
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_invocation_is_lost_is_bisected_and_duplicates_are_counted() {
    let cloud = cloud(CloudOptions::default()).await;
    let late = Fault::Late(Duration::from_secs(1));
    cloud.collector_faults.always(late);
    let shard = shard(&cloud, options(40));
    let log_ids = numbers(0..200);
    shard.put(log_ids.iter().map(|log_id| event(log_id)));
    // The process is killed while it waits for an answer, and with it its ledger.
    for _ in 0..3 {
        let calls = cloud.collector.counts().calls;
        let is_called = || cloud.collector.counts().calls > calls;
        eventually("a batch is under way", is_called).await;
        cloud.target.kill().await;
    }
    cloud.collector_faults.clear();
    shard.drained(PATIENCE).await.unwrap();
    let arrived = cloud.collector.log_ids();
    assert_eq!(arrived.len(), log_ids.len());
    let twice = twice_count(&arrived);
    assert!(twice <= 3 * 40, "{twice}");
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 0);
    let counts = shard.counts();
    assert!((1..=3).contains(&counts.failed), "{counts:?}");
    // Bisected: more batches than there were at first and came again whole.
    assert!(counts.invocations > 5 + counts.failed, "{counts:?}");
    say(&format!(
        "kinesis, killed three times: 200 of 200 delivered, {twice} more than once, {counts:?}"
    ));
}
