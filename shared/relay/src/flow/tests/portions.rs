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

/// A body that comes again whole, and how long its invocation may take.
async fn deliver_whole<L: Store>(
    relay: &Relay<TestSink, L, TestDeadLetters>,
    body: &str,
    seconds: u64,
) -> Outcome {
    let body = IncomingBody::new(body.as_bytes(), parse_within(body, LIMITS));
    let deadline = Deadline::after(Duration::from_secs(seconds));
    relay.deliver([body], &deadline).await
}

/// How often a sink was sent each log event that it was sent at all.
fn copies(sink: &TestSink) -> Vec<usize> {
    sink.tries.lock().unwrap().values().copied().collect()
}

/// Hangs where a call carries the first log event.
const FIRST_HANGS: fn(&str) -> Duration = |log_id| match log_id {
    "0" => Duration::from_hours(1),
    _ => Duration::ZERO,
};

#[tokio::test(start_paused = true)]
async fn what_hangs_in_a_portion_keeps_no_later_one_from_the_sink() {
    for on_exhaustion in [OnExhaustion::HandBack, OnExhaustion::SetAside] {
        let mut sink = TestSink::new("one", |_, _| None);
        sink.call_time = FIRST_HANGS;
        sink.has_ledger = on_exhaustion == OnExhaustion::HandBack;
        let mut relay = relay(vec![sink]);
        relay.on_exhaustion = on_exhaustion;
        let outcome = deliver_whole(&relay, &array(0..COUNT), 30).await;
        // A call carries a thousand.
        let sink = &relay.destinations[0].sink;
        assert_eq!(sink.stored().len(), COUNT - 1_000);
        let set_aside = relay.dead_letters.stored().len();
        let expected = match on_exhaustion {
            OnExhaustion::HandBack => (vec![0], 0),
            OnExhaustion::SetAside => (vec![], 1_000),
        };
        assert_eq!((handed_back(&outcome), set_aside), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_keeps_no_portion_from_the_others() {
    let mut hanging = TestSink::new("one", |_, _| None);
    hanging.hangs = true;
    let relay = relay(vec![hanging, TestSink::new("two", |_, _| None)]);
    let outcome = deliver(&relay, &[array(0..COUNT)]).await;
    assert_eq!((outcome.delivered, handed_back(&outcome)), (0, vec![0]));
    let stored = relay.destinations.iter();
    let stored: Vec<usize> = stored.map(|one| one.sink.stored().len()).collect();
    assert_eq!(stored, [0, COUNT]);
    let places: Vec<usize> = (0..COUNT).collect();
    assert_eq!(outcome.rests[&0].lacking[&["one".to_owned()][..]], places);
}

#[tokio::test(start_paused = true)]
async fn a_slow_sink_is_sent_nothing_that_cannot_end_in_time_whatever_portion_it_is_in() {
    // More portions than go side by side.
    let count = 8 * ElementLimits::AT_ONCE + 100;
    for (seconds, is_enough) in [(60, true), (30, false)] {
        let mut sink = TestSink::new("one", |_, _| None);
        sink.call_time = |_| Duration::from_secs(11);
        let relay = relay(vec![sink]);
        let outcome = deliver_whole(&relay, &array(0..count), seconds).await;
        assert_eq!(handed_back(&outcome).is_empty(), is_enough, "{seconds}");
        let sink = &relay.destinations[0].sink;
        let delivered = sink.stored().len();
        assert_eq!(delivered == count, is_enough, "{delivered}");
        assert_eq!(copies(sink), vec![1; delivered], "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_earlier_portions_leave_no_time_for_is_handed_back_and_nothing_of_it_is_claimed() {
    let mut sink = TestSink::new("one", |_, _| None);
    sink.retry_after = Some(Duration::from_mins(1));
    let relay = relay_with(vec![sink], Some(FaultyStore::taking_claims()));
    let begun = Instant::now();
    let outcome = deliver_whole(&relay, &array(0..COUNT), 30).await;
    assert_eq!((outcome.delivered, handed_back(&outcome)), (0, vec![0]));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    // Four calls are made at once, and the first answer asks for more time than there is.
    assert!(copies(&relay.destinations[0].sink).len() <= 4_000);
    let asked = relay.ledger.as_ref().unwrap().store().asked.lock().unwrap();
    assert_eq!(asked.len(), ElementLimits::AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn a_slow_queue_gets_no_second_copy_of_what_is_in_a_later_portion() {
    let times: [fn(&str) -> Duration; 2] = [|_| Duration::from_secs(6), |_| Duration::from_secs(7)];
    for call_time in times {
        let mut sink = TestSink::new("one", |_, _| None);
        sink.call_time = call_time;
        sink.has_ledger = false;
        let mut relay = relay(vec![sink]);
        relay.on_exhaustion = OnExhaustion::SetAside;
        let outcome = deliver_whole(&relay, &array(0..COUNT), 30).await;
        assert_eq!(outcome.delivered + outcome.set_aside, COUNT);
        let sink = &relay.destinations[0].sink;
        assert!(sink.stored().len() > ElementLimits::AT_ONCE);
        assert_eq!(copies(sink), vec![1; sink.stored().len()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reject_waits_for_a_dead_letter_in_a_later_portion_that_must_come_again() {
    let plan = |log_id: &str, _| (log_id == "letter").then_some(Remedy::HandBack);
    let mut relay = relay(vec![TestSink::new("one", plan)]);
    relay.replay_destinations = Some(Vec::new());
    let letter = format!(
        r#"{{"reason":"","at":"2026-11-20T10:00:00Z","function":"f","sink":"one","tenant":"acme","log_id":"letter","event":{}}}"#,
        event("letter")
    );
    let events = array(0..COUNT);
    let events = events.trim_matches(['[', ']']);
    let body = [format!("[7,{events},{letter}]")];
    for _ in 0..3 {
        let outcome = deliver(&relay, &body).await;
        assert_eq!(handed_back(&outcome), [0]);
        assert_eq!(relay.dead_letters.stored().len(), 0);
        assert_eq!(outcome.rests.len(), 0, "it comes again whole");
    }
    relay.destinations[0].sink.plan = |_, _| None;
    let outcome = deliver(&relay, &body).await;
    assert_eq!(handed_back(&outcome), NONE);
    assert_eq!(relay.dead_letters.stored().len(), 1);
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
