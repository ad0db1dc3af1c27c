//! What watching costs: the lines of an invocation, and what is billed by the month.

use std::collections::BTreeSet;
use std::fs;

use cargo_local::cloud::CloudOptions;
use cargo_local::cost::{Bill, Prices};
use relay::METRIC_NAMES;
use serde_json::Value;

use super::super::traffic::TRAFFIC;
use super::{MILLION, SECONDS_A_MONTH, dollars, row};
use crate::kit::cloud;

/// Lambda's own two lines of an invocation, as AWS documents them for the log format JSON.
const START: &str = r#"{"time":"2026-11-21T10:00:00.000Z","type":"platform.start","record":{"requestId":"8b133862-5331-4ded-ac5d-1ad2da5aee81","version":"$LATEST"}}"#;
const REPORT: &str = r#"{"time":"2026-11-21T10:00:00.050Z","type":"platform.report","record":{"requestId":"8b133862-5331-4ded-ac5d-1ad2da5aee81","metrics":{"durationMs":48.123,"billedDurationMs":49,"memorySizeMB":256,"maxMemoryUsedMB":32},"status":"success"}}"#;
/// What CloudWatch Logs counts beside each line.
const BYTES_BESIDE_A_LINE: usize = 26;
/// Bytes of our own line, by function; a run may differ from them by a twentieth.
const LINES: [(&str, usize); 2] = [("aws-webhook-ingest", 544), ("aws-eventbridge-target", 528)];
/// What the Functions host makes of a line of ours, measured at the real host.
const AZURE_LINE_BYTES: f64 = 1_500.0;
/// `COUNTER_SECONDS` unless set.
const COUNTER_SECONDS: f64 = 10.0;
const GIGABYTE: f64 = 1_073_741_824.0;
/// An empty queue is asked by five pollers, each about every twenty seconds.
const RECEIVES_OF_AN_EMPTY_QUEUE_A_SECOND: f64 = 0.25;

fn bytes_of_lambda() -> usize {
    [START, REPORT]
        .iter()
        .map(|line| line.len() + BYTES_BESIDE_A_LINE)
        .sum()
}

/// Runs both functions and holds their lines against the bytes that the page has.
async fn measure() {
    let cloud = cloud(CloudOptions::default()).await;
    let many = TRAFFIC.iter().find(|traffic| traffic.events_a_body == 50);
    let answer = crate::kit::post(&cloud, many.unwrap().body()).await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    for (function, (name, expected)) in [&cloud.ingest, &cloud.target].into_iter().zip(LINES) {
        let counters = |output: &str| -> Option<String> {
            let mut lines = output.lines();
            let is_whole = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
            let counts = |line: &&str| line.contains(r#""message":"relayed log events""#);
            lines
                .find(|line| is_whole(line) && counts(line))
                .map(str::to_owned)
        };
        let output = function
            .output_when(|output| counters(output).is_some())
            .await;
        let bytes = counters(&output).expect("a line of counters").len();
        let difference = bytes.abs_diff(expected);
        assert!(
            difference * 20 <= expected,
            "{name}: a line of {bytes} bytes, and the page says {expected}"
        );
    }
}

pub(super) async fn lines(prices: &Prices) -> String {
    measure().await;
    let lambda = bytes_of_lambda();
    let mut text = "### Log lines\n\n| function | our line | Lambda's START and REPORT | bytes an invocation |\n|---|---|---|---|\n".to_owned();
    let mut sum = 0;
    for (name, bytes) in LINES {
        let own = bytes + BYTES_BESIDE_A_LINE;
        sum += own + lambda;
        row(
            &mut text,
            &[
                format!("`{name}`"),
                own.to_string(),
                lambda.to_string(),
                (own + lambda).to_string(),
            ],
        );
    }
    text.push_str("\nUS dollars a million events: on AWS one invocation of each function a body, which is the most that there is; on Azure one line a function in ten seconds, or one a call with `COUNTER_SECONDS=0`.\n\n| events/s | events a body | AWS | Azure | Azure, each call |\n|---|---|---|---|---|\n");
    let of_a_body = f64::from(u32::try_from(sum).unwrap()) / GIGABYTE;
    for traffic in &TRAFFIC {
        let bodies = MILLION / f64::from(traffic.events_a_body);
        let aws = Bill::default().with("cloudwatch_logs_gb", bodies * of_a_body);
        let azure = |lines_per_second: f64| {
            let lines = 2.0 * lines_per_second / f64::from(traffic.events_per_second) * MILLION;
            Bill::default().with(
                "application_insights_gb",
                lines * AZURE_LINE_BYTES / GIGABYTE,
            )
        };
        let calls = traffic.bodies_per_second();
        row(
            &mut text,
            &[
                traffic.events_per_second.to_string(),
                traffic.events_a_body.to_string(),
                dollars(prices, &aws),
                dollars(prices, &azure(calls.min(1.0 / COUNTER_SECONDS))),
                dollars(prices, &azure(calls)),
            ],
        );
    }
    text
}

/// Alarms on AWS, those by condition too.
fn alarm_count() -> usize {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let folder = fs::read_dir(format!("{root}/infra/aws")).unwrap();
    let files: BTreeSet<_> = folder.map(|entry| entry.unwrap().path()).collect();
    let texts = files.iter().filter(|path| path.is_file());
    let texts = texts.map(|path| fs::read_to_string(path).unwrap());
    let alarms = texts.map(|text| text.matches("Type: AWS::CloudWatch::Alarm").count());
    alarms.sum()
}

pub(super) fn flat(prices: &Prices) -> String {
    let quantity = |count: usize| f64::from(u32::try_from(count).unwrap());
    let alarms = alarm_count();
    let metrics = |count: usize| {
        let bill = Bill::default().with("cloudwatch_metric_month", quantity(count));
        dollars(prices, &bill)
    };
    let (fewest, most) = (2 * 3, 2 * METRIC_NAMES.len());
    let alarm = Bill::default().with("cloudwatch_alarm_month", quantity(alarms));
    let receives = RECEIVES_OF_AN_EMPTY_QUEUE_A_SECOND * SECONDS_A_MONTH;
    let queue = Bill::default().with("sqs_request", receives);
    let shard = Bill::default().with("kinesis_shard_hour", SECONDS_A_MONTH / 3_600.0);
    format!(
        "### By the month, whatever comes\n\n| what | US dollars a month |\n|---|---|\n\
         | metrics of webhook and target with one sink: {fewest} (received, delivered, lag) to {most} (all) | {} to {} |\n\
         | alarms of the templates, {alarms} with every option | {} |\n\
         | an empty queue that is asked, each of `deliver` and `replay` | {} |\n\
         | a shard of Kinesis | {} |\n",
        metrics(fewest),
        metrics(most),
        dollars(prices, &alarm),
        dollars(prices, &queue),
        dollars(prices, &shard),
    )
}
