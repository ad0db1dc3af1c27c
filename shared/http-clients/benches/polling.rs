//! How many requests a poll costs, how near it comes to what the rate limit allows, and what memory it needs.
//!
//!     cargo bench -p http-clients --bench polling
//!
//! The tenant allows a burst of 50 requests and 16 a second. Polling 100,000 log events takes a minute.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fakes::auth0::{Auth0, RateLimit, TenantOptions, made_up};
use fakes::faults::Faults;
use http_clients::ManagementApi;
use relay::poll::{CheckpointStore, PollSettings, Poller, RunEnd, StoredCheckpoint};
use relay::settings::{CommonSettings, Reader};
use relay::{
    CounterFormat, Counters, DeadLetters, Deadline, Delivery, Destination, NoLedger, PortError,
    Relay, RelayParts, Remedy, Row, Sending, Sink,
};
use tenant_logs::{DeadLetter, Schema};
use tokio::time;

/// What the limit allows may be missed by so much.
const MAX_WALL_RATIO: f64 = 1.05;
const MAX_REQUESTS_PER_THOUSAND: f64 = 11.0;
/// How much more memory all log events may need than their first tenth.
const MAX_GROWTH_KB: u64 = 1_024;
const EVENTS: usize = 100_000;

/// A sink that takes everything at once.
#[derive(Debug, Default)]
struct Counting(Mutex<usize>);

impl Sink for Counting {
    fn name(&self) -> &'static str {
        "http"
    }

    async fn send(&self, rows: &[Row<'_>], _sending: &Sending) -> Delivery {
        if let Ok(mut count) = self.0.lock() {
            *count += rows.len();
        }
        Delivery::all_delivered(rows.len())
    }
}

/// Refuses every dead letter: there is none.
#[derive(Debug)]
struct NoDeadLetters;

impl DeadLetters for NoDeadLetters {
    async fn set_aside(&self, dead_letters: &[DeadLetter<'_>], _sending: &Sending) -> Delivery {
        Delivery::all_refused(
            dead_letters.len(),
            Remedy::Stop,
            "nothing is set aside here",
        )
    }

    fn can_hold(&self, _: &DeadLetter<'_>) -> bool {
        true
    }
}

/// A checkpoint that takes as long to save as a table's.
#[derive(Debug, Default)]
struct Checkpoints(Mutex<Option<(String, u64)>>);

impl Checkpoints {
    fn stored(&self) -> Option<(String, u64)> {
        self.0.lock().ok()?.clone()
    }
}

impl CheckpointStore for Checkpoints {
    type Tag = u64;

    async fn load(
        &self,
        _until: time::Instant,
    ) -> Result<Option<StoredCheckpoint<u64>>, PortError> {
        Ok(self.stored().map(|(value, tag)| StoredCheckpoint {
            value: Some(value),
            tag,
        }))
    }

    async fn save(
        &self,
        value: &str,
        found: Option<&u64>,
        _until: time::Instant,
    ) -> Result<Option<u64>, PortError> {
        time::sleep(Duration::from_millis(5)).await;
        let tag = found.map_or(0, |tag| tag + 1);
        if let Ok(mut stored) = self.0.lock() {
            *stored = Some((value.to_owned(), tag));
        }
        Ok(Some(tag))
    }
}

type BenchPoller = Poller<Counting, NoLedger, NoDeadLetters, ManagementApi, Checkpoints>;

/// What a poll of a whole log took.
struct Measured {
    requests: u64,
    wall: Duration,
    /// What the limit allows for so many requests.
    allowed: Duration,
    /// Peak memory after a tenth of the log events, and after all.
    early_kb: u64,
    peak_kb: u64,
}

fn poller(tenant: &Auth0, first: &str) -> Result<BenchPoller, Box<dyn Error>> {
    let of_tenant = tenant.settings();
    let lookup = |name: &str| match name {
        "TENANT_NAME" => Some("acme".to_owned()),
        "START_FROM" => Some(first.to_owned()),
        name => {
            let found = of_tenant.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        }
    };
    let mut reader = Reader::new(&lookup);
    let common = CommonSettings::read(&mut reader);
    let source = ManagementApi::read(&mut reader);
    let poll = PollSettings::read(&mut reader, &[], "LEDGER_TABLE");
    let (common, source, settings) = reader.finish(|| Some((common?, source?, poll?)))?;
    let function = "bench-poller";
    let parts = RelayParts {
        function,
        counters: Counters::of_each_invocation(function, &common.tenant, CounterFormat::Plain),
        common,
        dead_letters: NoDeadLetters,
    };
    let destination = Destination::new(Counting::default(), Schema::Raw);
    Ok(Poller {
        relay: Relay::polling(parts, None, vec![destination]),
        source,
        checkpoints: Checkpoints::default(),
        settings,
    })
}

async fn measure() -> Result<Measured, Box<dyn Error>> {
    let limit = RateLimit::PRODUCTION;
    let options = TenantOptions {
        rate_limit: Some(limit),
        ..TenantOptions::default()
    };
    let tenant = Auth0::start(options, Faults::healthy()).await?;
    let every = Duration::from_secs(1).try_into()?;
    let log = made_up(EVENTS, "2026-11-01T00:00:00Z".parse()?, every, 1);
    let first = log.first().map(|event| event.log_id.clone());
    tenant.log().extend(log);
    let poller = poller(&tenant, &first.unwrap_or_default())?;

    let before_kb = status_kb("VmRSS:")?;
    reset_peak()?;
    let begun = Instant::now();
    let (wall, early_kb) = tokio::try_join!(
        async {
            catch_up(&poller).await?;
            Ok::<_, Box<dyn Error>>(begun.elapsed())
        },
        async {
            while delivered(&poller) < EVENTS / 10 {
                time::sleep(Duration::from_millis(20)).await;
            }
            status_kb("VmHWM:")
        }
    )?;
    let delivered = delivered(&poller);
    if delivered != EVENTS {
        return Err(format!("{delivered} of {EVENTS} delivered").into());
    }
    let asked = tenant.requests();
    let requests = asked.iter().filter(|(what, _)| **what != "token");
    let requests = requests.map(|(_, count)| count).sum::<u64>();
    let waited_for = requests.saturating_sub(limit.burst.into());
    let allowed = Duration::from_secs(waited_for) / limit.per_second;
    Ok(Measured {
        requests,
        wall,
        allowed,
        early_kb: early_kb.saturating_sub(before_kb),
        peak_kb: status_kb("VmHWM:")?.saturating_sub(before_kb),
    })
}

async fn catch_up(poller: &BenchPoller) -> Result<(), Box<dyn Error>> {
    loop {
        let deadline = Deadline::after(Duration::from_mins(4));
        if poller.run(&deadline).await?.end == RunEnd::CaughtUp {
            return Ok(());
        }
    }
}

fn delivered(poller: &BenchPoller) -> usize {
    let sinks = poller.relay.destinations.iter();
    let counts = sinks.filter_map(|to| to.sink.0.lock().ok().map(|count| *count));
    counts.sum()
}

/// A figure of this process's memory, the tenant's log included.
fn status_kb(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().next());
    Ok(figure.ok_or("no such figure")?.parse()?)
}

/// From now on the peak is counted anew.
fn reset_peak() -> io::Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures for people, far below 2^52"
)]
#[expect(
    clippy::as_conversions,
    reason = "there is no other one from u64 to f64"
)]
fn float(number: u64) -> f64 {
    number as f64
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let measured = measure().await?;
    let per_thousand = float(measured.requests) * 1_000.0 / float(u64::try_from(EVENTS)?);
    let ratio = measured.wall.as_secs_f64() / measured.allowed.as_secs_f64();
    let mut out = io::stderr();
    writeln!(
        out,
        "{EVENTS} log events: {} requests, {per_thousand:.2} per 1,000 (at most {MAX_REQUESTS_PER_THOUSAND}); {:.1} s, of what \
         the limit allows {ratio:.3} (at most {MAX_WALL_RATIO}); peak memory above the tenant's log {} kB after a tenth, {} kB \
         after all (at most {MAX_GROWTH_KB} kB more)",
        measured.requests,
        measured.wall.as_secs_f64(),
        measured.early_kb,
        measured.peak_kb,
    )?;
    let is_met = per_thousand <= MAX_REQUESTS_PER_THOUSAND
        && ratio <= MAX_WALL_RATIO
        && measured.peak_kb <= measured.early_kb + MAX_GROWTH_KB;
    Ok(if is_met {
        ExitCode::SUCCESS
    } else {
        writeln!(out, "a floor is not met")?;
        ExitCode::FAILURE
    })
}
