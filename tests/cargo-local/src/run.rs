//! One run: sends an input through every path, waits until it has arrived, and counts what arrived.

mod arrivals;
mod azure;
mod costs;
mod dead_letters;
mod sending;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cloud::Cloud;
use crate::input::{Expected, Input};
use crate::report::{Report, SinkLine};
use arrivals::{Counted, counters_of, events_in_file};
use dead_letters::SetAside;
use sending::Sending;

pub use azure::run_azure;
pub use dead_letters::DeadLetterReport;

/// How long what was sent may take to arrive after the last request.
const ARRIVAL_TIMEOUT: Duration = Duration::from_mins(10);

/// Why a run ends before its table.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The webhook cannot be reached.
    #[error("cannot send to the webhook")]
    Send(#[source] io::Error),
    /// What was sent does not arrive.
    #[error("{waiting} messages have not arrived within {timeout:?}")]
    Stuck {
        /// Messages or invocations still waiting.
        waiting: usize,
        /// How long we waited.
        timeout: Duration,
    },
    /// An output file cannot be read back.
    #[error("cannot read an output file")]
    Output(#[source] io::Error),
}

/// Sends an input, waits for it, and reports.
pub async fn run(
    cloud: &Cloud,
    input: Input,
    dead_letters: &DeadLetterReport,
    file_sink: PathBuf,
) -> Result<Report, RunError> {
    let expected = input.expected();
    let progress = progress_bar(expected.element_count);
    let begun = Instant::now();
    let mut sending = Sending::new(cloud, &progress);
    for body in input.bodies() {
        sending.send(body).await?;
    }
    let paths = sending.finish().await?;
    progress.set_message("waiting for the last events");
    arrived(cloud).await?;
    let elapsed = begun.elapsed();
    progress.finish_and_clear();

    let at_collector = Counted::from(cloud.collector.log_ids());
    let in_file = events_in_file(&file_sink).map_err(RunError::Output)?;
    let sinks = [("http", at_collector), ("file", in_file)];
    let all_told = |output: &str| {
        let told = |(name, counted): &(&str, Counted)| {
            counters_of(output, name).delivered >= counted.distinct_count()
        };
        sinks.iter().all(told)
    };
    let output = cloud.target.output_when(all_told).await;
    let set_aside = dead_letters.moved();
    let sinks = sinks.map(|(name, counted)| {
        let counters = counters_of(&output, name);
        SinkLine {
            name,
            received_count: expected.element_count,
            delivered_count: counted.distinct_count(),
            duplicate_count: counters.duplicate,
            handed_back_count: counters.refused,
            set_aside_count: set_aside.count(),
            lost_count: lost(&expected, &counted, &set_aside),
            twice_count: counted.twice_count(),
            elapsed,
        }
    });
    Ok(Report {
        costs: vec![costs::of_aws(cloud, &paths)],
        paths,
        sinks: sinks.into(),
        functions: vec![
            (cloud.ingest.name().to_owned(), cloud.ingest.usage()),
            (cloud.target.name().to_owned(), cloud.target.usage()),
        ],
    })
}

/// Waits until nothing is on its way any more.
async fn arrived(cloud: &Cloud) -> Result<(), RunError> {
    let stuck = |waiting| RunError::Stuck {
        waiting,
        timeout: ARRIVAL_TIMEOUT,
    };
    let queues = [&cloud.deliver_queue, &cloud.set_aside_queue];
    cloud
        .direct_bus
        .settled(ARRIVAL_TIMEOUT)
        .await
        .map_err(stuck)?;
    for queue in queues {
        let emptied = queue.emptied(ARRIVAL_TIMEOUT).await;
        emptied.map_err(|depth| stuck(depth.total()))?;
    }
    Ok(())
}

/// What is neither at a sink nor set aside.
fn lost(expected: &Expected, counted: &Counted, set_aside: &SetAside) -> u64 {
    let sent = expected.log_ids.iter();
    let missing = sent.filter(|log_id| !counted.has(log_id) && !set_aside.has(log_id));
    let missing = u64::try_from(missing.count()).unwrap_or(u64::MAX);
    let poison_count = set_aside.poison_count(expected);
    missing + expected.poison_count.saturating_sub(poison_count)
}

fn progress_bar(length: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} events {per_sec} {msg}");
    let progress = ProgressBar::new(length);
    // The template is fixed, so a style is always there; without one the bar is plain.
    match style {
        Ok(style) => progress.with_style(style),
        Err(_) => progress,
    }
}
