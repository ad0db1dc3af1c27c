//! What every combination sends: good events, one that the sink refuses, one element that is no log event.

use crate::kit::target::event;

/// Bodies that the webhook gets, with so many events each.
const BODIES: usize = 4;
const EVENTS_OF_A_BODY: usize = 3;
/// The event that the sink can never take.
pub(super) const REFUSED: &str = "90020261121103010000000000000000refused";
/// What the element says that is no log event.
pub(super) const POISON: &str = "no-log-event-of-the-matrix";

/// The events that reach the sink; they share two buckets of the ledger.
pub(super) fn log_ids() -> Vec<String> {
    let log_id = |number: usize| format!("900202611211030{}0{number:021}", 1 + number % 2);
    (0..BODIES * EVENTS_OF_A_BODY).map(log_id).collect()
}

/// The bodies as Auth0 would send them.
pub(super) fn bodies() -> Vec<String> {
    let log_ids = log_ids();
    let mut bodies: Vec<Vec<String>> = log_ids
        .chunks(EVENTS_OF_A_BODY)
        .map(|chunk| chunk.iter().map(|log_id| event(log_id)).collect())
        .collect();
    bodies[1].push(event(REFUSED));
    bodies[2].push(format!(r#"{{"note":"{POISON}"}}"#));
    bodies
        .iter()
        .map(|body| format!("[{}]", body.join(",")))
        .collect()
}
