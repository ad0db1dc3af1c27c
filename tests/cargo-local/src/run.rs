//! One run: sends an input through every path, waits until it has arrived, and counts what arrived.

mod arrivals;
mod azure;
mod costs;
mod dead_letters;
mod sending;
mod stream;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::binaries::Binaries;
use crate::cloud::Cloud;
use crate::input::{Expected, Input};
use crate::report::{Report, SinkLine, StreamLine};
use arrivals::{Counted, SinkCounters, counters_of, events_in_file};
use dead_letters::SetAside;
use hosts::lambda::Function;
use sending::Sending;
use stream::{Tenant, has_told, line};

pub use azure::run_azure;
pub use dead_letters::DeadLetterReport;

/// How long what was sent may take to arrive after the last request.
const ARRIVAL_TIMEOUT: Duration = Duration::from_mins(10);
/// How long a run of the poller may take, as where it is deployed.
const POLL_TIMEOUT: Duration = Duration::from_mins(5);

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
    /// The poller does not start, or its run fails.
    #[error("cannot poll")]
    Poll(#[source] Box<dyn Error + Send + Sync>),
    /// An output file cannot be read back.
    #[error("cannot read an output file")]
    Output(#[source] io::Error),
}

/// Sends an input, waits for it, and reports; with the sample, a tenant's log that a stream loses a part of, and polls it.
pub async fn run(
    cloud: &Cloud,
    binaries: &Binaries,
    input: Input,
    dead_letters: &DeadLetterReport,
    file_sink: PathBuf,
) -> Result<Report, RunError> {
    let mut expected = input.expected();
    let has_stream = matches!(input, Input::Sample(_));
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
    let cost = costs::of_aws(cloud, &paths);
    let pushed_count = Counted::from(cloud.collector.log_ids()).distinct_count();
    let polled = if has_stream {
        progress.set_message("a stream that loses batches, and a poll");
        Some(stream_and_poll(cloud, binaries, &mut expected).await?)
    } else {
        None
    };
    progress.finish_and_clear();

    let at_sinks = at_sinks(cloud, &file_sink).await?;
    let set_aside = dead_letters.moved();
    let sinks = at_sinks.map(|(name, counted, counters)| SinkLine {
        name,
        received_count: expected.element_count,
        delivered_count: counted.distinct_count(),
        duplicate_count: counters.duplicate,
        handed_back_count: counters.refused,
        set_aside_count: set_aside.count(),
        gap_count: polled.as_ref().map(|(stream, _)| stream.gap_count()),
        lost_count: lost(&expected, &counted, &set_aside),
        twice_count: counted.twice_count(),
        pushed: (pushed_count, elapsed),
    });
    let mut functions = vec![
        (cloud.ingest.name().to_owned(), cloud.ingest.usage()),
        (cloud.target.name().to_owned(), cloud.target.usage()),
    ];
    if let Some((_, poller)) = &polled {
        functions.push((poller.name().to_owned(), poller.usage()));
    }
    Ok(Report {
        paths,
        sinks: sinks.into(),
        streams: polled.into_iter().map(|(stream, _)| stream).collect(),
        functions,
        costs: vec![cost],
    })
}

/// What each sink has, and what the target says of it, once it has said all.
async fn at_sinks(
    cloud: &Cloud,
    file_sink: &Path,
) -> Result<[(&'static str, Counted, SinkCounters); 2], RunError> {
    let at_collector = Counted::from(cloud.collector.log_ids());
    let in_file = events_in_file(file_sink).map_err(RunError::Output)?;
    let sinks = [("http", at_collector), ("file", in_file)];
    let all_told = |output: &str| {
        let told = |(name, counted): &(&str, Counted)| {
            counters_of(output, name).delivered >= counted.distinct_count()
        };
        sinks.iter().all(told)
    };
    let output = cloud.target.output_when(all_told).await;
    Ok(sinks.map(|(name, counted)| (name, counted, counters_of(&output, name))))
}

/// Sends a tenant's log as a stream that loses a part of it, and polls the log once the queues are empty.
async fn stream_and_poll(
    cloud: &Cloud,
    binaries: &Binaries,
    expected: &mut Expected,
) -> Result<(StreamLine, Arc<Function>), RunError> {
    let tenant = Tenant::start().await.map_err(RunError::Send)?;
    tenant.expect(expected);
    let streamed = tenant.stream_to(cloud.webhook.url()).await;
    arrived(cloud).await?;
    let lacked = tenant.lacking(&cloud.collector.log_ids());
    let settings = tenant.poller_settings("http,file");
    let poller = cloud.start_poller(binaries, settings, POLL_TIMEOUT);
    let poller = poller.map_err(|error| RunError::Poll(error.into()))?;
    let answer = poller.invoke("{}").await;
    answer.map_err(|error| RunError::Poll(error.into()))?;
    arrived(cloud).await?;
    let still = tenant.lacking(&cloud.collector.log_ids());
    let output = poller.output_when(has_told).await;
    Ok((line("AWS", streamed, (&lacked, &still), &output), poller))
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
