mod portions;
mod unreadable;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use tenant_logs::{Filter, FilterSettings, Secret, parse, sha256_hex};
use tokio::time::{Instant, sleep};

use super::*;
use crate::journal::{self, Added, MemoryStore, SeenRow, Store, StoreError, Wanted};
use crate::testing::{TestSink, deadline, relay, relay_with};
use crate::{Claim, NoLedger};

const NONE: [usize; 0] = [];

fn incoming<'a>(bodies: &[&'a str]) -> Vec<IncomingBody<'a>> {
    bodies
        .iter()
        .map(|body| IncomingBody::new(body.as_bytes(), parse(body)))
        .collect()
}

fn event(log_id: &str) -> String {
    format!(r#"{{"log_id":"{log_id}","data":{{"type":"s"}}}}"#)
}

fn handed_back(outcome: &Outcome) -> Vec<usize> {
    outcome.handed_back.iter().copied().collect()
}

#[tokio::test(start_paused = true)]
async fn every_log_event_reaches_every_sink_once_and_twice_delivers_nothing_new() {
    let relay = relay(vec![
        TestSink::new("one", |_, _| None),
        TestSink::new("two", |_, _| None),
    ]);
    let body = format!("[{},{},{}]", event("a"), event("b"), event("a"));
    for _ in 0..2 {
        let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
        assert_eq!(handed_back(&outcome), NONE);
        assert_eq!((outcome.received, outcome.delivered), (3, 3));
    }
    for destination in &relay.destinations {
        assert_eq!(destination.sink.stored(), [event("a"), event("b")]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_ledger_repeats_pass_because_the_bus_is_at_least_once() {
    let relay = relay_with::<NoLedger>(vec![TestSink::new("bus", |_, _| None)], None);
    let body = format!("[{},{}]", event("a"), event("a"));
    relay.deliver(incoming(&[&body]), &deadline()).await;
    assert_eq!(relay.destinations[0].sink.stored().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_claimed_where_every_sink_is_at_least_once() {
    let mut relay = relay(vec![
        TestSink::new("bus", |_, _| None),
        TestSink::new("http", |_, _| None),
    ]);
    let deliver = async |relay: &Relay<_, _, _>| {
        let body = event("a");
        relay.deliver(incoming(&[&body]), &deadline()).await;
    };
    relay.destinations[0].sink.has_ledger = false;
    for _ in 0..2 {
        deliver(&relay).await;
    }
    assert_eq!(relay.destinations[0].sink.stored().len(), 1);
    relay.destinations.truncate(1);
    deliver(&relay).await;
    assert_eq!(relay.destinations[0].sink.stored().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_poison_element_is_set_aside_with_its_reason_and_the_rest_goes_on() {
    let relay = relay(vec![TestSink::new("one", |_, _| None)]);
    let body = format!(r#"[{},{{"hello":"world"}},7]"#, event("a"));
    let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
    assert_eq!(
        (outcome.received, outcome.delivered, outcome.set_aside),
        (3, 1, 2)
    );
    let dead_letters = relay.dead_letters.stored();
    assert_eq!(
        dead_letters[0]["reason"],
        "not a log event: neither `type` nor `log_id`"
    );
    assert_eq!(
        dead_letters[0]["event"],
        serde_json::json!({"hello": "world"})
    );
    assert_eq!(dead_letters[0]["sink"], serde_json::Value::Null);
    assert_eq!(
        dead_letters[1]["reason"],
        "not a log event: not a JSON object"
    );
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_body_is_set_aside_and_the_other_bodies_go_on() {
    let relay = relay(vec![TestSink::new("one", |_, _| None)]);
    let outcome = relay
        .deliver(incoming(&["[{]", &event("a")]), &deadline())
        .await;
    assert_eq!((outcome.delivered, outcome.set_aside), (1, 1));
    assert_eq!(relay.dead_letters.stored()[0]["event"], "[{]");
}

#[tokio::test(start_paused = true)]
async fn a_refused_log_event_is_sent_again_and_only_that_one() {
    let plan = |log_id: &str, tries| (log_id == "b" && tries < 2).then_some(Remedy::Retry);
    let relay = relay(vec![TestSink::new("one", plan)]);
    let body = format!("[{},{}]", event("a"), event("b"));
    let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
    assert_eq!(outcome.delivered, 2);
    assert_eq!(
        relay.destinations[0].sink.stored(),
        [event("a"), event("b")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_is_handed_back_when_a_sink_cannot_take_it_for_now_and_comes_again() {
    let relay = relay(vec![
        TestSink::new("well", |_, _| None),
        TestSink::new("faulty", |log_id, tries| {
            (log_id == "b" && tries < 3).then_some(Remedy::Retry)
        }),
    ]);
    let bodies = [event("a"), event("b")];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let first = relay.deliver(incoming(&bodies), &deadline()).await;
    assert_eq!(handed_back(&first), [1]);
    assert_eq!(relay.dead_letters.stored().len(), 0);

    let second = relay.deliver(incoming(&bodies[1..]), &deadline()).await;
    assert_eq!(handed_back(&second), NONE);
    for destination in &relay.destinations {
        assert_eq!(destination.sink.stored(), [event("a"), event("b")]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_never_pass_is_set_aside_at_once_and_known_afterwards() {
    let relay = relay(vec![TestSink::new("one", |_, _| Some(Remedy::SetAside))]);
    let body = event("a");
    for _ in 0..2 {
        let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
        assert_eq!(handed_back(&outcome), NONE);
    }
    let dead_letters = relay.dead_letters.stored();
    assert_eq!(dead_letters.len(), 1);
    assert_eq!(dead_letters[0]["reason"], "the sink says no");
    assert_eq!(dead_letters[0]["sink"], "one");
    assert_eq!(dead_letters[0]["log_id"], "a");
    assert_eq!(dead_letters[0]["tenant"], "acme");
    assert_eq!(dead_letters[0]["function"], "test-function");
}

#[tokio::test(start_paused = true)]
async fn with_nobody_to_bring_it_again_a_refused_log_event_is_set_aside() {
    let mut relay = relay(vec![TestSink::new("one", |_, _| Some(Remedy::Retry))]);
    relay.on_exhaustion = OnExhaustion::SetAside;
    let outcome = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!((outcome.set_aside, handed_back(&outcome)), (1, vec![]));
    assert!(relay.destinations[0].sink.tries.lock().unwrap()["a"] >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_leaves_time_to_set_everything_aside() {
    let mut sink = TestSink::new("one", |_, _| None);
    sink.hangs = true;
    let mut relay = relay(vec![sink]);
    relay.on_exhaustion = OnExhaustion::SetAside;
    let begun = Instant::now();
    let outcome = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!(outcome.set_aside, 1);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_acknowledged_while_a_person_must_act() {
    let mut relay = relay(vec![TestSink::new("one", |_, _| Some(Remedy::Stop))]);
    relay.on_exhaustion = OnExhaustion::SetAside;
    let outcome = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!(handed_back(&outcome), [0]);
    assert!(outcome.must_stop);
    assert_eq!(relay.dead_letters.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn everything_is_handed_back_when_the_dead_letter_box_is_down_too() {
    let mut relay = relay(vec![TestSink::new("one", |_, _| Some(Remedy::SetAside))]);
    relay.dead_letters.is_down = true;
    let body = format!("[{},7]", event("a"));
    let outcome = relay.deliver(incoming(&[&body]), &deadline()).await;
    assert_eq!((outcome.set_aside, handed_back(&outcome)), (0, vec![0]));

    relay.dead_letters.is_down = false;
    let again = relay.deliver(incoming(&[&body]), &deadline()).await;
    assert_eq!((again.set_aside, handed_back(&again)), (2, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_filtered_log_event_is_counted_and_goes_nowhere() {
    let mut relay = relay(vec![TestSink::new("one", |_, _| None)]);
    relay.filter = Filter::parse(FilterSettings {
        exclude_types: Some("s"),
        ..FilterSettings::default()
    })
    .unwrap();
    let outcome = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!(
        (outcome.received, outcome.filtered, outcome.delivered),
        (1, 1, 0)
    );
    assert_eq!(relay.destinations[0].sink.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn sinks_and_dead_letters_get_redacted_log_events_only() {
    let key = Some(Secret::new("k3y"));
    let plan = |log_id: &str, _| (log_id == "b").then_some(Remedy::SetAside);
    let mut relay = relay(vec![TestSink::new("one", plan)]);
    relay.redaction = Redaction::parse("ip=hmac", key).unwrap();
    relay.withholds_unreadable = true;
    let body = r#"[{"log_id":"a","data":{"ip":"192.0.2.77"}},{"log_id":"b","data":{"ip":"192.0.2.77"}},
        {"hello":1,"ip":"192.0.2.77"},"192.0.2.77"]"#;
    relay
        .deliver(incoming(&[body, "192.0.2.77"]), &deadline())
        .await;

    let dead_letters = relay.dead_letters.stored();
    assert_eq!(dead_letters.len(), 4);
    let everything = format!("{:?} {dead_letters:?}", relay.destinations[0].sink.stored());
    assert!(!everything.contains("192.0.2.77"), "{everything}");
}

/// A ledger's store that is out of reach, or only takes claims.
#[derive(Debug, Default)]
struct FaultyStore {
    within: MemoryStore,
    takes_claims: bool,
    /// How long it takes to note anything.
    delay: Duration,
    /// What it was asked to note: the bucket and the outcome.
    asked: Mutex<BTreeSet<(String, Option<String>)>>,
}

impl FaultyStore {
    fn taking_claims() -> Self {
        Self {
            takes_claims: true,
            ..Self::default()
        }
    }
}

/// What is noted of a log event: delivered, set aside, or handed back.
fn noted(log_id: &str, outcome: Option<&str>) -> (String, Option<String>) {
    let bucket = format!("one@{}", sha256_hex(log_id.as_bytes()));
    (bucket, outcome.map(str::to_owned))
}

impl Store for FaultyStore {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        if !self.takes_claims {
            return Err("out of reach".into());
        }
        self.within.read(bucket, from, wanted, until).await
    }

    async fn add(
        &self,
        bucket: &str,
        row: &journal::Row,
        until: Instant,
    ) -> Result<Added, StoreError> {
        self.within.add(bucket, row, until).await
    }

    async fn write(&self, bucket: &str, row: &journal::Row, _: Instant) -> Result<(), StoreError> {
        sleep(self.delay).await;
        let asked = (bucket.to_owned(), row.outcome());
        self.asked.lock().unwrap().insert(asked);
        Err("out of reach".into())
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_and_all_is_handed_back_with_the_ledger_out_of_reach() {
    let store = FaultyStore::default();
    let relay = relay_with(vec![TestSink::new("one", |_, _| None)], Some(store));
    let outcome = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!(handed_back(&outcome), [0]);
    assert_eq!(relay.destinations[0].sink.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_a_live_worker_holds_hands_that_item_back() {
    let relay = relay(vec![TestSink::new("one", |_, _| None)]);
    let journal = relay.ledger.as_ref().unwrap();
    let until = Instant::now() + Duration::from_secs(1);
    let claims = journal
        .claim("one", &["a"], &deadline().lease(), until)
        .await;
    assert_eq!(claims.claims, [Claim::Claimed]);
    let outcome = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!(handed_back(&outcome), [0]);
    assert_eq!(relay.destinations[0].sink.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_has_is_not_handed_back_when_the_ledger_cannot_note_it() {
    let store = FaultyStore::taking_claims();
    let relay = relay_with(vec![TestSink::new("one", |_, _| None)], Some(store));
    let outcome = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!((outcome.delivered, handed_back(&outcome)), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_noted_of_one_log_event_keeps_no_other_ones_claim() {
    let plan = |log_id: &str, _| match log_id {
        "b" => Some(Remedy::SetAside),
        "c" => Some(Remedy::HandBack),
        _ => None,
    };
    let store = FaultyStore::taking_claims();
    let relay = relay_with(vec![TestSink::new("one", plan)], Some(store));
    let bodies = ["a", "b", "c"].map(event);
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let outcome = relay.deliver(incoming(&bodies), &deadline()).await;
    assert_eq!(handed_back(&outcome), [2]);
    let asked = relay.ledger.as_ref().unwrap().store().asked.lock().unwrap();
    let expected = [
        noted("a", Some("d")),
        noted("b", Some("s")),
        noted("c", None),
    ];
    assert_eq!(*asked, BTreeSet::from(expected));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_box_that_hangs_leaves_the_ledger_time_to_note_what_was_delivered() {
    for (deadline_secs, delay_millis) in [(30, 1_000), (5, 350), (3, 250)] {
        let store = FaultyStore {
            delay: Duration::from_millis(delay_millis),
            ..FaultyStore::taking_claims()
        };
        let plan = |log_id: &str, _| (log_id == "b").then_some(Remedy::SetAside);
        let mut relay = relay_with(vec![TestSink::new("one", plan)], Some(store));
        relay.dead_letters.hangs = true;
        let body = format!("[{},{}]", event("a"), event("b"));
        let deadline = Deadline::after(Duration::from_secs(deadline_secs));
        let outcome = relay.deliver(incoming(&[&body]), &deadline).await;
        assert_eq!((outcome.set_aside, handed_back(&outcome)), (0, vec![0]));
        let asked = relay.ledger.as_ref().unwrap().store().asked.lock().unwrap();
        let expected = [noted("a", Some("d")), noted("b", None)];
        assert_eq!(*asked, BTreeSet::from(expected), "{deadline_secs}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_send_hands_its_claim_back_before_the_answer() {
    let plan = |_: &str, tries: usize| (tries < 1).then_some(Remedy::HandBack);
    let relay: Relay<_, MemoryStore, _> = relay(vec![TestSink::new("one", plan)]);
    let first = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!(handed_back(&first), [0]);
    let second = relay.deliver(incoming(&[&event("a")]), &deadline()).await;
    assert_eq!(second.delivered, 1);
}
