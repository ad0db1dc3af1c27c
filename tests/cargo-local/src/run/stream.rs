//! A tenant whose HTTP stream loses batches and pauses, and what its poller finds: the gaps are what the stream lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use fakes::auth0::{Auth0, HttpStream, Logged, Streamed, TenantOptions, made_up};
use fakes::faults::Faults;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::cloud::TOKEN;
use crate::input::Expected;
use crate::report::StreamLine;

/// Log events of the tenant.
const EVENT_COUNT: usize = 500;
/// One each so often. The last one is older than the time for which a poller leaves events to push.
const EVERY: SignedDuration = SignedDuration::from_secs(2);
const LAST_AGE: SignedDuration = SignedDuration::from_mins(15);
const BATCH_SIZE: usize = 5;
const LOST_PERCENT: u8 = 3;
/// After how many batches the stream pauses, and for how long.
const PAUSE: (usize, Duration) = (50, Duration::from_millis(300));
/// With this one three of the hundred batches are lost.
const SEED: u64 = 4;

/// A tenant with its log.
pub(super) struct Tenant {
    auth0: Auth0,
    log: Vec<Logged>,
}

impl Tenant {
    /// Starts the tenant's Management API.
    pub(super) async fn start() -> io::Result<Self> {
        let auth0 = Auth0::start(TenantOptions::default(), Faults::healthy()).await?;
        let count = i32::try_from(EVENT_COUNT).unwrap_or(i32::MAX);
        let from = Timestamp::now() - LAST_AGE - EVERY * count;
        let log = made_up(EVENT_COUNT, from, EVERY, SEED);
        auth0.log().extend(log.iter().cloned());
        Ok(Self { auth0, log })
    }

    /// The settings of a poller that begins with the first log event, and leaves out what a sink has.
    pub(super) fn poller_settings(&self, gap_sinks: &str) -> Vec<(String, String)> {
        let mut settings = self.auth0.settings();
        let first = self.log.first().map(|event| event.log_id.clone());
        settings.push(("START_FROM".to_owned(), first.unwrap_or_default()));
        settings.push(("GAP_SINKS".to_owned(), gap_sinks.to_owned()));
        settings
    }

    /// Sends the log as a stream, but for what that loses.
    pub(super) async fn stream_to(&self, url: String) -> Streamed {
        let stream = HttpStream {
            url,
            authorization: TOKEN.to_owned(),
            batch_size: BATCH_SIZE,
            events_per_second: None,
            lost_percent: LOST_PERCENT,
            pause: Some(PAUSE),
            retry_after: Duration::from_millis(200),
            seed: SEED,
        };
        stream.send(&self.log).await
    }

    /// Adds what must come out of this log to what must come out of an input.
    pub(super) fn expect(&self, expected: &mut Expected) {
        let log_ids = self.log.iter().map(|event| event.log_id.clone());
        expected.log_ids.extend(log_ids);
        expected.element_count += u64::try_from(self.log.len()).unwrap_or(u64::MAX);
    }

    /// The log events of this tenant that a sink lacks.
    pub(super) fn lacking(&self, at_sink: &BTreeMap<String, u64>) -> BTreeSet<String> {
        let log_ids = self.log.iter().map(|event| &event.log_id);
        let lacking = log_ids.filter(|log_id| !at_sink.contains_key(*log_id));
        lacking.cloned().collect()
    }
}

/// The line of the report: `lacked` is what the sink lacked before the poll, `still` what it lacks after it.
pub(super) fn line(
    cloud: &'static str,
    streamed: Streamed,
    (lacked, still): (&BTreeSet<String>, &BTreeSet<String>),
    poller_output: &str,
) -> StreamLine {
    StreamLine {
        cloud,
        sent_batch_count: streamed.sent_batches,
        lost: streamed.lost.into_iter().collect(),
        refused: streamed.refused.into_iter().collect(),
        gaps: lacked.difference(still).cloned().collect(),
        counted_gap_count: counters(poller_output).sum(),
    }
}

/// Whether a poller has written its counters.
pub(super) fn has_told(output: &str) -> bool {
    counters(output).next().is_some()
}

/// The gaps of each counter line, nothing where the counter is zero.
fn counters(output: &str) -> impl Iterator<Item = u64> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(default)]
        gap: u64,
        sink: Option<String>,
    }
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines
        .filter(|line| line.sink.is_some())
        .map(|line| line.gap)
}
