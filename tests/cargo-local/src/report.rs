//! The result of a run, as a table for a person and as one answer for a script.

mod costs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use hosts::lambda::Usage;

pub use costs::CostLine;

/// What a run sent, and what arrived.
#[derive(Debug, Clone)]
pub struct Report {
    /// The paths that were used.
    pub paths: Vec<PathLine>,
    /// What each sink has.
    pub sinks: Vec<SinkLine>,
    /// What Auth0's stream lost on purpose, and what the poller found.
    pub streams: Vec<StreamLine>,
    /// What each function needed.
    pub functions: Vec<(String, Option<Usage>)>,
    /// What each cloud would have billed.
    pub costs: Vec<CostLine>,
}

/// One way to the target.
#[derive(Debug, Clone)]
pub struct PathLine {
    /// Its stations.
    pub name: &'static str,
    /// Log events sent.
    pub event_count: u64,
    /// Bodies sent.
    pub body_count: u64,
    /// How often each HTTP status was answered, where it is a webhook.
    pub answers: BTreeMap<u16, u64>,
}

impl PathLine {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            event_count: 0,
            body_count: 0,
            answers: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, event_count: u64) {
        self.event_count += event_count;
        self.body_count += 1;
    }
}

/// What one sink has.
#[derive(Debug, Clone)]
pub struct SinkLine {
    /// The sink.
    pub name: &'static str,
    /// Log events and other elements that were sent.
    pub received_count: u64,
    /// Distinct log events at the sink.
    pub delivered_count: u64,
    /// Repeats that the target recognised.
    pub duplicate_count: u64,
    /// Times that the target handed an event back.
    pub handed_back_count: u64,
    /// Dead letters.
    pub set_aside_count: u64,
    /// Log events that a poller found and push had not brought; none where no poller ran.
    pub gap_count: Option<u64>,
    /// Log events that are neither at the sink nor set aside.
    pub lost_count: u64,
    /// Copies at the sink beyond the first.
    pub twice_count: u64,
    /// Log events that push brought, and how long that took from the first request to the last arrival.
    pub pushed: (u64, Duration),
}

/// A stream that lost batches, and a poll after it.
#[derive(Debug, Clone)]
pub struct StreamLine {
    /// Where.
    pub cloud: &'static str,
    /// Batches that were answered with success.
    pub sent_batch_count: usize,
    /// `log_id`s of the batches that the stream lost on purpose.
    pub lost: BTreeSet<String>,
    /// `log_id`s of the batches that were refused three times.
    pub refused: BTreeSet<String>,
    /// `log_id`s that the sink lacked before the poll and has after it.
    pub gaps: BTreeSet<String>,
    /// Gaps by the poller's own counter.
    pub counted_gap_count: u64,
}

impl StreamLine {
    /// How many gaps the poller found.
    pub(crate) fn gap_count(&self) -> u64 {
        u64::try_from(self.gaps.len()).unwrap_or(u64::MAX)
    }

    /// Whether the gaps are exactly what the stream lost.
    fn is_clean(&self) -> bool {
        !self.lost.is_empty()
            && self.refused.is_empty()
            && self.gaps == self.lost
            && self.gap_count() == self.counted_gap_count
    }
}

impl Report {
    /// This report and one of another cloud.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        self.sinks.extend(other.sinks);
        self.streams.extend(other.streams);
        self.functions.extend(other.functions);
        self.costs.extend(other.costs);
        self
    }

    /// Whether nothing is lost, nothing is at a sink twice, everything sent is accounted for, and the gaps are what a
    /// stream lost.
    pub fn is_clean(&self) -> bool {
        let are_gaps_right = self.streams.iter().all(StreamLine::is_clean);
        are_gaps_right
            && self.sinks.iter().all(|sink| {
                let accounted = sink.delivered_count + sink.duplicate_count + sink.set_aside_count;
                sink.lost_count == 0 && sink.twice_count == 0 && accounted == sink.received_count
            })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &self.paths {
            let (events, bodies) = (path.event_count, path.body_count);
            write!(
                formatter,
                "{:<35} {events:>9} events in {bodies} bodies",
                path.name
            )?;
            for (status, count) in &path.answers {
                write!(formatter, ", {count} answered {status}")?;
            }
            writeln!(formatter)?;
        }
        writeln!(formatter)?;
        self.write_sinks(formatter)?;
        writeln!(formatter)?;
        for stream in &self.streams {
            writeln!(formatter, "{stream}")?;
        }
        for (name, usage) in &self.functions {
            if let Some(usage) = usage {
                let peak_kib = usage.peak_memory_bytes / 1_024;
                let cpu = usage.cpu;
                writeln!(
                    formatter,
                    "{name:<35} peak memory {peak_kib} KiB, CPU time {cpu:?}"
                )?;
            }
        }
        self.write_costs(formatter)
    }
}

impl Report {
    fn write_sinks(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = [
            "received",
            "delivered",
            "duplicate",
            "set aside",
            "gap",
            "lost",
            "twice",
            "events/s",
        ];
        write!(formatter, "{:<13}", "sink")?;
        for head in heads {
            write!(formatter, " {head:>10}")?;
        }
        writeln!(formatter)?;
        for sink in &self.sinks {
            let (pushed_count, elapsed) = sink.pushed;
            let per_second = per_second(pushed_count, elapsed);
            let cells = [
                sink.received_count.to_string(),
                sink.delivered_count.to_string(),
                sink.duplicate_count.to_string(),
                sink.set_aside_count.to_string(),
                sink.gap_count
                    .map_or_else(|| "-".to_owned(), |count| count.to_string()),
                sink.lost_count.to_string(),
                sink.twice_count.to_string(),
                per_second.to_string(),
            ];
            write!(formatter, "{:<13}", sink.name)?;
            for cell in cells {
                write!(formatter, " {cell:>10}")?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}

impl fmt::Display for StreamLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{}: Auth0's stream sent {} batches and lost {} log events on purpose; the poller counted {} gaps",
            self.cloud,
            self.sent_batch_count,
            self.lost.len(),
            self.counted_gap_count,
        )?;
        for log_id in self.lost.union(&self.gaps) {
            let says = |is: bool, word| if is { word } else { "-" };
            let lost = says(self.lost.contains(log_id), "lost");
            let gap = says(self.gaps.contains(log_id), "gap");
            writeln!(formatter, "  {log_id}  {lost:<4}  {gap}")?;
        }
        for log_id in &self.refused {
            writeln!(formatter, "  {log_id}  refused three times")?;
        }
        Ok(())
    }
}

fn per_second(count: u64, elapsed: Duration) -> u128 {
    u128::from(count) * 1_000 / elapsed.as_millis().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink() -> SinkLine {
        SinkLine {
            name: "http",
            received_count: 10,
            delivered_count: 7,
            duplicate_count: 2,
            handed_back_count: 0,
            set_aside_count: 1,
            gap_count: None,
            lost_count: 0,
            twice_count: 0,
            pushed: (7, Duration::from_secs(1)),
        }
    }

    fn check(sink: SinkLine, is_clean: bool) {
        let report = Report {
            paths: Vec::new(),
            sinks: vec![sink],
            streams: Vec::new(),
            functions: Vec::new(),
            costs: Vec::new(),
        };
        assert_eq!(report.is_clean(), is_clean, "{report}");
    }

    #[test]
    fn a_run_is_clean_only_when_everything_is_accounted_for_once() {
        check(sink(), true);
        check(
            SinkLine {
                lost_count: 1,
                ..sink()
            },
            false,
        );
        check(
            SinkLine {
                twice_count: 1,
                ..sink()
            },
            false,
        );
        check(
            SinkLine {
                duplicate_count: 1,
                ..sink()
            },
            false,
        );
        check(
            SinkLine {
                set_aside_count: 2,
                ..sink()
            },
            false,
        );
    }

    #[test]
    fn a_run_is_clean_only_when_the_gaps_are_what_the_stream_lost() {
        let ids = |ids: &[&str]| ids.iter().map(|log_id| (*log_id).to_owned()).collect();
        let clean = StreamLine {
            cloud: "AWS",
            sent_batch_count: 9,
            lost: ids(&["1", "2"]),
            refused: ids(&[]),
            gaps: ids(&["1", "2"]),
            counted_gap_count: 2,
        };
        let check = |stream: StreamLine, is_clean| {
            let report = Report {
                paths: Vec::new(),
                sinks: vec![sink()],
                streams: vec![stream],
                functions: Vec::new(),
                costs: Vec::new(),
            };
            assert_eq!(report.is_clean(), is_clean, "{report}");
        };
        let changed = |change: fn(&mut StreamLine)| {
            let mut stream = clean.clone();
            change(&mut stream);
            stream
        };
        check(clean.clone(), true);
        check(changed(|stream| drop(stream.gaps.pop_first())), false);
        check(changed(|stream| drop(stream.lost.pop_first())), false);
        check(changed(|stream| stream.counted_gap_count = 3), false);
        check(
            changed(|stream| stream.refused = stream.lost.clone()),
            false,
        );
        let nothing_lost = changed(|stream| {
            stream.lost.clear();
            stream.gaps.clear();
            stream.counted_gap_count = 0;
        });
        check(nothing_lost, false);
    }
}
