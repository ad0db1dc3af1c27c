//! Of a message that holds many events only what its sinks lack returns, as a message of its own.

mod odd;
mod returning;

use fakes::aws::dynamodb::Table;
use fakes::faults::{Fault, Faults};
use serde_json::{Value, json};

use crate::kit::dead_letters;
use crate::kit::ledger::rows_of;
use crate::kit::replay::dead_letter;
use crate::kit::target::{attributes, event, failures_of, once_each, record};
use returning::{Returning, attributes_of, line_of, now_millis, text};

const DAY_MILLIS: i64 = 86_400_000;
const NOTHING: [&str; 0] = [];

fn array(log_ids: &[&str]) -> String {
    let events: Vec<String> = log_ids.iter().map(|log_id| event(log_id)).collect();
    format!("[{}]", events.join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sink_lacks_of_a_message_returns_alone_and_reaches_that_sink_alone() {
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    returning
        .replaying
        .firehose_faults
        .always(Fault::Status(503));
    let before = now_millis();
    let produced = attributes_of(&[("producer", "aws-webhook-ingest")]);
    let body = array(&["1", "2", "3"]);
    assert_eq!(returning.deliver(&[(&body, &produced)]).await, NOTHING);
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2", "3"]));

    let [(returned, attributes, delay)] = returning.returned().try_into().unwrap();
    assert_eq!((returned.as_str(), delay), (body.as_str(), 60));
    assert_eq!(text(&attributes, "tries"), Some("1"));
    assert_eq!(text(&attributes, "sinks"), Some("firehose"));
    assert_eq!(text(&attributes, "producer"), Some("aws-webhook-ingest"));
    let first: i64 = text(&attributes, "first").unwrap().parse().unwrap();
    assert!((before..=now_millis()).contains(&first));

    // Nothing of the rest passes: now SQS brings it again itself.
    let [(returned, attributes)] = returning.take().await.try_into().unwrap();
    assert_eq!(returning.deliver(&[(&returned, &attributes)]).await, ["0"]);
    assert_eq!(returning.returned().len(), 0);

    returning.replaying.firehose_faults.clear();
    assert_eq!(
        returning.deliver(&[(&returned, &attributes)]).await,
        NOTHING
    );
    let expected = once_each(["1", "2", "3"]);
    assert_eq!(returning.replaying.firehose.log_ids(), expected);
    assert_eq!(cloud.collector.log_ids(), expected);
    assert_eq!(returning.returned().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_delivered_in_part_shrinks_with_each_return_and_waits_longer_each_time() {
    let returning = Returning::start(&[("SINKS", "firehose")]).await;
    let log_ids: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let log_ids: Vec<&str> = log_ids.iter().map(String::as_str).collect();
    let faults = &returning.replaying.firehose_faults;
    faults.always(Fault::RefuseEntries {
        share: 0.9,
        code: "ServiceUnavailableException".to_owned(),
    });
    let (mut body, mut attributes) = (array(&log_ids), json!({}));
    let mut left = log_ids.len();
    let mut first = None;
    for tries in 1..=4 {
        assert_eq!(returning.deliver(&[(&body, &attributes)]).await, NOTHING);
        let [(_, returned, delay)] = returning.returned().try_into().unwrap();
        assert_eq!(delay, 60 * tries);
        assert_eq!(text(&returned, "tries"), Some(tries.to_string().as_str()));
        assert_eq!(text(&returned, "producer"), None, "its message had none");
        let since = text(&returned, "first").map(str::to_owned);
        assert_eq!(*first.get_or_insert_with(|| since.clone()), since);
        [(body, attributes)] = returning.take().await.try_into().unwrap();
        let events: Vec<Value> = serde_json::from_str(&body).unwrap();
        assert!(events.len() < left, "{} of {left}", events.len());
        left = events.len();
    }
    faults.clear();
    assert_eq!(returning.deliver(&[(&body, &attributes)]).await, NOTHING);
    let arrived = returning.replaying.firehose.log_ids();
    assert_eq!(arrived, once_each(log_ids));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_set_of_sinks_that_lacks_something_has_a_message_of_its_own() {
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    let both = |fault: &Fault| {
        returning.replaying.firehose_faults.always(fault.clone());
        cloud.collector_faults.always(fault.clone());
    };
    // Each sink has something, and lacks what the other has.
    cloud.collector_faults.always(Fault::Status(503));
    let only_firehose = attributes_of(&[("sinks", "firehose")]);
    let only_http = attributes_of(&[("sinks", "http")]);
    assert_eq!(
        returning.deliver(&[(&array(&["1"]), &only_firehose)]).await,
        NOTHING
    );
    cloud.collector_faults.clear();
    assert_eq!(
        returning
            .deliver(&[(&array(&["2", "3"]), &only_http)])
            .await,
        NOTHING
    );
    both(&Fault::Status(503));
    let body = array(&["1", "2", "3", "4"]);
    assert_eq!(returning.deliver(&[(&body, &json!({}))]).await, NOTHING);
    let mut returned: Vec<(String, String)> = returning
        .returned()
        .into_iter()
        .map(|(body, attributes, _)| (text(&attributes, "sinks").unwrap().to_owned(), body))
        .collect();
    returned.sort();
    let expected = [
        ("firehose", array(&["2", "3"])),
        ("http", array(&["1"])),
        ("http,firehose", array(&["4"])),
    ];
    assert_eq!(
        returned,
        expected.map(|(sinks, body)| (sinks.to_owned(), body))
    );

    both(&Fault::Healthy);
    for (body, attributes) in returning.take().await {
        assert_eq!(returning.deliver(&[(&body, &attributes)]).await, NOTHING);
    }
    let all = once_each(["1", "2", "3", "4"]);
    assert_eq!(cloud.collector.log_ids(), all);
    assert_eq!(returning.replaying.firehose.log_ids(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_table_a_restart_sends_nothing_again_that_its_sink_had() {
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    returning
        .replaying
        .firehose_faults
        .always(Fault::Status(503));
    let body = array(&["1", "2"]);
    assert_eq!(returning.deliver(&[(&body, &json!({}))]).await, NOTHING);
    returning.replaying.firehose_faults.clear();
    // The ledger in memory ends with its process.
    cloud.target.kill().await;
    let [(body, attributes)] = returning.take().await.try_into().unwrap();
    assert_eq!(returning.deliver(&[(&body, &attributes)]).await, NOTHING);
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    assert_eq!(
        returning.replaying.firehose.log_ids(),
        once_each(["1", "2"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sqs_brings_a_message_again_whose_rest_cannot_be_sent_or_that_cannot_be_parted() {
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    let firehose_faults = &returning.replaying.firehose_faults;
    firehose_faults.always(Fault::Status(503));
    let none = json!({});
    // Nothing passes; one event; a letter; something that cannot be set aside; queues that fail.
    cloud.collector_faults.always(Fault::Status(503));
    assert_eq!(
        returning.deliver(&[(&array(&["1", "2"]), &none)]).await,
        ["0"]
    );
    cloud.collector_faults.clear();
    assert_eq!(returning.deliver(&[(&event("3"), &none)]).await, ["0"]);
    let letter = dead_letter(None, None, &array(&["4", "5"]));
    assert_eq!(returning.deliver(&[(&letter, &none)]).await, ["0"]);
    cloud.queue_faults.always(Fault::Status(500));
    let with_poison = array(&["6", "7"]).replacen('[', "[7,", 1);
    let bodies = [(with_poison.as_str(), &none), (&array(&["8", "9"]), &none)];
    assert_eq!(returning.deliver(&bodies).await, ["0", "1"]);
    cloud.queue_faults.clear();
    assert_eq!(returning.returned().len(), 0);

    firehose_faults.clear();
    let bodies: Vec<String> = vec![
        array(&["1", "2"]),
        event("3"),
        letter,
        with_poison.clone(),
        array(&["8", "9"]),
    ];
    let messages: Vec<(&str, &Value)> = bodies.iter().map(|body| (body.as_str(), &none)).collect();
    assert_eq!(returning.deliver(&messages).await, NOTHING);
    let all = once_each((1..10).map(|number| number.to_string()));
    assert_eq!(cloud.collector.log_ids(), all);
    assert_eq!(returning.replaying.firehose.log_ids(), all);
    assert_eq!(dead_letters(&cloud.set_aside_queue).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_of_a_day_goes_to_the_dead_letters_as_it_is_and_comes_back_by_replay() {
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    returning
        .replaying
        .firehose_faults
        .always(Fault::Status(503));
    let yesterday = (now_millis() - DAY_MILLIS - 60_000).to_string();
    let old = |sinks| {
        let pairs = [
            ("tries", "90"),
            ("first", yesterday.as_str()),
            ("sinks", sinks),
        ];
        attributes_of(&pairs)
    };
    let (of_one, of_both) = (old("firehose"), old("http,firehose"));
    // SQS tells that it was sent shortly after it was first sent.
    let sent = json!({"SentTimestamp": (now_millis() - DAY_MILLIS).to_string()});
    let records = [(array(&["1", "2"]), of_one), (array(&["3", "4"]), of_both)];
    let records = records
        .iter()
        .enumerate()
        .map(|(number, (body, attributes))| {
            let mut record = record(&number.to_string(), Some(body));
            record["eventSourceARN"] = returning.queue.arn().into();
            record["attributes"] = sent.clone();
            record["messageAttributes"] = attributes.clone();
            record
        });
    assert_eq!(failures_of(cloud, records.collect()).await, NOTHING);
    assert_eq!(returning.returned().len(), 0);
    let mut set_aside: Vec<(String, Option<String>)> = cloud
        .set_aside_queue
        .messages()
        .iter()
        .map(|(body, extras)| {
            assert!(extras.delay.is_zero());
            let sinks = text(&attributes(extras), "sinks").map(str::to_owned);
            (body.to_string(), sinks)
        })
        .collect();
    set_aside.sort();
    let firehose = Some("firehose".to_owned());
    let expected = [array(&["1", "2"]), array(&["3", "4"])].map(|body| (body, firehose.clone()));
    assert_eq!(set_aside, expected);

    returning.replaying.firehose_faults.clear();
    returning.replaying.replay().await;
    let all = once_each(["1", "2", "3", "4"]);
    assert_eq!(returning.replaying.firehose.log_ids(), all);
    assert_eq!(cloud.collector.log_ids(), once_each(["3", "4"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_sinks_that_are_not_here_is_handed_back_and_not_acknowledged() {
    let returning = Returning::start(&[]).await;
    let elsewhere = attributes_of(&[("sinks", "log-analytics")]);
    let body = array(&["1", "2"]);
    assert_eq!(returning.deliver(&[(&body, &elsewhere)]).await, ["0"]);
    assert_eq!(returning.returned().len(), 0);
    assert_eq!(returning.cloud().collector.log_ids().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_rest_has_waited_is_told_until_it_is_delivered() {
    let returning = Returning::start(&[]).await;
    returning
        .replaying
        .firehose_faults
        .always(Fault::Status(503));
    let an_hour_ago = (now_millis() - 3_600_000).to_string();
    let waiting = attributes_of(&[("first", &an_hour_ago), ("tries", "9")]);
    let body = array(&["1", "2"]);
    assert_eq!(returning.deliver(&[(&body, &waiting)]).await, NOTHING);
    let is_told = |output: &str| line_of(output, "firehose").is_some();
    let output = returning.cloud().target.output_when(is_told).await;
    let waited = line_of(&output, "firehose").unwrap()["waiting_seconds"].as_u64();
    assert!(
        waited.is_some_and(|waited| (3_600..3_700).contains(&waited)),
        "{waited:?}"
    );
    let waited = line_of(&output, "http").unwrap()["waiting_seconds"].as_u64();
    assert_eq!(waited.unwrap_or(0), 0);
    let [(_, _, delay)] = returning.returned().try_into().unwrap();
    assert_eq!(delay, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_away_for_long_makes_a_bucket_grow_by_a_number_alone() {
    let table = Table::start("ledger", Faults::healthy()).await.unwrap();
    let pairs = [
        ("SINKS", "http,firehose"),
        ("LEDGER_TABLE", table.name()),
        ("AWS_ENDPOINT_URL_DYNAMODB", &table.url()),
    ];
    let returning = Returning::start(&pairs).await;
    returning
        .cloud()
        .collector_faults
        .always(Fault::Status(503));
    let log_ids: Vec<String> = (0..100)
        .map(|number| format!("90020261121100000{number:021}"))
        .collect();
    let log_ids: Vec<&str> = log_ids.iter().map(String::as_str).collect();
    let body = array(&log_ids);
    assert_eq!(returning.deliver(&[(&body, &json!({}))]).await, NOTHING);
    let [(body, attributes)] = returning.take().await.try_into().unwrap();
    let mut bytes = Vec::new();
    for _ in 0..20 {
        assert_eq!(returning.deliver(&[(&body, &attributes)]).await, ["0"]);
        let rows = rows_of(table.contents(), log_ids[0]);
        bytes.push(
            rows.iter()
                .map(|row| json!(row).to_string().len())
                .sum::<usize>(),
        );
    }
    // Each hand-back leaves a row without ids: its number, who made it and until when.
    let growth = bytes
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap();
    assert!(growth < 400, "{bytes:?}");
    returning.cloud().collector_faults.clear();
    assert_eq!(returning.deliver(&[(&body, &attributes)]).await, NOTHING);
    assert_eq!(returning.cloud().collector.log_ids(), once_each(log_ids));
}
