//! What returns beside what is no log event, for sinks that are gone, and where answers are lost: nothing is dropped, and
//! nothing is written anew with each delivery.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_beside_what_is_no_log_event_returns_alone_and_its_letter_is_written_once() {
    let returning = Returning::start(&[("SINKS", "firehose")]).await;
    let replaying = &returning.replaying;
    replaying.firehose_faults.always(Fault::Status(503));
    let body = format!("[{},5]", event("1"));
    let deliver = async |body: &str, attributes: &Value| {
        let failed = returning.deliver(&[(body, attributes)]).await;
        let letters = dead_letters(&returning.cloud().set_aside_queue).len();
        (failed.len(), letters)
    };
    assert_eq!(deliver(&body, &json!({})).await, (0, 1));
    let [(returned, attributes)] = returning.take().await.try_into().unwrap();
    assert_eq!(returned, array(&["1"]));
    assert_eq!(deliver(&returned, &attributes).await, (1, 1));
    assert_eq!(deliver(&returned, &attributes).await, (1, 1));
    replaying.firehose_faults.clear();
    assert_eq!(deliver(&returned, &attributes).await, (0, 1));
    assert_eq!(replaying.firehose.log_ids(), once_each(["1"]));
    assert_eq!(returning.returned().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_again_whole_has_its_letter_written_once_and_only_when_its_events_have_passed() {
    let returning = Returning::start(&[("SINKS", "firehose")]).await;
    let replaying = &returning.replaying;
    replaying.firehose_faults.always(Fault::Status(503));
    let body = |log_id: &str| format!("[{},5]", event(log_id));
    // A dead letter, and Lambda's record of an event that a rule brought.
    let letter = dead_letter(None, None, &body("1"));
    let payload: Value = serde_json::from_str(&body("2")).unwrap();
    let record = json!({"requestContext": {}, "requestPayload": payload}).to_string();
    // Events that cannot return alone: an envelope alone tells when they happened, or that they are our own functions'.
    let undated = r#"{"log_id":"3","data":{"type":"s"}}"#;
    let notification = json!({
        "Type": "Notification",
        "MessageId": "m",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:logs",
        "Message": format!("{undated}\n5"),
        "Timestamp": "2026-11-30T06:00:00Z",
    });
    let notification = notification.to_string();
    let ours = format!(
        r#"{{"specversion":"1.0","type":"com.auth0.Logs","id":"i","source":"auth0.com/acme/auth0.logs","data":{}}}"#,
        body("4")
    );
    let none = json!({});
    let messages = [&letter, &record, &notification, &ours];
    let messages = messages.map(|message| (message.as_str(), &none));
    let set_aside = &returning.cloud().set_aside_queue;
    for _ in 0..3 {
        assert_eq!(returning.deliver(&messages).await, ["0", "1", "2", "3"]);
        assert_eq!(dead_letters(set_aside).len(), 0);
    }
    replaying.firehose_faults.clear();
    assert_eq!(returning.deliver(&messages).await, NOTHING);
    assert_eq!(dead_letters(set_aside).len(), 4);
    assert_eq!(
        replaying.firehose.log_ids(),
        once_each(["1", "2", "3", "4"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_a_sink_that_is_not_here_returns_for_it_is_told_and_is_set_aside_after_a_day() {
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    let an_hour_ago = (now_millis() - 3_600_000).to_string();
    let of_both = attributes_of(&[
        ("sinks", "http,log-analytics"),
        ("first", &an_hour_ago),
        ("tries", "9"),
    ]);
    let body = array(&["1", "2"]);
    assert_eq!(returning.deliver(&[(&body, &of_both)]).await, NOTHING);
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
    let [(returned, attributes)] = returning.take().await.try_into().unwrap();
    assert_eq!(returned, body);
    assert_eq!(text(&attributes, "sinks"), Some("log-analytics"));
    // Now it is for nobody here: SQS keeps it, and the alarm on its age rings.
    assert_eq!(returning.deliver(&[(&body, &attributes)]).await, ["0"]);
    let told = |output: &str| {
        let line = line_of(output, "http").filter(|line| line["delivered"] == 0);
        line.filter(|line| line["refused"] == 2)
    };
    let output = cloud.target.output_when(|output| told(output).is_some());
    let output = output.await;
    let waited = told(&output).unwrap()["waiting_seconds"].as_u64();
    assert!(waited.is_some_and(|waited| waited >= 3_600), "{waited:?}");
    assert!(output.contains(r#""sinks":"log-analytics""#), "{output}");

    let yesterday = (now_millis() - DAY_MILLIS - 60_000).to_string();
    let old = attributes_of(&[("sinks", "log-analytics"), ("first", &yesterday)]);
    let mut record = record("0", Some(&body));
    record["eventSourceARN"] = returning.queue.arn().into();
    record["attributes"] = json!({"SentTimestamp": (now_millis() - DAY_MILLIS).to_string()});
    record["messageAttributes"] = old;
    assert_eq!(failures_of(cloud, vec![record]).await, NOTHING);
    let [(set_aside, extras)] = cloud.set_aside_queue.messages().try_into().unwrap();
    assert_eq!(*set_aside, body);
    let attributes = super::attributes(&extras);
    assert_eq!(text(&attributes, "sinks"), Some("log-analytics"));
    assert_eq!(cloud.collector.log_ids(), once_each(["1", "2"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_without_a_log_id_returns_as_it_came_and_has_the_same_name_at_each_sink() {
    let record = |number: u32| {
        format!(r#"{{"type":"s","date":"2026-11-20T10:30:15.204Z","ip":"2001:db8::{number}"}}"#)
    };
    let body = format!("[{},{}]", record(1), record(2));
    for (redact, key) in [("", ""), ("ip=mask", "pipeline-key"), ("ip=mask", "")] {
        let returning = Returning::start(&[("REDACT", redact), ("REDACT_KEY", key)]).await;
        let (cloud, replaying) = (returning.cloud(), &returning.replaying);
        replaying.firehose_faults.always(Fault::Status(503));
        assert_eq!(returning.deliver(&[(&body, &json!({}))]).await, NOTHING);
        let [(returned, attributes)] = returning.take().await.try_into().unwrap();
        // A hash of what is hidden would tell it.
        assert_eq!(returned, body);
        replaying.firehose_faults.clear();
        let messages = [(returned.as_str(), &attributes)];
        assert_eq!(returning.deliver(&messages).await, NOTHING);
        let written = String::from_utf8(replaying.firehose.written()).unwrap();
        let written = written.lines().map(str::to_owned).collect();
        let rows: [Vec<String>; 2] = [cloud.collector.events(), written];
        for row in rows.iter().flatten() {
            let row: Value = serde_json::from_str(row).unwrap();
            assert_eq!(row["log_id_derived"], true, "{row}");
        }
        assert_eq!(rows.map(|rows| rows.len()), [2, 2]);
        // By chance alone where something is hidden and there is no key.
        let is_same = cloud.collector.log_ids() == replaying.firehose.log_ids();
        assert_eq!(is_same, redact.is_empty() || !key.is_empty());
    }
}

/// What a message may hold beside log events, each in forms of its own: with a `log_id` or without one, and none at all.
fn anything(random: &mut fastrand::Rng, number: usize) -> (String, usize) {
    let mut reject_count = 0;
    let elements = (0..random.usize(1..5)).map(|place| match random.u8(0..6) {
        0 => {
            reject_count += 1;
            format!(r#"{{"neither":"{number}-{place}"}}"#)
        }
        1 => format!(r#"{{"type":"s","date":"2026-11-20T10:30:15Z","n":"{number}-{place}"}}"#),
        2 => format!(r#"{{"type":"fp","log_id":"{number}-{place}"}}"#),
        // An event of another message, and of this one.
        3 => event(&random.usize(0..=number).to_string()),
        _ => event(&format!("{number}-{place}")),
    });
    let elements: Vec<String> = elements.collect();
    let body = match random.u8(0..3) {
        0 => elements.join("\n"),
        1 => format!(r#"{{"logs":[{}]}}"#, elements.join(",")),
        _ => format!("[{}]", elements.join(",")),
    };
    (body, reject_count)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_anything_reach_each_sink_once_and_leave_one_letter_of_each_reject() {
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    let firehose_faults = &returning.replaying.firehose_faults;
    firehose_faults.always(Fault::RefuseEntries {
        share: 0.9,
        code: "ServiceUnavailableException".to_owned(),
    });
    cloud.collector_faults.mix(vec![(0.7, Fault::Status(503))]);
    let mut random = fastrand::Rng::with_seed(13);
    let bodies = (0..150).map(|number| anything(&mut random, number));
    let (bodies, reject_counts): (Vec<String>, Vec<usize>) = bodies.unzip();
    let expected = bodies.iter().flat_map(|body| {
        let parsed = tenant_logs::parse(body).unwrap();
        let log_ids = parsed
            .log_events
            .iter()
            .map(|event| event.log_id().to_owned());
        log_ids.collect::<Vec<String>>()
    });
    let expected = once_each(expected);
    let mut waiting: Vec<(String, Value)> =
        bodies.into_iter().map(|body| (body, json!({}))).collect();
    for round in 0..12 {
        if round == 6 {
            firehose_faults.clear();
            cloud.collector_faults.clear();
        }
        let messages = waiting
            .iter()
            .map(|(body, attributes)| (body.as_str(), attributes));
        let failed = returning.deliver(&messages.collect::<Vec<_>>()).await;
        let again = failed
            .iter()
            .map(|number| waiting[number.parse::<usize>().unwrap()].clone());
        waiting = again.chain(returning.take().await).collect();
    }
    assert_eq!(waiting, []);
    assert_eq!(cloud.collector.log_ids(), expected);
    assert_eq!(returning.replaying.firehose.log_ids(), expected);
    let letters = dead_letters(&cloud.set_aside_queue).len();
    assert_eq!(letters, reject_counts.iter().sum::<usize>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_whose_answers_are_lost_is_sent_three_times_at_most_and_no_event_is_lost_or_doubled()
{
    let returning = Returning::start(&[]).await;
    let cloud = returning.cloud();
    let firehose_faults = &returning.replaying.firehose_faults;
    firehose_faults.always(Fault::Status(503));
    cloud.queue_faults.always(Fault::DropAfter);
    let (body, none) = (array(&["1", "2"]), json!({}));
    assert_eq!(returning.deliver(&[(&body, &none)]).await, ["0"]);
    let copies = returning.take().await;
    assert!((1..=3).contains(&copies.len()), "{copies:?}");
    cloud.queue_faults.clear();
    firehose_faults.clear();
    let copies = copies.iter();
    let copies = copies.map(|(body, attributes)| (body.as_str(), attributes));
    let messages: Vec<(&str, &Value)> = copies.chain([(body.as_str(), &none)]).collect();
    assert_eq!(returning.deliver(&messages).await, NOTHING);
    let expected = once_each(["1", "2"]);
    assert_eq!(cloud.collector.log_ids(), expected);
    assert_eq!(returning.replaying.firehose.log_ids(), expected);
}
