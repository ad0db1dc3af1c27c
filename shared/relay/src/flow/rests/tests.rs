use tenant_logs::{FilterSettings, Timestamp, parse};

use crate::Destination;
use crate::flow::{IncomingBody, Outcome};
use crate::journal::MemoryStore;
use crate::ports::Remedy;
use crate::testing::{TestDeadLetters, TestSink, deadline, relay};
use crate::{ComesAgain, Relay};

type TestRelay = Relay<TestSink, MemoryStore, TestDeadLetters>;

fn event(log_id: &str, event_type: &str) -> String {
    format!(r#"{{"log_id":"{log_id}","data":{{"type":"{event_type}"}}}}"#)
}

/// Log events that are named by one letter each.
fn array(log_ids: &str) -> String {
    let events = log_ids
        .chars()
        .map(|log_id| event(&log_id.to_string(), "s"));
    format!("[{}]", events.collect::<Vec<_>>().join(","))
}

/// What a sink says that has no room for log events of these letters.
macro_rules! lacking {
    ($name:literal, $log_ids:literal) => {
        TestSink::new($name, |log_id, _| {
            $log_ids.contains(log_id).then_some(Remedy::HandBack)
        })
    };
}

fn in_part(text: &str) -> IncomingBody<'_> {
    IncomingBody {
        comes_again: ComesAgain::InPart,
        ..IncomingBody::new(text.as_bytes(), parse(text))
    }
}

async fn deliver(relay: &TestRelay, bodies: &[&str]) -> Outcome {
    let bodies = bodies.iter().map(|body| in_part(body));
    relay.deliver(bodies, &deadline()).await
}

/// What the body at this position lacks: the sinks, and the places of the log events.
fn rest(outcome: &Outcome, position: usize) -> Vec<(Vec<&str>, Vec<usize>)> {
    let rest = outcome.rests.get(&position);
    let lacking = rest.iter().flat_map(|rest| &rest.lacking);
    let named = lacking.map(|(sinks, places)| {
        let sinks = sinks.iter().map(String::as_str);
        (sinks.collect(), places.clone())
    });
    named.collect()
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_body_is_what_each_set_of_sinks_lacks_of_it() {
    let relay = relay(vec![lacking!("one", "bd"), lacking!("two", "de")]);
    let outcome = deliver(&relay, &[&array("abcde"), &array("fg")]).await;
    let positions: Vec<usize> = outcome.handed_back.iter().copied().collect();
    assert_eq!(positions, [0]);
    let expected = [
        (vec!["one"], vec![1]),
        (vec!["one", "two"], vec![3]),
        (vec!["two"], vec![4]),
    ];
    assert_eq!(rest(&outcome, 0), expected);
    assert_eq!(outcome.rests.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_known_already_has_passed() {
    let relay = relay(vec![lacking!("one", ""), lacking!("two", "ab")]);
    let outcome = deliver(&relay, &[&array("ab")]).await;
    assert_eq!(rest(&outcome, 0), [(vec!["two"], vec![0, 1])]);
    assert_eq!(rest(&deliver(&relay, &[&array("ab")]).await, 0).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_which_nothing_passed_has_no_rest() {
    let relay = relay(vec![lacking!("one", "abc")]);
    let outcome = deliver(&relay, &[&array("abc")]).await;
    assert!(outcome.handed_back.contains(&0) && outcome.rests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reject_that_is_set_aside_has_passed_and_one_that_is_not_keeps_its_body_whole() {
    let mut relay = relay(vec![lacking!("one", "b")]);
    let rejected_alone = format!("[{},{},7]", event("b", "s"), event("b", "s"));
    let outcome = deliver(&relay, &[&rejected_alone]).await;
    assert_eq!(rest(&outcome, 0), [(vec!["one"], vec![0, 1])]);
    relay.dead_letters.is_down = true;
    let body = format!("[{},{},7]", event("a", "s"), event("b", "s"));
    let outcome = deliver(&relay, &[&body, &array("cb")]).await;
    assert!(outcome.handed_back.contains(&0) && !outcome.rests.contains_key(&0));
    assert_eq!(rest(&outcome, 1), [(vec!["one"], vec![1])]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_comes_again_whole() {
    let mut relay = relay(vec![lacking!("one", "b")]);
    relay.replay_destinations = Some(Vec::new());
    let events = [event("a", "s"), event("b", "s")].join(",");
    let letter = |sink: &str, event: &str| {
        format!(
            r#"{{"reason":"","at":"2026-11-20T10:00:00Z","function":"f","sink":{sink},"tenant":"acme","log_id":null,"event":{event}}}"#
        )
    };
    let for_all = letter("null", &format!("[{events}]"));
    let for_one = format!(
        "{}\n{}",
        event("c", "s"),
        letter("\"one\"", &event("b", "s"))
    );
    let outcome = deliver(&relay, &[&for_all, &for_one]).await;
    assert_eq!(outcome.handed_back.len(), 2);
    assert!(outcome.rests.is_empty(), "{:?}", outcome.rests);
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_to_the_sinks_alone_that_it_names() {
    let relay = relay(vec![lacking!("one", ""), lacking!("two", "b")]);
    let deliver = async |sinks: &'static str, text: &str| {
        let body = IncomingBody {
            sinks: Some(sinks),
            waits_since: Some(Timestamp::UNIX_EPOCH),
            ..in_part(text)
        };
        relay.deliver(vec![body], &deadline()).await
    };
    let outcome = deliver("two", &array("ab")).await;
    assert_eq!(rest(&outcome, 0), [(vec!["two"], vec![1])]);
    let stored = |index: usize| relay.destinations[index].sink.stored().len();
    assert_eq!((stored(0), stored(1)), (0, 1));
    assert_eq!(deliver("one, two", &array("c")).await.delivered, 1);
    assert_eq!((stored(0), stored(1)), (1, 2));
    // A list without a name says nothing.
    assert_eq!(deliver(" , ", &array("d")).await.delivered, 1);
    assert_eq!((stored(0), stored(1)), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn what_is_for_a_sink_that_is_not_here_is_a_rest_for_it_whatever_the_others_have() {
    let relay = relay(vec![lacking!("one", "b"), lacking!("two", "")]);
    let deliver = async |sinks: &'static str, text: &str| {
        let body = IncomingBody {
            sinks: Some(sinks),
            waits_since: Some(Timestamp::UNIX_EPOCH),
            ..in_part(text)
        };
        let deadline = deadline();
        let invocation = relay.invocation(&deadline);
        relay.deliver_part(vec![body], &invocation).await
    };
    let (outcome, counted) = deliver("one, gone, gone", &array("ab")).await;
    let expected = [(vec!["gone"], vec![0]), (vec!["one", "gone"], vec![1])];
    assert_eq!(rest(&outcome, 0), expected);
    assert_eq!((outcome.delivered, outcome.brought), (0, 0));
    let (sink, counters) = &counted.sinks[0];
    // The one that `one` lacks, and both that nobody takes.
    assert_eq!((*sink, counters.delivered, counters.refused), ("one", 1, 3));
    assert!(counters.waiting_seconds > 0);

    // Nothing passes where no sink is here, so that its trigger keeps it, and it is told how long it has waited.
    let (outcome, counted) = deliver("gone", &array("cd")).await;
    assert!(outcome.handed_back.contains(&0) && outcome.rests.is_empty());
    let (_, counters) = &counted.sinks[0];
    assert_eq!((counters.delivered, counters.refused), (0, 2));
    assert!(counters.waiting_seconds > 0);
    let stored = relay.destinations.iter();
    let stored: Vec<usize> = stored.map(|one| one.sink.stored().len()).collect();
    assert_eq!(stored, [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_log_event_is_set_aside_once_though_its_body_comes_again_whole() {
    let stored = |relay: &TestRelay| relay.dead_letters.stored().len();
    let poison = format!("[{},5]", event("b", "s"));
    // A topic's delivery, a poller's pages, a failure record: all of it comes again.
    let together = |text| IncomingBody::new(str::as_bytes(text), parse(text));
    // A dead letter that held more than a log event.
    let letter = format!(
        r#"{{"reason":"","at":"2026-11-20T10:00:00Z","function":"f","sink":null,"tenant":"acme","log_id":null,"event":{poison}}}"#
    );
    // Events that cannot return alone: an envelope alone tells when they happened, or that they are ours.
    let notification = format!(
        r#"{{"Type":"Notification","MessageId":"m","TopicArn":"arn:t","Message":{},"Timestamp":"2026-11-30T06:00:00Z"}}"#,
        serde_json::json!(format!("{}\n5", event("b", "s")))
    );
    let ours = format!(
        r#"{{"specversion":"1.0","type":"com.auth0.Logs","id":"i","source":"auth0.com/acme/auth0.logs","data":{poison}}}"#
    );
    // A stream's records: what is behind one comes again with it.
    let behind = |text| IncomingBody {
        comes_again: ComesAgain::WithAllBehind,
        ..together(text)
    };
    let b = event("b", "s");
    let deliveries = [
        (vec![together(&poison)], 1),
        (vec![together("7"), together(&b), together("{")], 2),
        (vec![in_part(&letter)], 1),
        (vec![in_part(&notification)], 1),
        (vec![in_part(&ours)], 1),
        (vec![behind(&b), behind("7")], 1),
    ];
    for (bodies, letters) in deliveries {
        let mut relay = relay(vec![lacking!("one", "b")]);
        relay.replay_destinations = Some(Vec::new());
        let deliver = async |relay: &TestRelay| {
            let bodies = bodies.iter().map(|body| IncomingBody {
                comes_again: body.comes_again,
                ..together(str::from_utf8(body.body).unwrap())
            });
            relay.deliver(bodies, &deadline()).await
        };
        for _ in 0..3 {
            let outcome = deliver(&relay).await;
            assert!(!outcome.handed_back.is_empty());
            assert_eq!((stored(&relay), outcome.set_aside), (0, 0));
        }
        relay.destinations[0].sink.plan = |_, _| None;
        let outcome = deliver(&relay).await;
        assert!(outcome.handed_back.is_empty());
        assert_eq!((stored(&relay), outcome.set_aside), (letters, letters));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_log_event_waits_for_no_sink_that_cannot_bring_it_again() {
    let relay = relay(vec![lacking!("one", "b")]);
    let b = event("b", "s");
    let of_stream = |text| IncomingBody {
        comes_again: ComesAgain::WithAllBehind,
        ..in_part(text)
    };
    let bodies = vec![of_stream("7"), of_stream(&b), in_part("8"), in_part(&b)];
    let outcome = relay.deliver(bodies, &deadline()).await;
    assert_eq!(outcome.set_aside, 2);
    let handed_back: Vec<usize> = outcome.handed_back.iter().copied().collect();
    assert_eq!(handed_back, [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_sink_gets_what_passes_its_own_filter_and_lacks_nothing_else() {
    let mut relay = relay(vec![lacking!("one", ""), lacking!("two", "")]);
    let filter = |types| FilterSettings {
        include_types: Some(types),
        ..FilterSettings::default()
    };
    relay.destinations[1].filter = tenant_logs::Filter::parse(filter("f*")).unwrap();
    let body = format!("[{},{}]", event("a", "s"), event("b", "fp"));
    let outcome = deliver(&relay, &[&body]).await;
    assert_eq!((outcome.delivered, outcome.filtered), (2, 0));
    let stored: Vec<usize> = relay
        .destinations
        .iter()
        .map(|destination: &Destination<TestSink>| destination.sink.stored().len())
        .collect();
    assert_eq!(stored, [2, 1]);
    relay.destinations.remove(0);
    let outcome = deliver(&relay, &[&array("c")]).await;
    assert_eq!((outcome.delivered, outcome.filtered), (0, 1));
    assert!(outcome.handed_back.is_empty());
}
