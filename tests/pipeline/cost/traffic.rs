//! Made-up traffic: log events of one size at an even pace, in bodies, in batches as a queue or a topic hands them over.

use serde_json::json;

/// Bytes of a log event with its comma, as `{"log_id","data"}`; Auth0's have one to four thousand.
pub(super) const EVENT_BYTES: usize = 1_300;

/// Traffic of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traffic {
    pub(super) events_per_second: u32,
    pub(super) events_a_body: u32,
    /// For how long it is counted: long enough for buckets of ten seconds to be met as they would be for ever.
    seconds: u32,
}

/// By rate and by events a body. Auth0 puts more into a body the faster events come.
pub(super) const TRAFFIC: [Traffic; 10] = [
    of(1, 1, 200),
    of(1, 2, 200),
    of(10, 2, 200),
    of(10, 10, 200),
    of(100, 10, 100),
    of(100, 50, 100),
    of(100, 100, 100),
    of(1_000, 50, 20),
    of(1_000, 100, 20),
    of(5_000, 50, 10),
];

/// One kind for each rate.
pub(super) fn rates() -> Vec<Traffic> {
    let mut rates = TRAFFIC.to_vec();
    rates.dedup_by_key(|traffic| traffic.events_per_second);
    rates
}

const fn of(events_per_second: u32, events_a_body: u32, seconds: u32) -> Traffic {
    Traffic {
        events_per_second,
        events_a_body,
        seconds,
    }
}

impl Traffic {
    pub(super) fn bodies_per_second(&self) -> f64 {
        f64::from(self.events_per_second) / f64::from(self.events_a_body)
    }

    /// The `log_id`s of all log events, in their order, in batches of so many.
    pub(super) fn batches(&self, events_a_batch: u32) -> Vec<Vec<String>> {
        let count = self.events_per_second * self.seconds;
        let log_ids: Vec<String> = (0..count).map(|number| self.log_id(number)).collect();
        let size = usize::try_from(events_a_batch).unwrap();
        log_ids.chunks(size).map(<[String]>::to_vec).collect()
    }

    /// One body, as Auth0 sends it.
    pub(super) fn body(&self) -> String {
        let events = (0..self.events_a_body).map(|number| event(&self.log_id(number)));
        format!("[{}]", events.collect::<Vec<_>>().join(","))
    }

    /// As Auth0 writes them: three digits, the time to the millisecond, digits.
    fn log_id(&self, number: u32) -> String {
        let milliseconds = u64::from(number) * 1_000 / u64::from(self.events_per_second);
        let (second, millisecond) = (milliseconds / 1_000, milliseconds % 1_000);
        let (minute, second) = (second / 60, second % 60);
        format!("9002026112110{minute:02}{second:02}{millisecond:03}{number:035}")
    }
}

fn event(log_id: &str) -> String {
    let with = |padding: usize| {
        let data = json!({
            "date": "2026-11-21T10:00:00.000Z",
            "type": "s",
            "log_id": log_id,
            "user_agent": "x".repeat(padding),
        });
        json!({ "log_id": log_id, "data": data }).to_string()
    };
    with(EVENT_BYTES - ",".len() - with(0).len())
}
