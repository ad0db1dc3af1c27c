//! What came of a combination, and the table of all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::combination::{Cloud, Combination};

/// What came of a combination.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// Events that are neither in the sink nor among the dead letters, and what is not acknowledged in the end.
    pub(super) lost: Vec<String>,
    /// Copies beyond the first, at the sink.
    pub(super) doubled: u64,
    /// What may have come twice: events whose answer was lost, that were under way as a process was killed, or that the
    /// ledger could not note.
    pub(super) in_flight: u64,
    /// Calls that failed.
    pub(super) failed_calls: u64,
    /// From the start until everything was settled.
    pub(super) time: Duration,
}

impl Outcome {
    pub(super) fn is_wrong(&self) -> bool {
        !self.lost.is_empty() || self.doubled > self.in_flight
    }
}

/// A line for each place.
pub(super) fn table(cloud: Cloud, outcomes: &[(Combination, Outcome)]) -> String {
    let mut places: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for (combination, outcome) in outcomes {
        places.entry(combination.place()).or_default().push(outcome);
    }
    let mut table = format!(
        "{:16} {:>12} {:>12} {:>5} {:>8} {:>10} {:>8}\n",
        format!("{cloud:?}"),
        "combinations",
        "failed calls",
        "lost",
        "doubled",
        "in flight",
        "worst s"
    );
    let all: Vec<&Outcome> = outcomes.iter().map(|(_, outcome)| outcome).collect();
    for (place, outcomes) in places
        .iter()
        .map(|(place, of)| (place.as_str(), of))
        .chain([("all", &all)])
    {
        let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(|outcome| of(outcome)).sum::<u64>();
        let worst = outcomes.iter().map(|outcome| outcome.time).max();
        writeln!(
            table,
            "{place:16} {:>12} {:>12} {:>5} {:>8} {:>10} {:>8.1}",
            outcomes.len(),
            sum(|outcome| outcome.failed_calls),
            outcomes
                .iter()
                .map(|outcome| outcome.lost.len())
                .sum::<usize>(),
            sum(|outcome| outcome.doubled),
            sum(|outcome| outcome.in_flight),
            worst.unwrap_or_default().as_secs_f64(),
        )
        .unwrap();
    }
    table
}
