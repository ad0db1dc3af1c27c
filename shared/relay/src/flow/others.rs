//! Bodies that name a sink which the function does not have: the name came with the rest of a message, and the settings have
//! changed since. What was for it is handed back, so that it is among the dead letters in the end, and never dropped.

use std::collections::BTreeSet;

use tenant_logs::Timestamp;

use crate::counters::SinkCounters;
use crate::flow::Relay;
use crate::flow::triage::{Origin, Triage};
use crate::ports::Sink;

/// The most bytes of a name that is told.
const MAX_NAME_BYTES: usize = 32;

impl<S: Sink, L, D> Relay<S, L, D> {
    /// The sinks that a body names and the function does not have.
    pub(super) fn others<'a>(&self, origin: &Origin<'a>) -> impl Iterator<Item = &'a str> {
        let is_ours = |name: &str| {
            let mut destinations = self.destinations.iter();
            destinations.any(|destination| destination.sink.name() == name)
        };
        origin.named_sinks().filter(move |name| !is_ours(name))
    }

    /// Counts what is for sinks that the function does not have, and tells of them; `None` if nothing is. No line is theirs,
    /// so it stands in the first one.
    pub(super) fn count_for_others(
        &self,
        triage: &Triage<'_>,
    ) -> Option<(&'static str, SinkCounters)> {
        let now = Timestamp::now();
        let mut counters = SinkCounters::default();
        let mut names = BTreeSet::new();
        for accepted in &triage.accepted {
            if accepted.origin.is_for_others {
                counters.refused += 1;
                counters.note_waiting(now, accepted.origin.waits_since);
                names.extend(self.others(&accepted.origin).map(told_name));
            }
        }
        if names.is_empty() {
            return None;
        }
        let event_count = counters.refused;
        let sinks = names.into_iter().collect::<Vec<_>>().join(",");
        tracing::warn!(
            sinks,
            event_count,
            "log events handed back for sinks that are not in SINKS"
        );
        let first = self.destinations.first()?;
        Some((first.sink.name(), counters))
    }
}

/// A name as it may be told: whoever sends a message may write anything into it.
fn told_name(name: &str) -> &str {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    if name.len() <= MAX_NAME_BYTES && name.bytes().all(is_allowed) {
        name
    } else {
        "(no name of a sink)"
    }
}
