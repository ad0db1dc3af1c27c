//! The Azure functions beside a bare axum custom handler: start, latency, memory, size; each at most twice its figure.
//!
//! All are release builds of one package, called over loopback as the Functions host calls them. The bare handler reads
//! events into `serde_json::Value` and answers: that is the one whose start ours is held against, because the host's
//! first ping needs nothing else of either. Ours sends events on before it answers, checks, remembers and counts them.
//! So latency, memory and size are held against a bare handler that posts the same events, by the same HTTP client, to
//! the same endpoint, which answers at once; the figures of the one without a sink stand beside it. No bare handler
//! remembers what it has sent, so the ledger that the subscriber keeps in its own memory counts as its own cost.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cargo_local::azure_cloud::{INGEST, SUBSCRIBER};
use cargo_local::binaries::{Progress, build_alone};
use cargo_local::cloud::{TENANT, TOKEN};
use fakes::azure::entra::Entra;
use fakes::faults::Faults;

use crate::endpoint::Endpoint;
use crate::handler_process::HandlerProcess;
use crate::payload::Payload;
use crate::peers;
use crate::report::{Report, megabytes, millis, say};
use crate::start::median;

const STARTS: usize = 31;
/// Latency is measured in turns, so that whatever else the machine does slows all of them alike.
const TURNS: usize = 20;
const CALLS_OF_ONE_A_TURN: usize = 50;
const CALLS_OF_MANY_A_TURN: usize = 10;
const WARM_UP: usize = 30;
const MEMORY_CALLS: usize = 50;
const MAX_TIMES: f64 = 2.0;
const MAX_MEGABYTES_OF_MEMORY: f64 = 16.0;
const MAX_MEGABYTES_OF_BINARY: f64 = 8.0;

/// One who is measured.
struct Handler {
    name: &'static str,
    program: PathBuf,
    environment: Vec<(String, String)>,
    /// Whether every call becomes one request to the endpoint.
    has_sink: bool,
}

/// What is sent to all of them alike.
struct Calls {
    path: &'static str,
    headers: String,
    one: Payload,
    many: Payload,
    next: u64,
    endpoint: Endpoint,
}

/// What one of them was measured to take, as medians.
struct Cost {
    name: &'static str,
    start: Duration,
    first_event: Duration,
    one: Duration,
    many: Duration,
    idle_bytes: u64,
    peak_bytes: u64,
    binary_bytes: u64,
}

/// Measures both functions.
pub(crate) async fn measure(
    bodies: &[String],
    one_event: &str,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let entra = Entra::start(Faults::healthy()).await?;
    for function in [INGEST, SUBSCRIBER] {
        let many = bodies.first().ok_or("the stream is empty")?;
        let mut calls = Calls::new(function, one_event, many).await?;
        let mut handlers = vec![ours(function, &entra, &calls.endpoint.url()).await?];
        match bare(&calls.endpoint.url()) {
            Ok(bare) => handlers.extend(bare),
            Err(reason) => say(&format!("bare axum: skipped: {reason}")),
        }
        let costs = costs(&handlers, &mut calls)?;
        tell(&costs, calls.many.event_count());
        classify(&costs, report);
    }
    Ok(())
}

async fn ours(
    function: &'static str,
    entra: &Entra,
    endpoint: &str,
) -> Result<Handler, Box<dyn Error>> {
    let built = build_alone(function, Progress::Shown).await?;
    let program = built
        .path(function)
        .ok_or("the build made no such binary")?;
    let own = [
        ("TENANT_NAME", TENANT),
        ("WEBHOOK_TOKENS", TOKEN),
        ("EVENT_TOPIC_ENDPOINT", endpoint),
        ("SINKS", if function == INGEST { "" } else { "http" }),
        ("HTTP_SINK_URL", endpoint),
        // Nothing is set aside here: whatever is fails its call.
        (
            "DEAD_LETTER_CONTAINER_ENDPOINT",
            "http://127.0.0.1:9/dead-letters",
        ),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Handler {
        name: function,
        program: program.to_owned(),
        environment: entra.managed_identity().into_iter().chain(own).collect(),
        has_sink: true,
    })
}

fn bare(endpoint: &str) -> Result<[Handler; 2], Box<dyn Error>> {
    let handler = |name, has_sink| -> Result<Handler, Box<dyn Error>> {
        Ok(Handler {
            name,
            program: peers::bare_axum(has_sink)?,
            environment: vec![("SINK_URL".to_owned(), endpoint.to_owned())],
            has_sink,
        })
    };
    Ok([
        handler("bare axum", false)?,
        handler("bare axum with a sink", true)?,
    ])
}

impl Calls {
    async fn new(function: &str, one: &str, many: &str) -> Result<Self, Box<dyn Error>> {
        let is_webhook = function == INGEST;
        let payload = if is_webhook {
            Payload::plain
        } else {
            Payload::invocation
        };
        let headers = if is_webhook {
            format!("authorization: {TOKEN}\r\ncontent-type: application/json\r\n")
        } else {
            "content-type: application/json; charset=utf-8\r\n".to_owned()
        };
        Ok(Self {
            path: if is_webhook { "/webhook" } else { "/deliver" },
            headers,
            one: payload(one)?,
            many: payload(many)?,
            next: 1,
            endpoint: Endpoint::anything().await?,
        })
    }

    fn make(
        &mut self,
        process: &mut HandlerProcess,
        is_one: bool,
    ) -> Result<Duration, Box<dyn Error>> {
        let payload = if is_one {
            &mut self.one
        } else {
            &mut self.many
        };
        let body = payload.renewed(&mut self.next);
        let answered = process.call(self.path, &self.headers, &body)?;
        if answered.status != 200 {
            let said = String::from_utf8_lossy(&answered.body).into_owned();
            return Err(format!("a call was answered {}: {said}", answered.status).into());
        }
        Ok(answered.after)
    }

    /// Makes calls and checks that the endpoint got each of them.
    fn make_all(
        &mut self,
        handler: &Handler,
        process: &mut HandlerProcess,
        (ones, manies): (usize, usize),
    ) -> Result<[Vec<Duration>; 2], Box<dyn Error>> {
        let before = self.endpoint.events();
        let mut times = [Vec::new(), Vec::new()];
        let [of_one, of_many] = &mut times;
        for _ in 0..ones {
            of_one.push(self.make(process, true)?);
        }
        for _ in 0..manies {
            of_many.push(self.make(process, false)?);
        }
        let arrived = self.endpoint.events() - before;
        let expected = if handler.has_sink { ones + manies } else { 0 };
        if usize::try_from(arrived)? == expected {
            Ok(times)
        } else {
            Err(format!("{}: {arrived} of {expected} calls arrived", handler.name).into())
        }
    }
}

fn costs(handlers: &[Handler], calls: &mut Calls) -> Result<Vec<Cost>, Box<dyn Error>> {
    let mut starts: Vec<[Vec<Duration>; 2]> = handlers.iter().map(|_| Default::default()).collect();
    for _ in 0..STARTS {
        for (handler, [first_answers, first_events]) in handlers.iter().zip(&mut starts) {
            let mut process = HandlerProcess::start(&handler.program, &handler.environment)?;
            let first_call = calls.make(&mut process, true)?;
            first_answers.push(process.start);
            first_events.push(process.start + first_call);
        }
    }
    let mut latencies: Vec<[Vec<Duration>; 2]> =
        handlers.iter().map(|_| Default::default()).collect();
    let mut processes = Vec::new();
    for handler in handlers {
        let mut process = HandlerProcess::start(&handler.program, &handler.environment)?;
        calls.make_all(handler, &mut process, (WARM_UP, WARM_UP))?;
        processes.push(process);
    }
    let turn = (CALLS_OF_ONE_A_TURN, CALLS_OF_MANY_A_TURN);
    for _ in 0..TURNS {
        let each = handlers.iter().zip(&mut processes).zip(&mut latencies);
        for ((handler, process), [ones, manies]) in each {
            let [of_one, of_many] = calls.make_all(handler, process, turn)?;
            ones.extend(of_one);
            manies.extend(of_many);
        }
    }
    drop(processes);
    let each = handlers.iter().zip(starts).zip(latencies);
    each.map(|((handler, [start, first_event]), [one, many])| {
        let mut process = HandlerProcess::start(&handler.program, &handler.environment)?;
        let idle_bytes = process.peak_bytes()?;
        calls.make_all(handler, &mut process, (0, MEMORY_CALLS))?;
        Ok(Cost {
            name: handler.name,
            start: median(start),
            first_event: median(first_event),
            one: median(one),
            many: median(many),
            idle_bytes,
            peak_bytes: process.peak_bytes()?,
            binary_bytes: fs::metadata(&handler.program)?.len(),
        })
    })
    .collect()
}

fn tell(costs: &[Cost], event_count: u32) {
    say(&format!(
        "custom handlers, medians of {STARTS} starts, {} calls of one event, {} of {event_count}",
        TURNS * CALLS_OF_ONE_A_TURN,
        TURNS * CALLS_OF_MANY_A_TURN,
    ));
    for cost in costs {
        say(&format!(
            "  {}: start to first answer {:.1} ms, to first event {:.1} ms; one event {:.2} ms, {event_count} {:.2} ms; \
             memory {:.1} MB at first, {:.1} MB after {} events; binary {:.2} MB",
            cost.name,
            millis(cost.start),
            millis(cost.first_event),
            millis(cost.one),
            millis(cost.many),
            megabytes(cost.idle_bytes),
            megabytes(cost.peak_bytes),
            MEMORY_CALLS * usize::try_from(event_count).unwrap_or(usize::MAX),
            megabytes(cost.binary_bytes),
        ));
    }
}

fn classify(costs: &[Cost], report: &mut Report) {
    let Some((ours, peers)) = costs.split_first() else {
        return;
    };
    let name = ours.name;
    let memory = format!("{name}: peak memory");
    let peak = megabytes(ours.peak_bytes);
    report.at_most(&memory, peak, MAX_MEGABYTES_OF_MEMORY, " MB");
    let binary = format!("{name}: binary");
    let size = megabytes(ours.binary_bytes);
    report.at_most(&binary, size, MAX_MEGABYTES_OF_BINARY, " MB");
    let [bare, with_sink] = peers else {
        return;
    };
    let mut times = |what: &str, peer: &Cost, of: fn(&Cost) -> f64| {
        let what = format!("{name}: times {}, {what}", peer.name);
        report.at_most(&what, of(ours) / of(peer), MAX_TIMES, "");
    };
    times("start to first answer", bare, |cost| millis(cost.start));
    times("one event", with_sink, |cost| millis(cost.one));
    times("a hundred events", with_sink, |cost| millis(cost.many));
    times("peak memory", with_sink, |cost| megabytes(cost.peak_bytes));
    times("binary", with_sink, |cost| megabytes(cost.binary_bytes));
}
