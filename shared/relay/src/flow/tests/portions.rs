//! Bodies of more log events than are held at once.

use tenant_logs::{ElementLimits, parse_within};

use super::*;
use crate::ports::Remedy;
use crate::testing::TestDeadLetters;

const LIMITS: ElementLimits = ElementLimits::BEHIND_TRIGGERS;

/// More than two portions.
const COUNT: usize = 2 * ElementLimits::AT_ONCE + 100;

fn array(log_ids: impl Iterator<Item = usize>) -> String {
    let events: Vec<String> = log_ids.map(|number| event(&number.to_string())).collect();
    format!("[{}]", events.join(","))
}

fn lazily(bodies: &[String]) -> impl Iterator<Item = IncomingBody<'_>> {
    let bodies = bodies.iter();
    bodies.map(|body| IncomingBody {
        comes_again: ComesAgain::InPart,
        ..IncomingBody::new(body.as_bytes(), parse_within(body, LIMITS))
    })
}

async fn deliver(
    relay: &Relay<TestSink, MemoryStore, TestDeadLetters>,
    bodies: &[String],
) -> Outcome {
    relay.deliver(lazily(bodies), &deadline()).await
}

#[tokio::test(start_paused = true)]
async fn every_portion_of_a_large_body_and_every_body_after_it_is_delivered_once() {
    let relay = relay(vec![TestSink::new("one", |_, _| None)]);
    let bodies = [array(0..COUNT), array(COUNT..COUNT + 10), "[]".to_owned()];
    let outcome = deliver(&relay, &bodies).await;
    assert_eq!(
        (outcome.received, outcome.delivered),
        (COUNT + 10, COUNT + 10)
    );
    assert_eq!(handed_back(&outcome), NONE);
    let stored = relay.destinations[0].sink.stored();
    assert_eq!(stored.len(), COUNT + 10);
    assert!(
        stored
            .iter()
            .zip(0..)
            .all(|(json, number)| *json == event(&number.to_string()))
    );
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_large_body_names_places_of_the_whole_body() {
    // Of the first body something passes in its second portion only.
    let relay = relay(vec![TestSink::new("one", |log_id, _| {
        let number: usize = log_id.parse().unwrap();
        let is_lacking = number < ElementLimits::AT_ONCE || number == 2 * ElementLimits::AT_ONCE;
        is_lacking.then_some(Remedy::HandBack)
    })]);
    let bodies = [array(0..COUNT), array(COUNT..COUNT + 10)];
    let outcome = deliver(&relay, &bodies).await;
    assert_eq!(handed_back(&outcome), [0]);
    let places: Vec<usize> = (0..ElementLimits::AT_ONCE)
        .chain([2 * ElementLimits::AT_ONCE])
        .collect();
    let lacking = &outcome.rests[&0].lacking;
    assert_eq!(lacking.values().collect::<Vec<_>>(), [&places]);
    assert_eq!(outcome.brought, COUNT + 10 - places.len());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_where_something_in_a_later_portion_could_not_be_set_aside() {
    for (count, is_sent) in [(10, true), (70_000, false)] {
        let mut relay = relay(vec![TestSink::new("one", |_, _| None)]);
        relay.on_exhaustion = OnExhaustion::SetAside;
        relay.dead_letters.max_bytes = Some(1_000);
        let mut body = array(0..COUNT);
        body.pop();
        // It cannot be packed.
        let mut random = fastrand::Rng::with_seed(7);
        let noise: String = (0..count).map(|_| random.alphanumeric()).collect();
        let last = format!(r#",{{"log_id":"l","data":{{"type":"s","x":"{noise}"}}}}]"#);
        body.push_str(&last);
        let outcome = deliver(&relay, &[body]).await;
        assert_eq!(outcome.is_not_storable, !is_sent);
        let stored = relay.destinations[0].sink.stored().len();
        assert_eq!(stored, if is_sent { COUNT + 1 } else { 0 });
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_portion_leaves_no_time_for_is_handed_back_and_nothing_of_it_is_claimed() {
    let mut sink = TestSink::new("one", |_, _| None);
    sink.hangs = true;
    let relay = relay(vec![sink]);
    let bodies = [array(0..COUNT)];
    let outcome = deliver(&relay, &bodies).await;
    assert_eq!((outcome.delivered, outcome.brought), (0, 0));
    assert_eq!(handed_back(&outcome), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_reject_is_set_aside_only_where_no_portion_of_what_comes_again_with_it_is_handed_back() {
    for (lacks, letters) in [(true, 0), (false, 1)] {
        let plan = |log_id: &str, _| (log_id == "0").then_some(Remedy::HandBack);
        let all = |_: &str, _| None;
        let relay = relay(vec![TestSink::new("one", if lacks { plan } else { all })]);
        // The reject is in the last portion, and the event that the sink lacks in the first.
        let mut body = array(0..COUNT);
        body.pop();
        body.push_str(",7]");
        let body = IncomingBody::new(body.as_bytes(), parse_within(&body, LIMITS));
        let outcome = relay.deliver([body], &deadline()).await;
        assert_eq!(outcome.handed_back.len(), usize::from(lacks));
        assert_eq!(
            (outcome.set_aside, relay.dead_letters.stored().len()),
            (letters, letters)
        );
    }
}
