//! Whole processes: what the real binaries do with a CPU-second, how fast they start, how much memory they take.
//!
//! `cargo bench -p pipeline --bench processes [-- target ingest start memory azure]`. The binaries are those of the profile
//! `bench`; each runs under our own Lambda Runtime API, and only its own CPU time counts. `azure` makes release builds,
//! one package at a time, and measures time. A floor that is missed ends it with an error.

mod azure;
mod contender;
mod endpoint;
mod handler_process;
mod payload;
mod peers;
mod report;
mod share;
mod start;
mod stream;
mod throughput;

use std::error::Error;
use std::fs;

use cargo_local::binaries::{Binaries, Profile, Progress, build};
use fakes::aws::dynamodb::Table;
use fakes::faults::Faults;

use contender::Contender;
use endpoint::{Endpoint, TlsEndpoint};
use payload::Payload;
use report::{Report, megabytes, millis, say};
use share::SmallShare;
use start::{Start, Way};
use throughput::measure;

const EVENTS: u32 = 200_000;
const PEER_EVENTS: u32 = 20_000;
const TABLE_EVENTS: u32 = 50_000;
/// What a ledger on a table leaves of the target's throughput: the rest is a reading and two writes for each batch of 100.
const TABLE_FLOOR: f64 = 0.33;
/// What is measured under our Lambda Runtime API.
const LAMBDA_PARTS: [&str; 4] = ["target", "ingest", "start", "memory"];
const MEMORY_FLOOR_MEGABYTES: f64 = 16.0;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut report = Report::default();
    let stream = stream::make(2_000)?;
    say(&format!("stream: {}; load: {}", stream.origin, load()));
    if LAMBDA_PARTS.into_iter().any(is_asked) {
        lambdas(&stream.bodies, &mut report).await?;
    }
    if is_asked("azure") {
        azure::measure(&stream.bodies, &one_event(&stream.bodies)?, &mut report).await?;
    }
    say(&format!("load: {}", load()));
    match report.missed() {
        missed if missed.is_empty() => Ok(()),
        missed => Err(format!("below the floor: {}", missed.join(", ")).into()),
    }
}

async fn lambdas(bodies: &[String], report: &mut Report) -> Result<(), Box<dyn Error>> {
    let binaries = build(Profile::Bench, Progress::Shown).await?;
    let [is_target, is_ingest, is_start, is_memory] = LAMBDA_PARTS.map(is_asked);
    if is_target {
        target(&binaries, bodies, report).await?;
    }
    if is_ingest {
        ingest(&binaries, bodies, report).await?;
    }
    if is_start {
        starts(&binaries, bodies, report).await?;
    }
    if is_memory {
        memory(&binaries, bodies, report).await?;
    }
    Ok(())
}

/// Every part is measured unless some are named.
fn is_asked(part: &str) -> bool {
    let mut named = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .peekable();
    named.peek().is_none() || named.any(|word| word == part)
}

async fn target(
    binaries: &Binaries,
    bodies: &[String],
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let ours = Contender::ours(binaries, "aws-eventbridge-target")?;
    let collector = Endpoint::collector().await?;
    let mut payloads = all(bodies, Payload::sqs)?;
    let function = ours.target(&collector)?;
    let throughput = measure(&function, &mut payloads, &collector, EVENTS).await?;
    say(&format!(
        "aws-eventbridge-target: SQS batches of 100 to the http sink, {} events",
        throughput.events
    ));
    say(&format!(
        "  {:.0} events a CPU-second, peak memory {:.1} MB",
        throughput.events_a_cpu_second,
        megabytes(throughput.peak_bytes)
    ));
    let table = Table::start("ledger", Faults::healthy()).await?;
    let function = ours.target_on_table(&collector, &table)?;
    let on_table = measure(&function, &mut payloads, &collector, TABLE_EVENTS).await?;
    say(&format!(
        "  with its ledger on a table: {:.0} events a CPU-second, peak memory {:.1} MB",
        on_table.events_a_cpu_second,
        megabytes(on_table.peak_bytes)
    ));
    let ratio = on_table.events_a_cpu_second / throughput.events_a_cpu_second;
    report.at_least("of that with a ledger in memory", ratio, TABLE_FLOOR, "");
    let peer = match peers::python_target() {
        Ok(peer) => peer,
        Err(reason) => {
            say(&format!("  python with orjson: skipped: {reason}"));
            return Ok(());
        }
    };
    let function = peer.target(&collector)?;
    let theirs = measure(&function, &mut payloads, &collector, EVENTS).await?;
    say(&format!(
        "  python with orjson: {:.0} events a CPU-second, peak memory {:.1} MB",
        theirs.events_a_cpu_second,
        megabytes(theirs.peak_bytes)
    ));
    let ratio = throughput.events_a_cpu_second / theirs.events_a_cpu_second;
    report.at_least(
        "times python with orjson's events a CPU-second",
        ratio,
        2.0,
        "",
    );
    Ok(())
}

async fn ingest(
    binaries: &Binaries,
    bodies: &[String],
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let ours = Contender::ours(binaries, "aws-webhook-ingest")?;
    let bus = Endpoint::event_bus().await?;
    let mut payloads = all(bodies, Payload::webhook)?;
    let function = ours.ingest(&bus.url(), None)?;
    let throughput = measure(&function, &mut payloads, &bus, EVENTS).await?;
    say(&format!(
        "aws-webhook-ingest: requests of 100 events to PutEvents, {} events",
        throughput.events
    ));
    say(&format!(
        "  events a CPU-second: {:.0}",
        throughput.events_a_cpu_second
    ));
    let peak = megabytes(throughput.peak_bytes);
    report.at_most("peak memory", peak, MEMORY_FLOOR_MEGABYTES, " MB");
    let peer = match peers::python() {
        Ok(peer) => peer,
        Err(reason) => {
            say(&format!("  python with boto3: skipped: {reason}"));
            return Ok(());
        }
    };
    let function = peer.ingest(&bus.url(), None)?;
    let theirs = measure(&function, &mut payloads, &bus, PEER_EVENTS).await?;
    say(&format!(
        "  python with boto3: {:.0} events a CPU-second, peak memory {:.1} MB",
        theirs.events_a_cpu_second,
        megabytes(theirs.peak_bytes)
    ));
    let ratio = throughput.events_a_cpu_second / theirs.events_a_cpu_second;
    report.at_least("times python's events a CPU-second", ratio, 6.0, "");
    Ok(())
}

async fn starts(
    binaries: &Binaries,
    bodies: &[String],
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let mut contenders = vec![Contender::ours(binaries, "aws-webhook-ingest")?];
    for (name, peer) in [
        ("bare", peers::bare()),
        ("python", peers::python()),
        ("node", peers::node()),
    ] {
        match peer {
            Ok(peer) => contenders.push(peer),
            Err(reason) => say(&format!("{name}: skipped: {reason}")),
        }
    }
    let bus = Endpoint::event_bus().await?;
    let over_tls = TlsEndpoint::of(&bus).await?;
    let one_event = one_event(bodies)?;
    let mut payload = Payload::webhook(&one_event)?;
    let whole_core = 31;
    for (name, way) in [("HTTP", Way::Http(&bus)), ("TLS", Way::Tls(&over_tls))] {
        let starts = start::measure(&contenders, &way, (whole_core, 1), &mut payload).await?;
        tell(&starts, &format!("over {name}, medians of {whole_core}"));
        classify(&starts, name, report);
    }
    let share = match SmallShare::new() {
        Ok(share) => share,
        Err(reason) => {
            say(&format!("the CPU share of 128 MB: skipped: {reason}"));
            return Ok(());
        }
    };
    let of_share: Result<Vec<_>, _> = contenders.iter().map(|each| share.of(each)).collect();
    let (way, rounds, quick) = (Way::Tls(&over_tls), 9, 7);
    let starts = start::measure(&of_share?, &way, (rounds, quick), &mut payload).await?;
    let name = "TLS, CPU share of 128 MB";
    let how =
        format!("over {name}, medians of {rounds}, of {quick} times as many where it is quick");
    tell(&starts, &how);
    classify(&starts, name, report);
    Ok(())
}

fn tell(starts: &[Start], how: &str) {
    say(&format!("start to first answer, one PutEvents {how}"));
    for start in starts {
        let (wall, cpu) = (millis(start.wall), millis(start.cpu));
        say(&format!("  {}: {wall:.1} ms, CPU {cpu:.1} ms", start.name));
    }
}

fn classify(starts: &[Start], way: &str, report: &mut Report) {
    let Some((ours, peers)) = starts.split_first() else {
        return;
    };
    for peer in peers {
        let times = peer.wall.as_secs_f64() / ours.wall.as_secs_f64();
        let faster = format!("times faster than {}, {way}", peer.name);
        match peer.name {
            peers::PYTHON => report.at_least(&faster, times, 20.0, ""),
            peers::NODE => report.at_least(&faster, times, 12.0, ""),
            bare => {
                let longer = format!("times as long as {bare}, {way}");
                report.at_most(&longer, 1.0 / times, 1.6, "");
            }
        }
    }
}

async fn memory(
    binaries: &Binaries,
    bodies: &[String],
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let ingest = Contender::ours(binaries, "aws-webhook-ingest")?;
    let target = Contender::ours(binaries, "aws-eventbridge-target")?;
    let bus = Endpoint::event_bus().await?;
    let collector = Endpoint::collector().await?;
    let mut webhooks = all(bodies, Payload::webhook)?;
    let mut batches = all(bodies, Payload::sqs)?;
    say("peak memory by events");
    let mut peaks = Vec::new();
    for events in [1_000, 100_000, 1_000_000] {
        let function = ingest.ingest(&bus.url(), None)?;
        let of_ingest = measure(&function, &mut webhooks, &bus, events).await?;
        let function = target.target(&collector)?;
        let of_target = measure(&function, &mut batches, &collector, events).await?;
        let both = [of_ingest, of_target].map(|cost| megabytes(cost.peak_bytes));
        let [ingest, target] = both;
        say(&format!(
            "  {events}: aws-webhook-ingest {ingest:.1} MB, aws-eventbridge-target {target:.1} MB"
        ));
        peaks.push(both);
    }
    // The target's ledger is full at 100,000 events, and grows no more.
    if let [[ingest, _], [_, target], [last_ingest, last_target]] = peaks.as_slice() {
        let of_ingest = last_ingest / ingest;
        report.at_most("ingest, a million by a thousand", of_ingest, 1.25, "");
        let of_target = last_target / target;
        report.at_most("target, a million by a full ledger", of_target, 1.25, "");
    }
    Ok(())
}

fn all(
    bodies: &[String],
    make: fn(&str) -> Result<Payload, Box<dyn Error>>,
) -> Result<Vec<Payload>, Box<dyn Error>> {
    bodies.iter().map(|body| make(body)).collect()
}

/// The first event of the stream as a body of its own.
fn one_event(bodies: &[String]) -> Result<String, Box<dyn Error>> {
    let body = bodies.first().ok_or("the stream is empty")?;
    let parsed = tenant_logs::parse(body)?;
    let first = parsed.log_events.first().ok_or("the stream has no event")?;
    Ok(format!("[{}]", first.detail()))
}

/// What else the machine does: figures of a busy one are only good as ratios.
fn load() -> String {
    let average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    average.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
