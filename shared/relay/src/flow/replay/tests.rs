use serde_json::{Value, json};
use tenant_logs::{Filter, FilterSettings, Redaction, Schema, sha256_hex};

use crate::Relay;
use crate::flow::{Destination, IncomingBody, Outcome};
use crate::journal::MemoryStore;
use crate::ports::Remedy;
use crate::testing::{TestDeadLetters, TestSink, deadline, relay};

type TestRelay = Relay<TestSink, MemoryStore, TestDeadLetters>;

/// A relay with the sinks `one` and `two`, and `bus` for dead letters only.
fn replaying() -> TestRelay {
    let mut relay = relay(vec![
        TestSink::new("one", |_, _| None),
        TestSink::new("two", |_, _| None),
    ]);
    relay.replay_destinations = Some(vec![Destination::new(
        TestSink::new("bus", |_, _| None),
        Schema::Raw,
    )]);
    relay
}

fn event(log_id: &str) -> Value {
    json!({"log_id": log_id, "data": {"type": "s", "ip": "192.0.2.1"}})
}

fn dead_letter(sink: impl Into<Value>, log_id: impl Into<Value>, event: &Value) -> Value {
    json!({
        "reason": "no room", "at": "2026-11-20T10:00:00Z", "function": "f", "sink": sink.into(),
        "tenant": "acme", "log_id": log_id.into(), "event": event,
    })
}

async fn replay(relay: &TestRelay, dead_letters: &[Value]) -> Outcome {
    let bodies: Vec<String> = dead_letters.iter().map(Value::to_string).collect();
    let bodies = bodies
        .iter()
        .map(|body| IncomingBody::new(body.as_bytes(), tenant_logs::parse(body)));
    relay.deliver(bodies, &deadline()).await
}

/// What each sink has, by its name.
fn stored(relay: &TestRelay) -> Vec<(&'static str, Vec<Value>)> {
    let parse = |text: &String| serde_json::from_str(text).unwrap();
    let at_sink = |destination: &Destination<TestSink>| {
        let events = destination.sink.stored();
        (destination.sink.name, events.iter().map(parse).collect())
    };
    relay.all_destinations().map(at_sink).collect()
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_goes_only_to_the_sink_that_it_names_and_only_once() {
    let relay = replaying();
    let dead_letters = [
        dead_letter("two", "a", &event("a")),
        dead_letter("bus", "b", &event("b")),
    ];
    for _ in 0..2 {
        let outcome = replay(&relay, &dead_letters).await;
        assert_eq!((outcome.received, outcome.delivered), (2, 2));
        assert!(outcome.handed_back.is_empty());
    }
    let expected = [
        ("one", vec![]),
        ("two", vec![event("a")]),
        ("bus", vec![event("b")]),
    ];
    assert_eq!(stored(&relay), expected);
    assert_eq!(relay.dead_letters.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_names_a_sink_which_leads_here_goes_to_every_sink() {
    let mut relay = replaying();
    relay.leads_here = &["event-queue"];
    for _ in 0..2 {
        let letter = dead_letter("event-queue", "a", &event("a"));
        let outcome = replay(&relay, &[letter]).await;
        assert_eq!((outcome.received, outcome.delivered), (1, 1));
    }
    let expected = [
        ("one", vec![event("a")]),
        ("two", vec![event("a")]),
        ("bus", vec![]),
    ];
    assert_eq!(stored(&relay), expected);
    assert_eq!(relay.dead_letters.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_may_claim_what_is_set_aside_and_another_event_may_not() {
    let mut relay = replaying();
    relay.destinations[0].sink.plan = |_, tries| (tries == 0).then_some(Remedy::SetAside);
    replay(&relay, &[event("a")]).await;
    let dead_letters = relay.dead_letters.stored();
    assert_eq!(dead_letters[0]["sink"], "one");

    replay(&relay, &[event("a")]).await;
    assert_eq!(relay.destinations[0].sink.stored().len(), 0);
    replay(&relay, &dead_letters).await;
    let expected = [
        ("one", vec![event("a")]),
        ("two", vec![event("a")]),
        ("bus", vec![]),
    ];
    assert_eq!(stored(&relay), expected);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_handed_back_while_its_sink_cannot_take_it() {
    let mut relay = replaying();
    relay.destinations[0].sink.plan = |_, tries| (tries < 3).then_some(Remedy::Retry);
    let dead_letters = [
        dead_letter("one", "a", &event("a")),
        dead_letter("two", "b", &event("b")),
    ];
    let first = replay(&relay, &dead_letters).await;
    assert_eq!(first.handed_back.into_iter().collect::<Vec<_>>(), [0]);
    let second = replay(&relay, &dead_letters).await;
    assert!(second.handed_back.is_empty());
    assert_eq!(relay.destinations[0].sink.stored().len(), 1);
    assert_eq!(relay.destinations[1].sink.stored().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn text_that_no_sink_ever_saw_is_read_again_and_goes_to_every_sink() {
    let relay = replaying();
    let bodies = json!([event("b"), event("c")]).to_string();
    let mut unparsed = dead_letter(Value::Null, Value::Null, &bodies.as_str().into());
    unparsed["size"] = bodies.len().into();
    unparsed["sha256"] = sha256_hex(bodies.as_bytes()).into();
    let outcome = replay(
        &relay,
        &[dead_letter(Value::Null, Value::Null, &event("a")), unparsed],
    )
    .await;
    assert_eq!((outcome.received, outcome.delivered), (3, 3));
    let all = vec![event("a"), event("b"), event("c")];
    let expected = [("one", all.clone()), ("two", all), ("bus", vec![])];
    assert_eq!(stored(&relay), expected);
}

/// Replays twice and checks what is set aside again.
async fn check_again(dead_letter: &Value, why: &str) {
    let relay = replaying();
    let mut expected = dead_letter.clone();
    expected["reason"] = format!("cannot be replayed: {why}; set aside before: no room").into();
    expected["function"] = "test-function".into();
    let mut comes = dead_letter.clone();
    for round in 0..2 {
        let outcome = replay(&relay, &[comes.clone()]).await;
        assert_eq!((outcome.delivered, outcome.set_aside), (0, 1));
        comes = relay.dead_letters.stored()[round].clone();
        expected["at"] = comes["at"].clone();
        assert_ne!(expected["at"], "2026-11-20T10:00:00Z");
        assert_eq!(comes, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_replayed_is_set_aside_again_with_all_that_it_held() {
    let elsewhere = dead_letter("smtp", "a", &event("a"));
    check_again(&elsewhere, "this function has no sink `smtp`").await;
    let two = dead_letter("one", "a", &json!([event("a"), event("b")]));
    check_again(&two, "its event is not one log event").await;
    let nothing = dead_letter(Value::Null, Value::Null, &json!({"hello": "world"}));
    check_again(&nothing, "there is still no log event in it").await;
    let nested = dead_letter(
        Value::Null,
        Value::Null,
        &dead_letter("one", "a", &event("a")),
    );
    check_again(&nested, "there is still no log event in it").await;

    let mut cut = dead_letter("one", "a", &"{\"log_id\"".into());
    cut["size"] = 2_000_000.into();
    cut["sha256"] = "0".repeat(64).into();
    check_again(&cut, "the dead letter has not all of the event").await;
    let mut withheld = cut.clone();
    withheld["event"] = Value::Null;
    check_again(&withheld, "the dead letter has not all of the event").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_log_event_among_others_stays_among_the_dead_letters() {
    let relay = replaying();
    let mixed = dead_letter(Value::Null, Value::Null, &json!([event("a"), 7]));
    let outcome = replay(&relay, std::slice::from_ref(&mixed)).await;
    assert_eq!((outcome.delivered, outcome.set_aside), (1, 1));
    assert_eq!(relay.dead_letters.stored()[0]["event"], mixed["event"]);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_dead_letter_is_kept_whole_and_does_not_grow() {
    let relay = replaying();
    let mut damaged = dead_letter("one", "a", &event("a"));
    damaged["at"] = "soon".into();
    replay(&relay, std::slice::from_ref(&damaged)).await;
    let first = relay.dead_letters.stored()[0].clone();
    assert_eq!(first["reason"], "a dead letter that cannot be read");
    assert_eq!(first["event"], damaged);
    replay(&relay, &[first]).await;
    assert_eq!(relay.dead_letters.stored()[1]["event"], damaged);
}

#[tokio::test(start_paused = true)]
async fn a_redacted_event_is_not_treated_twice_and_no_filter_stops_it_at_its_sink() {
    let mut relay = replaying();
    relay.redaction = Redaction::parse("ip=mask", None).unwrap();
    relay.filter = Filter::parse(FilterSettings {
        exclude_types: Some("s"),
        ..FilterSettings::default()
    })
    .unwrap();
    let redacted = json!({"log_id": "a", "redacted": ["ip"], "data": {"type": "s", "ip": "***"}});
    let dead_letters = [
        dead_letter("one", "a", &redacted),
        dead_letter("one", "b", &event("b")),
        dead_letter(Value::Null, Value::Null, &event("c")),
    ];
    let outcome = replay(&relay, &dead_letters).await;
    let counted = (
        outcome.received,
        outcome.delivered,
        outcome.filtered,
        outcome.set_aside,
    );
    assert_eq!(counted, (3, 2, 0, 1));
    let mut treated = redacted.clone();
    treated["log_id"] = "b".into();
    assert_eq!(stored(&relay)[0].1, [redacted, treated]);
}

#[tokio::test(start_paused = true)]
async fn where_dead_letters_are_not_taken_back_one_is_set_aside_as_it_is() {
    let mut relay = replaying();
    relay.replay_destinations = None;
    let dead_letter = dead_letter("one", "a", &event("a"));
    let outcome = replay(&relay, std::slice::from_ref(&dead_letter)).await;
    assert_eq!((outcome.delivered, outcome.set_aside), (0, 1));
    let again = &relay.dead_letters.stored()[0];
    assert_eq!(again["reason"], "not a log event: a dead letter");
    assert_eq!(again["event"], dead_letter);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_taken_back_is_redacted_where_its_event_stands_in_it() {
    let inner = event("a");
    let hidden = json!({"log_id": "a", "data": {"type": "s", "ip": "***"}});
    let text = |event: &Value| Value::from(event.to_string());
    for (event, expected) in [
        (inner.clone(), hidden.clone()),
        (text(&inner), text(&hidden)),
    ] {
        let mut relay = replaying();
        relay.replay_destinations = None;
        relay.redaction = Redaction::parse("ip=mask", None).unwrap();
        relay.withholds_unreadable = true;
        let outcome = replay(&relay, &[dead_letter("one", "a", &event)]).await;
        assert_eq!((outcome.delivered, outcome.set_aside), (0, 1));
        let again = &relay.dead_letters.stored()[0];
        assert_eq!(again["event"], dead_letter("one", "a", &expected));
        assert!(again.get("unredacted").is_none(), "{again}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_taken_back_is_marked_or_withheld_where_no_redaction_reaches_its_event() {
    let mut packed = dead_letter("one", "a", &"H4sI".into());
    packed["encoding"] = "gzip".into();
    let torn = dead_letter("one", "a", &r#"{"data":{"ip":"192.0.2.1""#.into());
    for dead_letter in [packed, torn] {
        for withholds in [false, true] {
            let mut relay = replaying();
            relay.replay_destinations = None;
            relay.redaction = Redaction::parse("ip=mask", None).unwrap();
            relay.withholds_unreadable = withholds;
            let outcome = replay(&relay, std::slice::from_ref(&dead_letter)).await;
            assert_eq!((outcome.delivered, outcome.set_aside), (0, 1));
            let again = &relay.dead_letters.stored()[0];
            let kept = (!withholds).then(|| dead_letter.to_string());
            assert_eq!(again["event"].as_str(), kept.as_deref());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_lay_among_the_dead_letters_says_nothing_of_how_late_we_are() {
    let event = |log_id: &str| {
        let date = "2026-01-01T00:00:00.000Z";
        json!({"log_id": log_id, "data": {"type": "s", "date": date}})
    };
    for (is_returned, log_id) in [(true, "a"), (false, "b")] {
        let relay = replaying();
        let text = json!([event(log_id)]).to_string();
        let body = IncomingBody {
            is_returned,
            ..IncomingBody::new(text.as_bytes(), tenant_logs::parse(&text))
        };
        let deadline = deadline();
        let invocation = relay.invocation(&deadline);
        let (outcome, counted) = relay.deliver_part([body], &invocation).await;
        assert_eq!(outcome.delivered, 1);
        let lags = counted.sinks.iter().map(|(_, sink)| sink.lag_seconds > 0);
        assert!(lags.eq([!is_returned; 2]), "{is_returned}");
    }
}
