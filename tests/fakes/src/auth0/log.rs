//! A tenant's log, in the order of its `log_id`s, which is not that of its dates.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use crate::lock::lock;

/// One log event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its identifier.
    pub log_id: String,
    /// Its date.
    pub date: Timestamp,
    /// The record, as a stream sends it below `data`.
    pub record: String,
}

/// A tenant's log. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct TenantLog {
    events: Arc<Mutex<BTreeMap<String, Logged>>>,
}

impl TenantLog {
    /// Adds log events.
    pub fn extend(&self, events: impl IntoIterator<Item = Logged>) {
        let events = events.into_iter();
        lock(&self.events).extend(events.map(|event| (event.log_id.clone(), event)));
    }

    /// Forgets what is dated before a moment, as retention does.
    pub fn forget_before(&self, moment: Timestamp) {
        lock(&self.events).retain(|_, event| event.date >= moment);
    }

    /// Every `log_id`.
    pub fn log_ids(&self) -> Vec<String> {
        lock(&self.events).keys().cloned().collect()
    }

    pub(super) fn find(&self, log_id: &str) -> Option<Logged> {
        lock(&self.events).get(log_id).cloned()
    }

    /// Those that follow a `log_id`, in the order of `log_id`s; `None` if it is not there.
    pub(super) fn after(&self, log_id: &str, count: usize) -> Option<Vec<Logged>> {
        let events = lock(&self.events);
        events.get(log_id)?;
        let after = (
            std::ops::Bound::Excluded(log_id),
            std::ops::Bound::Unbounded,
        );
        let following = events.range::<str, _>(after);
        Some(
            following
                .take(count)
                .map(|(_, event)| event.clone())
                .collect(),
        )
    }

    /// Those from a date on, by their dates.
    pub(super) fn since(&self, date: Timestamp) -> Vec<Logged> {
        let events = lock(&self.events);
        let mut found: Vec<Logged> = events
            .values()
            .filter(|event| event.date >= date)
            .cloned()
            .collect();
        found.sort_by_key(|event| event.date);
        found
    }
}

/// Log events of an invented tenant, one each so often, from a moment on; the same for the same seed.
///
/// A `log_id` tells when Auth0 wrote the event down, which is up to some seconds after its date.
pub fn made_up(count: usize, from: Timestamp, every: SignedDuration, seed: u64) -> Vec<Logged> {
    let mut rng = Rng::with_seed(seed);
    let numbers = 0..i32::try_from(count).unwrap_or(i32::MAX);
    let made = numbers.map(|number| {
        let written = from + every * number;
        let date = written - SignedDuration::from_millis(rng.i64(0..5_000));
        let log_id = format!(
            "900{}{:033}",
            written.strftime("%Y%m%d%H%M%S%3f"),
            u64::from(number.unsigned_abs()) + seed * 1_000_000_000
        );
        let code = rng.choice(["s", "f", "fp", "seacft", "sapi", "slo"]).unwrap_or("s");
        let date_text = date.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        let record = format!(
            r#"{{"date":"{date_text}","type":"{code}","connection":"Username-Password-Authentication","client_id":"AaBbCcDd{}","client_name":"Shop","ip":"192.0.2.{}","user_agent":"Chrome 141.0.0 / Linux 0.0.0","user_id":"auth0|{number:024x}","user_name":"user{number}@example.com","tenant_name":"acme","log_id":"{log_id}"}}"#,
            rng.u8(0..9),
            rng.u8(1..255),
        );
        Logged {
            log_id,
            date,
            record,
        }
    });
    made.collect()
}
