//! Both real functions on moto's server, which we did not write: EventBridge, SQS, DynamoDB, Firehose, S3, Secrets
//! Manager. `.ci/with-moto` starts it and sets `MOTO_URL`.

mod moto;
mod stack;

use std::collections::BTreeMap;
use std::time::Duration;

use fakes::auth0::{Auth0, TenantOptions, made_up};
use fakes::faults::Faults;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::kit::ledger::outcome;
use crate::kit::target::event;
use crate::shared_ledger::{LedgerTable, prove};
use moto::Moto;
use stack::{Stack, TOKEN};

/// How long anything may take: a machine may be very slow.
const PATIENCE: Duration = Duration::from_mins(2);

fn array(log_ids: impl IntoIterator<Item = String>) -> String {
    let events: Vec<String> = log_ids.into_iter().map(|log_id| event(&log_id)).collect();
    format!("[{}]", events.join(","))
}

/// How often each `log_id` is in some lines.
fn log_ids(lines: &str) -> BTreeMap<String, u64> {
    let mut log_ids = BTreeMap::new();
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let log_id = event["log_id"].as_str().unwrap().to_owned();
        *log_ids.entry(log_id).or_default() += 1;
    }
    log_ids
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn from_the_webhook_over_a_rule_and_a_queue_each_event_is_in_the_bucket_once() {
    let moto = Moto::at_url();
    let stack = Stack::start(moto, [&[("SINKS", "event-bus")], &[]]).await;
    let expected: BTreeMap<_, _> = (0..40).map(|number| (number.to_string(), 1)).collect();
    // Auth0 brings everything twice, and one element that is no log event.
    for _ in 0..2 {
        let body = array(expected.keys().cloned()).replacen('[', "[7,", 1);
        let reply = stack.post(TOKEN, body).await;
        let counts = r#"{"received":41,"delivered":40,"filtered":0,"set_aside":1}"#;
        assert_eq!((reply.status, reply.body), (200, counts.to_owned()));
    }
    assert_eq!(stack.deliver().await, (80, 0));
    let written = stack.moto.files(&stack.stream).await;
    assert_eq!(log_ids(&written), expected);
    let rows = stack.moto.rows(&stack.table).await;
    let outcomes: Vec<&Value> = rows.iter().map(|row| &row["outcome"]["S"]).collect();
    assert_eq!(outcomes, vec!["d"; 40]);
    let dead_letters = stack.dead_letters().await;
    let reasons: Vec<&Value> = dead_letters
        .iter()
        .map(|dead_letter| &dead_letter["reason"])
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");

    // The key of the secret hides the name, in every line the same.
    let names: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["data"]["user_name"].clone())
        .collect();
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    assert_eq!(names[0].as_str().unwrap().len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn by_a_message_each_event_is_in_the_bucket_once_and_what_a_sink_lacks_waits_on_the_queue() {
    let moto = Moto::at_url();
    let nobody_listens = [
        ("SINKS", "firehose,http"),
        ("HTTP_SINK_URL", "http://127.0.0.1:9/"),
    ];
    let stack = Stack::start(moto, [&[], &nobody_listens]).await;
    let expected: BTreeMap<_, _> = (0..40).map(|number| (number.to_string(), 1)).collect();
    for _ in 0..2 {
        let body = array(expected.keys().cloned());
        let counts = r#"{"received":40,"delivered":40,"filtered":0,"set_aside":0}"#;
        let reply = stack.post(TOKEN, body).await;
        assert_eq!((reply.status, reply.body), (200, counts.to_owned()));
    }
    assert_eq!(stack.deliver().await, (2, 0));
    let written = stack.moto.files(&stack.stream).await;
    assert_eq!(log_ids(&written), expected);
    // What the collector lacks of each message waits for a minute.
    assert_eq!(stack.moto.delayed(&stack.deliver_url).await, "2");
    assert_eq!(stack.dead_letters().await, [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn a_missing_delivery_queue_is_named_and_the_webhook_answers_503() {
    let moto = Moto::at_url();
    let url = "http://localhost/123456789012/no-such-queue";
    let stack = Stack::start(moto, [&[("EVENT_QUEUE_URL", url)], &[]]).await;
    assert_eq!(stack.post(TOKEN, event("1")).await.status, 503);
    let named = "event queue `no-such-queue` answered";
    let ingest = &stack.ingest;
    let output = ingest.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
    assert_eq!(stack.dead_letters().await, [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn what_can_never_pass_waits_on_the_queue_and_the_rest_is_delivered() {
    let moto = Moto::at_url();
    let stack = Stack::start(moto, [&[], &[]]).await;
    let large = event("large").replace("2001:db8::7", &"x".repeat(1_024_000));
    let bodies = ["poison".to_owned(), event("1"), large, event("2")];
    for body in &bodies {
        stack.moto.send(&stack.deliver_url, body).await;
    }
    assert_eq!(stack.deliver().await, (4, 0));
    let written = log_ids(&stack.moto.files(&stack.stream).await);
    assert_eq!(written.keys().collect::<Vec<_>>(), ["1", "2"]);
    let dead_letters = stack.dead_letters().await;
    let mut sinks: Vec<&Value> = dead_letters
        .iter()
        .map(|dead_letter| &dead_letter["sink"])
        .collect();
    sinks.sort_by_key(|sink| sink.is_null());
    assert_eq!(sinks, [&json!("firehose"), &Value::Null]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn a_rotated_token_opens_at_once_and_the_one_before_the_last_is_revoked() {
    let moto = Moto::at_url();
    let stack = Stack::start(moto, [&[], &[]]).await;
    let status = async |token: &str| stack.post(token, event("1")).await.status;
    assert_eq!(
        (status(TOKEN).await, status("second-webhook-token").await),
        (200, 401)
    );
    stack
        .moto
        .rotate(&stack.tokens_arn, "second-webhook-token")
        .await;
    opens(&stack, "second-webhook-token").await;
    assert_eq!(status(TOKEN).await, 200, "the previous version is live");
    stack
        .moto
        .rotate(&stack.tokens_arn, "third-webhook-token")
        .await;
    opens(&stack, "third-webhook-token").await;
    assert_eq!(status(TOKEN).await, 401, "rotated twice, it is revoked");
    assert_eq!(status("second-webhook-token").await, 200);
}

/// Waits until a token is live: the secret is read for an unknown one at most every ten seconds.
async fn opens(stack: &Stack, token: &str) {
    let deadline = Instant::now() + PATIENCE;
    while stack.post(token, event("1")).await.status != 200 {
        assert!(Instant::now() < deadline, "{token} is still refused");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn what_the_webhook_did_not_bring_the_poller_finds_by_the_ledger_and_sends_once() {
    let stack = Stack::start(Moto::at_url(), [&[], &[]]).await;
    let tenant = Auth0::start(TenantOptions::default(), Faults::healthy()).await;
    let tenant = tenant.unwrap();
    let from = "2025-11-01T00:00:00Z".parse().unwrap();
    let every = Duration::from_secs(1).try_into().unwrap();
    tenant.log().extend(made_up(250, from, every, 1));
    let all = tenant.log().log_ids();
    let pushed = all.iter().enumerate().filter(|(number, _)| number % 10 > 0);
    let pushed = pushed.map(|(_, log_id)| log_id.clone());
    assert_eq!(stack.post(TOKEN, array(pushed)).await.status, 200);
    assert_eq!(stack.deliver().await, (1, 0));

    let poller = stack.poller(&tenant, &all[0]).await;
    for gap in [25, 0] {
        let answer: Value = serde_json::from_slice(&poller.invoke("{}").await.unwrap()).unwrap();
        assert_eq!(
            (&answer["end"], &answer["gap"]),
            (&json!("caught_up"), &json!(gap))
        );
        // Pages that were pulled together share a message.
        let (messages, failed) = stack.deliver().await;
        assert_eq!((messages > 0, failed), (gap > 0, 0));
    }
    let written = log_ids(&stack.moto.files(&stack.stream).await);
    assert_eq!(written, all.into_iter().map(|log_id| (log_id, 1)).collect());
    assert_eq!(stack.dead_letters().await, [Value::Null; 0]);
}

/// Something that a setting names and that is not there: the target hands everything back, and says what it lacks.
async fn check_missing(setting: (&str, &str), body: &str, named: &str) {
    let moto = Moto::at_url();
    let stack = Stack::start(moto, [&[], &[setting]]).await;
    stack.moto.send(&stack.deliver_url, body).await;
    assert_eq!(stack.deliver().await, (1, 1), "{setting:?}");
    let target = &stack.target;
    let output = target.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{setting:?}: {output}");
    let written = stack.moto.files(&stack.stream).await;
    assert_eq!(written, "", "{setting:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn a_missing_table_stream_or_queue_is_named_and_nothing_is_acknowledged() {
    let gone = "answered ResourceNotFoundException";
    let table = format!("ledger table `no-such-table` {gone}");
    check_missing(("LEDGER_TABLE", "no-such-table"), &event("1"), &table).await;
    let stream = format!("Firehose stream `no-such-stream` {gone}");
    check_missing(
        ("FIREHOSE_STREAM_NAME", "no-such-stream"),
        &event("1"),
        &stream,
    )
    .await;
    let url = "http://localhost/123456789012/no-such-queue";
    check_missing(("DEAD_LETTER_QUEUE_URL", url), "poison", "no-such-queue").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn a_missing_bus_is_named_and_the_webhook_answers_503() {
    let moto = Moto::at_url();
    let missing = [("SINKS", "event-bus"), ("EVENT_BUS_NAME", "no-such-bus")];
    let stack = Stack::start(moto, [&missing, &[]]).await;
    assert_eq!(stack.post(TOKEN, event("1")).await.status, 503);
    let named = "bus `no-such-bus` answered ResourceNotFoundException";
    let ingest = &stack.ingest;
    let output = ingest.output_when(|output| output.contains(named)).await;
    assert!(output.contains(named), "{output}");
    assert_eq!(stack.dead_letters().await, [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn a_missing_secret_is_named_and_the_function_does_not_start() {
    let moto = Moto::at_url();
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:no-such-secret-a1b2c3";
    let stack = Stack::start(moto, [&[("WEBHOOK_TOKENS_SECRET_ARN", arn)], &[]]).await;
    assert_eq!(stack.post(TOKEN, event("1")).await.status, 502);
    let named = [
        "WEBHOOK_TOKENS_SECRET_ARN",
        arn,
        "ResourceNotFoundException",
    ];
    let all_named = |output: &str| named.iter().all(|part| output.contains(part));
    let output = stack.ingest.output_when(all_named).await;
    assert!(all_named(&output), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MOTO_URL"]
async fn on_a_shared_table_nothing_is_lost_while_targets_are_killed() {
    let moto = Moto::at_url();
    let ledger_table = LedgerTable {
        table: moto.table().await,
        url: moto.url.clone(),
    };
    let arrived = prove((1_000, 2), &ledger_table).await;
    let rows = moto.rows(&ledger_table.table).await;
    for log_id in arrived.keys() {
        let mut outcomes = rows.iter().filter_map(|row| outcome(row, log_id));
        assert!(outcomes.any(|outcome| outcome == 'd'), "{log_id}");
    }
}
