//! A faulty bus, a faulty dead-letter queue, or both: nothing is lost, and an answer is true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fakes::faults::Fault;
use tokio::task::JoinSet;

use crate::kit::ingest::Ingest;
use crate::kit::reply::Reply;
use crate::kit::say;

mod deadline;
mod mixed;
mod refused;
mod unavailable;

/// Requests that Auth0 may have open at once.
const MAX_OPEN: usize = 8;

/// Requests of some events each, with a `log_id` for every event.
#[derive(Debug, Clone, Copy)]
struct Traffic {
    requests: usize,
    events_each: usize,
}

/// What became of the events of some requests.
#[derive(Debug)]
struct Arrived {
    on_bus: BTreeMap<String, u64>,
    set_aside: BTreeSet<String>,
}

impl Traffic {
    fn log_id(request: usize, event: usize) -> String {
        format!("{request:04}-{event:04}")
    }

    fn body(self, request: usize) -> String {
        let events = (0..self.events_each).map(|event| {
            let log_id = Self::log_id(request, event);
            format!(r#"{{"log_id":"{log_id}","data":{{"type":"s","log_id":"{log_id}"}}}}"#)
        });
        format!("[{}]", events.collect::<Vec<_>>().join(","))
    }

    fn log_ids(self) -> BTreeSet<String> {
        let of_request = |request| (0..self.events_each).map(move |event| (request, event));
        let all = (0..self.requests).flat_map(of_request);
        all.map(|(request, event)| Self::log_id(request, event))
            .collect()
    }

    /// Sends every request once; each must be answered 200 with counts that add up.
    async fn send(self, ingest: &Arc<Ingest>) {
        let mut open = JoinSet::new();
        for request in 0..self.requests {
            if open.len() >= MAX_OPEN {
                self.check(&open.join_next().await.unwrap().unwrap());
            }
            let (ingest, body) = (Arc::clone(ingest), self.body(request));
            open.spawn(async move { ingest.post(body).await });
        }
        while let Some(reply) = open.join_next().await {
            self.check(&reply.unwrap());
        }
    }

    fn check(self, reply: &Reply) {
        assert_eq!(reply.status, 200, "{}", reply.body);
        let counts: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        let count = |name: &str| usize::try_from(counts[name].as_u64().unwrap()).unwrap();
        assert_eq!(count("received"), self.events_each);
        assert_eq!(count("delivered") + count("set_aside"), self.events_each);
    }

    /// Every event is on the bus or among the dead letters.
    fn arrived(self, ingest: &Ingest) -> Arrived {
        let on_bus = ingest.log_ids();
        let dead_letters = ingest.dead_letters().into_iter();
        let set_aside: BTreeSet<String> = dead_letters
            .map(|dead_letter| dead_letter["log_id"].as_str().unwrap().to_owned())
            .collect();
        let lost: Vec<String> = self
            .log_ids()
            .into_iter()
            .filter(|log_id| !on_bus.contains_key(log_id) && !set_aside.contains(log_id))
            .collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        Arrived { on_bus, set_aside }
    }
}

impl Arrived {
    /// The events that are on the bus more than once.
    fn duplicates(&self) -> BTreeMap<&str, u64> {
        let repeated = self.on_bus.iter().filter(|(_, count)| **count > 1);
        repeated
            .map(|(log_id, count)| (log_id.as_str(), *count))
            .collect()
    }

    /// Copies beyond the first.
    fn surplus(&self) -> u64 {
        self.duplicates().values().map(|count| count - 1).sum()
    }
}

fn refuse(share: f64, code: &str) -> Fault {
    Fault::RefuseEntries {
        share,
        code: code.to_owned(),
    }
}

async fn faulty_ingest(shares: Vec<(f64, Fault)>, timeout_secs: u64) -> Arc<Ingest> {
    let timeout = Duration::from_secs(timeout_secs);
    let ingest = Ingest::start_with_timeout(timeout, &[]).await;
    ingest.bus_faults.mix(shares);
    Arc::new(ingest)
}

/// Runs checks side by side: most of their time is waiting for what does not answer.
async fn at_once(checks: impl IntoIterator<Item = impl Future<Output = ()> + Send + 'static>) {
    checks.into_iter().collect::<JoinSet<()>>().join_all().await;
}
