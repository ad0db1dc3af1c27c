//! What a sink has in the end, counted by `log_id`, and what the target said of it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

/// How often each log event is at a sink.
#[derive(Debug, Default)]
pub(super) struct Counted(HashMap<String, u64>);

impl Counted {
    pub(super) fn has(&self, log_id: &str) -> bool {
        self.0.contains_key(log_id)
    }

    pub(super) fn distinct_count(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    /// Copies beyond the first.
    pub(super) fn twice_count(&self) -> u64 {
        self.0.values().map(|count| count - 1).sum()
    }
}

impl From<BTreeMap<String, u64>> for Counted {
    fn from(counts: BTreeMap<String, u64>) -> Self {
        Self(counts.into_iter().collect())
    }
}

/// Counts the log events of an NDJSON file, which a sink makes with its first event.
pub(super) fn events_in_file(path: &Path) -> io::Result<Counted> {
    #[derive(Deserialize)]
    struct Line {
        log_id: String,
    }
    let mut counted = Counted::default();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(counted),
        Err(error) => return Err(error),
    };
    for line in BufReader::new(file).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        *counted.0.entry(line.log_id).or_default() += 1;
    }
    Ok(counted)
}

/// The target's own counters of one sink, summed over all lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SinkCounters {
    pub(super) delivered: u64,
    pub(super) duplicate: u64,
    /// Events handed back.
    pub(super) refused: u64,
}

/// Reads them from what the target wrote.
pub(super) fn counters_of(output: &str, sink: &str) -> SinkCounters {
    #[derive(Deserialize)]
    struct Line {
        sink: String,
        delivered: u64,
        // A line leaves out what is zero.
        #[serde(default)]
        duplicate: u64,
        #[serde(default)]
        refused: u64,
    }
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines
        .filter(|line| line.sink == sink)
        .fold(SinkCounters::default(), |sum, line| SinkCounters {
            delivered: sum.delivered + line.delivered,
            duplicate: sum.duplicate + line.duplicate,
            refused: sum.refused + line.refused,
        })
}
