//! A run over the Azure paths: most bodies by the webhook app, some as events of the partner topic.

use std::error::Error;
use std::io;
use std::time::Instant;

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Value, json};
use tenant_logs::LogEvent;

use super::arrivals::{Counted, counters_of};
use super::costs::of_azure;
use super::dead_letters::SetAside;
use super::sending::{of_partner, post_as_auth0};
use super::stream::{Tenant, has_told, line};
use super::{ARRIVAL_TIMEOUT, RunError, lost, progress_bar};
use crate::azure_cloud::{AzureCloud, INGEST, POLLER, PollerApp, SUBSCRIBER};
use crate::binaries::Binaries;
use crate::input::{Expected, Input};
use crate::report::{PathLine, Report, SinkLine, StreamLine};
use fakes::identifier::new_id;

const SINK: &str = "log-analytics";

/// Sends an input, waits for it, and reports; with the sample, a tenant's log that a stream loses a part of, and polls it.
pub async fn run_azure(
    cloud: &AzureCloud,
    binaries: &Binaries,
    input: Input,
) -> Result<Report, RunError> {
    let mut expected = input.expected();
    let has_stream = matches!(input, Input::Sample(_));
    let progress = progress_bar(expected.element_count);
    let begun = Instant::now();
    let paths = send(cloud, input, &progress).await?;
    let cost = of_azure(cloud, &paths);
    let pushed = (
        Counted::from(cloud.logs.log_ids()).distinct_count(),
        begun.elapsed(),
    );
    let polled = if has_stream {
        progress.set_message("a stream that loses batches, and a poll");
        Some(stream_and_poll(cloud, binaries, &mut expected, &progress).await?)
    } else {
        None
    };
    progress.finish_and_clear();

    let counted = Counted::from(cloud.logs.log_ids());
    let counters = counters_of(&cloud.subscriber.output(), SINK);
    let mut set_aside = SetAside::default();
    for dead_letter in cloud.dead_letters.blobs().values() {
        set_aside.add(dead_letter);
    }
    let sink = SinkLine {
        name: SINK,
        received_count: expected.element_count,
        delivered_count: counted.distinct_count(),
        duplicate_count: counters.duplicate,
        handed_back_count: counters.refused,
        set_aside_count: set_aside.count(),
        gap_count: polled.as_ref().map(|(stream, _)| stream.gap_count()),
        lost_count: lost(&expected, &counted, &set_aside),
        twice_count: counted.twice_count(),
        pushed,
    };
    let mut functions = vec![
        (INGEST.to_owned(), cloud.ingest.usage()),
        (SUBSCRIBER.to_owned(), cloud.subscriber.usage()),
    ];
    if let Some((_, poller)) = &polled {
        functions.push((POLLER.to_owned(), poller.host.usage()));
    }
    Ok(Report {
        paths,
        sinks: vec![sink],
        streams: polled.into_iter().map(|(stream, _)| stream).collect(),
        functions,
        costs: vec![cost],
    })
}

/// Sends an input over both ways, one body after the other.
async fn send(
    cloud: &AzureCloud,
    input: Input,
    progress: &ProgressBar,
) -> Result<Vec<PathLine>, RunError> {
    let mut webhook = PathLine::new("webhook app, topic, subscriber app");
    let mut partner = PathLine::new("partner topic, subscriber app");
    for (number, body) in input.bodies().enumerate() {
        let (events, is_whole) = of_partner(&body, partner_event);
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        // Only log events come from a partner, so a body with anything else goes by the webhook.
        if number % 4 == 3 && is_whole {
            partner.add(count);
            let put = cloud.partner_topic.put(&events);
            put.map_err(|problem| RunError::Send(io::Error::other(problem)))?;
        } else {
            webhook.add(count);
            let url = cloud.webhook_url();
            let status = post_as_auth0(&url, body).await.map_err(RunError::Send)?;
            *webhook.answers.entry(status).or_default() += 1;
        }
        // One delivery at a time, so that an event that is sent again is a repeat and not a live claim of another's.
        settle(cloud, progress).await?;
        progress.inc(count);
    }
    let paths = [webhook, partner].into_iter();
    Ok(paths.filter(|path| path.body_count > 0).collect())
}

/// Sends a tenant's log as a stream that loses a part of it, and polls the log once nothing is on its way.
async fn stream_and_poll(
    cloud: &AzureCloud,
    binaries: &Binaries,
    expected: &mut Expected,
    progress: &ProgressBar,
) -> Result<(StreamLine, PollerApp), RunError> {
    let failed = |error: Box<dyn Error + Send + Sync>| RunError::Poll(error);
    let tenant = Tenant::start().await.map_err(RunError::Send)?;
    tenant.expect(expected);
    let streamed = tenant.stream_to(cloud.webhook_url()).await;
    settle(cloud, progress).await?;
    let lacked = tenant.lacking(&cloud.logs.log_ids());
    let settings = tenant.poller_settings(SINK);
    let poller = cloud.start_poller(binaries, settings).await;
    let poller = poller.map_err(|error| failed(error.into()))?;
    let ran = poller.host.run_timer("poll").await;
    ran.map_err(|problem| failed(problem.into()))?;
    let still = tenant.lacking(&cloud.logs.log_ids());
    let output = poller.host.output_when(has_told).await;
    let line = line("Azure", streamed, (&lacked, &still), &output);
    Ok((line, poller))
}

async fn settle(cloud: &AzureCloud, progress: &ProgressBar) -> Result<(), RunError> {
    progress.tick();
    let settled = cloud.settled(ARRIVAL_TIMEOUT).await;
    settled.map_err(|waiting| RunError::Stuck {
        waiting,
        timeout: ARRIVAL_TIMEOUT,
    })
}

/// A log event as Auth0 puts it onto its topic.
fn partner_event(log_event: &LogEvent<'_>) -> Value {
    let record: Value = serde_json::from_str(log_event.record()).unwrap_or_default();
    // Flat as the topic has it, unless the record does not name itself.
    let is_named = record.get("log_id").and_then(Value::as_str) == Some(log_event.log_id());
    let data = if is_named {
        record
    } else {
        serde_json::from_str(&log_event.detail()).unwrap_or_default()
    };
    json!({
        "id": new_id(),
        "subject": log_event.event_type().unwrap_or("unknown"),
        "eventType": "com.auth0.Log",
        "eventTime": Timestamp::now().to_string(),
        "dataVersion": "1.0",
        "data": data,
    })
}
