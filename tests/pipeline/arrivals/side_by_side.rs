//! Arrays and other values side by side, through the real functions: each counts, a broken one costs its own piece alone.

use cargo_local::cloud::CloudOptions;
use serde_json::Value;
use tenant_logs::{ElementLimits, LogEvent};

use crate::kit::ingest::Ingest;
use crate::kit::target::{event, failed, once_each};
use crate::kit::{cloud, dead_letters};

/// A small event: many of them are in a body.
fn small(number: usize) -> String {
    format!(r#"{{"type":"s","log_id":"{number}"}}"#)
}

fn array(events: &[String]) -> String {
    format!("[{}]", events.join(","))
}

/// Bodies and what each one holds: log events and pieces that are none.
fn bodies() -> Vec<(String, usize, Vec<String>)> {
    let mut number = 0;
    let mut one = || {
        number += 1;
        event(&number.to_string())
    };
    let two = |one: &mut dyn FnMut() -> String| array(&[one(), one()]);
    let cut = r#"[{"log_id":"cut","data":{"type":"s"}},"#.to_owned();
    vec![
        (two(&mut one) + &two(&mut one), 4, vec![]),
        (two(&mut one) + "\r\n" + &two(&mut one) + "\n[]", 4, vec![]),
        (one() + &two(&mut one), 3, vec![]),
        (two(&mut one) + &one(), 3, vec![]),
        (
            format!(
                "{{\"logs\":{}}}{{\"logs\":{}}}",
                two(&mut one),
                two(&mut one)
            ),
            4,
            vec![],
        ),
        (
            format!(
                "{}{{\"start\":0,\"logs\":{}}}{}",
                two(&mut one),
                two(&mut one),
                one()
            ),
            5,
            vec![],
        ),
        (
            format!("{}\n{cut}\n{}", two(&mut one), two(&mut one)),
            4,
            vec![cut.clone()],
        ),
        (two(&mut one) + &cut, 2, vec![cut.clone()]),
        (two(&mut one) + "]", 2, vec!["]".to_owned()]),
        (two(&mut one) + "\u{feff}" + &two(&mut one), 4, vec![]),
        (
            format!("[{},7]null{}", one(), two(&mut one)),
            3,
            vec!["7".to_owned(), "null".to_owned()],
        ),
    ]
}

/// The texts that dead letters keep, JSON or not.
fn kept(letters: &[Value]) -> Vec<String> {
    let text = |letter: &Value| match letter["event"].as_str() {
        Some(text) => text.to_owned(),
        None => letter["event"].to_string(),
    };
    letters.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_counts_the_events_of_arrays_side_by_side() {
    let ingest = Ingest::start(&[]).await;
    let (mut events, mut pieces) = (0, Vec::new());
    for (body, delivered, broken) in bodies() {
        let reply = ingest.post(body.clone()).await;
        let (set_aside, received) = (broken.len(), delivered + broken.len());
        let counts = format!(
            r#"{{"received":{received},"delivered":{delivered},"filtered":0,"set_aside":{set_aside}}}"#
        );
        assert_eq!((reply.status, reply.body), (200, counts), "{body}");
        events += delivered;
        pieces.extend(broken);
    }
    let expected = (1..=events).map(|number| number.to_string());
    assert_eq!(ingest.log_ids(), once_each(expected.collect::<Vec<_>>()));
    let mut kept = kept(&ingest.dead_letters());
    kept.sort();
    pieces.sort();
    assert_eq!(kept, pieces);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_queue_they_count_too() {
    let cloud = cloud(CloudOptions::default()).await;
    let all = bodies();
    let texts: Vec<&str> = all.iter().map(|(body, _, _)| body.as_str()).collect();
    assert_eq!(failed(&cloud, &texts).await, [0; 0]);
    let events: usize = all.iter().map(|(_, delivered, _)| delivered).sum();
    let expected = (1..=events).map(|number| number.to_string());
    let expected = once_each(expected.collect::<Vec<_>>());
    assert_eq!(cloud.collector.log_ids(), expected);
    let mut pieces: Vec<String> = all.into_iter().flat_map(|(_, _, broken)| broken).collect();
    let mut found = kept(&dead_letters(&cloud.set_aside_queue));
    found.sort();
    pieces.sort();
    assert_eq!(found, pieces);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_events_than_are_held_at_once_arrive_out_of_several_arrays() {
    let sizes = [ElementLimits::AT_ONCE - 1, 2, 0, 3, ElementLimits::AT_ONCE];
    let count: usize = sizes.iter().sum();
    let mut events = (0..).map(small);
    let arrays = sizes.map(|size| array(&events.by_ref().take(size).collect::<Vec<_>>()));
    let expected = (0..count).map(|number| number.to_string());
    let expected = once_each(expected.collect::<Vec<_>>());

    let cloud = cloud(CloudOptions::default()).await;
    assert_eq!(failed(&cloud, &[arrays.concat()]).await, [0; 0]);
    assert_eq!(cloud.collector.log_ids(), expected);

    let ingest = Ingest::start(&[("SINKS", "event-queue")]).await;
    let pages = arrays.map(|array| format!(r#"{{"logs":{array}}}"#));
    let reply = ingest.post(pages.concat() + "[").await;
    let counts = format!(
        r#"{{"received":{},"delivered":{count},"filtered":0,"set_aside":1}}"#,
        count + 1
    );
    assert_eq!((reply.status, reply.body), (200, counts));
    let messages = ingest.deliver.bodies();
    let sent = messages.iter().flat_map(|body| {
        let log_events = tenant_logs::parse(body).unwrap().log_events;
        log_events.into_iter().map(LogEvent::into_owned)
    });
    let log_ids: Vec<String> = sent.map(|event| event.log_id().to_owned()).collect();
    assert_eq!(once_each(log_ids.clone()), expected);
    assert_eq!(log_ids.len(), count);
    assert_eq!(kept(&ingest.dead_letters()), ["["]);
}
