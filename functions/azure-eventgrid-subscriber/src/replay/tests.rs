//! Dead letters in memory, and sinks that refuse what the test names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use relay::journal::{Journal, MemoryStore};
use relay::{
    CounterFormat, Counters, Delivery, Destination, OnExhaustion, Refusal, Remedy, Row, Sending,
    Settled,
};
use tenant_logs::{Filter, Redaction, Schema, TenantName};

use super::*;

/// A container in memory.
#[derive(Debug, Default)]
struct DeadLettersInMemory(Mutex<BTreeMap<String, String>>);

impl DeadLettersInMemory {
    fn of(dead_letters: &[(&str, &str)]) -> Self {
        let dead_letters = dead_letters.iter();
        let dead_letters =
            dead_letters.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self(Mutex::new(dead_letters.collect()))
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl DeadLetters for DeadLettersInMemory {
    async fn set_aside(&self, dead_letters: &[DeadLetter<'_>], _sending: &Sending) -> Delivery {
        let mut stored = self.0.lock().unwrap();
        for dead_letter in dead_letters {
            let name = format!("new-{}", dead_letter.sink.unwrap_or("none"));
            stored.insert(name, dead_letter.to_json());
        }
        Delivery::all_delivered(dead_letters.len())
    }

    fn can_hold(&self, _dead_letter: &DeadLetter<'_>) -> bool {
        true
    }
}

impl DeadLetterBox for DeadLettersInMemory {
    async fn names(&self, _until: Instant) -> Result<Vec<String>, PortError> {
        Ok(self.names())
    }

    async fn read(&self, name: &str, _until: Instant) -> Result<Option<Vec<u8>>, PortError> {
        let dead_letters = self.0.lock().unwrap();
        Ok(dead_letters.get(name).map(|text| text.clone().into_bytes()))
    }

    async fn take_away(&self, name: &str, _until: Instant) -> Result<(), PortError> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

/// A sink that refuses the log events that the test names.
#[derive(Debug)]
struct Picky {
    name: &'static str,
    refuses: HashMap<&'static str, Remedy>,
    hangs: bool,
    has: Mutex<Vec<String>>,
}

impl Picky {
    fn new(name: &'static str, refuses: &[(&'static str, Remedy)]) -> Self {
        Self {
            name,
            refuses: refuses.iter().copied().collect(),
            hangs: false,
            has: Mutex::default(),
        }
    }
}

impl Sink for Picky {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        let mut delivery = Delivery::default();
        for (index, row) in rows.iter().enumerate() {
            let log_id = row.log_event.log_id();
            if let Some(remedy) = self.refuses.get(log_id) {
                if self.hangs {
                    tokio::time::sleep_until(sending.until).await;
                }
                delivery.refused.push(Refusal {
                    index,
                    remedy: *remedy,
                    reason: "refused".into(),
                });
            } else {
                self.has.lock().unwrap().push(log_id.to_owned());
                delivery.delivered.push(index);
            }
        }
        delivery
    }
}

type Flow = Relay<Picky, MemoryStore, DeadLettersInMemory>;

fn relay(sinks: Vec<Picky>, dead_letters: &[(&str, &str)]) -> Flow {
    let destinations = sinks
        .into_iter()
        .map(|sink| Destination::new(sink, Schema::Raw));
    let tenant = TenantName::parse("acme").unwrap();
    Relay {
        counters: Counters::of_each_invocation("test", &tenant, CounterFormat::Plain),
        function: "test",
        tenant,
        filter: Filter::default(),
        redaction: Redaction::default(),
        withholds_unreadable: false,
        destinations: destinations.collect(),
        replay_destinations: Some(Vec::new()),
        leads_here: &[],
        ledger: Some(Journal::new(MemoryStore::default(), 35)),
        dead_letters: DeadLettersInMemory::of(dead_letters),
        on_exhaustion: OnExhaustion::HandBack,
    }
}

fn dead_letter(sink: &str, log_id: &str) -> String {
    let event = format!(r#"{{"log_id":"{log_id}","data":{{"type":"s"}}}}"#);
    let at = "2026-11-21T10:00:00Z";
    format!(
        r#"{{"reason":"r","at":"{at}","function":"f","sink":"{sink}","tenant":"acme","log_id":"{log_id}","event":{event}}}"#
    )
}

fn of_event_grid(log_id: &str) -> String {
    format!(
        r#"[{{"id":"1","eventType":"com.auth0.Log","deadLetterReason":"MaxDeliveryAttemptsExceeded","data":{{"log_id":"{log_id}","type":"s"}}}}]"#
    )
}

async fn replayed(relay: &Flow) -> (usize, usize, usize) {
    let deadline = Deadline::after(Duration::from_secs(25));
    let replayed = replay(relay, &deadline).await.unwrap();
    (replayed.delivered, replayed.set_aside, replayed.left)
}

/// Notes what became of a log event in an earlier invocation.
async fn note(relay: &Flow, sink: &str, log_id: &str, settled: Settled) {
    let ledger = relay.ledger.as_ref().unwrap();
    let deadline = Deadline::after(Duration::from_secs(30));
    let (lease, until) = (deadline.lease(), deadline.answer_by());
    let claims = ledger.claim(sink, &[log_id], &lease, until).await;
    let fates = [Some(settled)];
    let settling = ledger.settle(claims.tickets, &fates, until);
    settling.await.unwrap();
}

fn has(relay: &Flow, index: usize) -> Vec<String> {
    let mut has = relay.destinations[index].sink.has.lock().unwrap().clone();
    has.sort();
    has
}

#[tokio::test(start_paused = true)]
async fn ours_go_to_the_sink_they_name_and_event_grids_own_to_every_one() {
    let (ours, theirs) = (dead_letter("one", "a"), of_event_grid("b"));
    let sinks = vec![Picky::new("one", &[]), Picky::new("two", &[])];
    let relay = relay(sinks, &[("1", &ours), ("2", &theirs)]);
    // Set aside is how the ledger knows what lies among the dead letters.
    note(&relay, "one", "a", Settled::SetAside).await;
    assert_eq!(replayed(&relay).await, (2, 0, 0));
    assert_eq!(relay.dead_letters.names(), [""; 0]);
    assert_eq!(
        (has(&relay, 0), has(&relay, 1)),
        (vec!["a".to_owned(), "b".to_owned()], vec!["b".to_owned()])
    );
    assert_eq!(replayed(&relay).await, (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_known_already_is_deleted_and_not_sent_again() {
    let ours = dead_letter("one", "a");
    let relay = relay(vec![Picky::new("one", &[])], &[("1", &ours)]);
    note(&relay, "one", "a", Settled::Delivered).await;
    assert_eq!(replayed(&relay).await, (1, 0, 0));
    assert_eq!(has(&relay, 0), [""; 0]);
    assert_eq!(relay.dead_letters.names(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_pass_stays_where_it_is_and_no_second_dead_letter_is_written() {
    let refused = dead_letter("one", "never");
    let unknown_sink = dead_letter("nowhere", "b");
    let dead_letters = [
        ("1", refused.as_str()),
        ("2", unknown_sink.as_str()),
        ("3", "no dead letter at all"),
        ("4", r#"{"some":"object"}"#),
    ];
    let picky = Picky::new("one", &[("never", Remedy::SetAside)]);
    let relay = relay(vec![picky], &dead_letters);
    for _ in 0..2 {
        assert_eq!(replayed(&relay).await, (0, 1, 3));
        assert_eq!(relay.dead_letters.names(), ["1", "2", "3", "4"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_cannot_take_it_for_now_leaves_the_dead_letter() {
    let (waits, passes) = (dead_letter("one", "later"), dead_letter("one", "b"));
    let picky = Picky::new("one", &[("later", Remedy::HandBack)]);
    let relay = relay(vec![picky], &[("1", &waits), ("2", &passes)]);
    assert_eq!(replayed(&relay).await, (1, 0, 1));
    assert_eq!(relay.dead_letters.names(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn of_a_dead_letter_for_all_the_part_that_one_sink_refuses_becomes_a_dead_letter_of_its_own()
{
    let theirs = of_event_grid("never");
    let picky = Picky::new("two", &[("never", Remedy::SetAside)]);
    let relay = relay(vec![Picky::new("one", &[]), picky], &[("1", &theirs)]);
    assert_eq!(replayed(&relay).await, (0, 1, 0));
    assert_eq!(relay.dead_letters.names(), ["1", "new-two"]);
    assert_eq!(has(&relay, 0), ["never"]);
    // Its event is known by now, everywhere; what the sink refused is in its own dead letter.
    assert_eq!(replayed(&relay).await, (1, 1, 0));
    assert_eq!(relay.dead_letters.names(), ["new-two"]);
    assert_eq!(has(&relay, 0), ["never"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_deadline_does_not_allow_is_left_and_said() {
    let ours = dead_letter("one", "a");
    let relay = relay(vec![Picky::new("one", &[])], &[("1", &ours), ("2", &ours)]);
    let replayed = replay(&relay, &Deadline::after(Duration::ZERO))
        .await
        .unwrap();
    assert_eq!((replayed.delivered, replayed.left), (0, 2));
    assert_eq!(
        replayed.to_json(),
        r#"{"delivered":0,"left":2,"set_aside":0}"#
    );
    assert_eq!(relay.dead_letters.names(), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn letters_that_hang_do_not_keep_the_others_from_being_tried_for_ever() {
    let hang = [
        "h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "ha", "hb", "hc", "hd", "he",
        "hf",
    ];
    let names = hang.into_iter().chain(["x", "y", "z"]);
    let dead_letters: Vec<_> = names.map(|id| (id, dead_letter("one", id))).collect();
    let dead_letters = dead_letters.iter().map(|(id, text)| (*id, text.as_str()));
    let mut picky = Picky::new("one", &hang.map(|id| (id, Remedy::HandBack)));
    picky.hangs = true;
    let relay = relay(vec![picky], &dead_letters.collect::<Vec<_>>());
    // Twice as many hang as there are side by side; that one of three is never among the first ones has no chance in 200.
    for _ in 0..200 {
        replayed(&relay).await;
    }
    assert_eq!(has(&relay, 0), ["x", "y", "z"]);
    assert_eq!(relay.dead_letters.names(), hang);
}
