//! Events a CPU-second of a function's process, and the most memory it had.

use std::error::Error;

use hosts::lambda::{Function, Usage};

use crate::endpoint::Endpoint;
use crate::payload::Payload;

/// Invocations before anything is measured.
const WARM_UP: u32 = 30;

/// What a process did and what it cost.
pub(crate) struct Throughput {
    /// Events that arrived while it was measured.
    pub(crate) events: u32,
    /// Events by its own CPU time, user and system.
    pub(crate) events_a_cpu_second: f64,
    /// Its peak of resident memory.
    pub(crate) peak_bytes: u64,
}

/// Invokes a function until this many more events have arrived; whatever is missing is an error.
pub(crate) async fn measure(
    function: &Function,
    payloads: &mut [Payload],
    endpoint: &Endpoint,
    event_count: u32,
) -> Result<Throughput, Box<dyn Error>> {
    let mut next = 1;
    let warm_up: u32 = payloads.iter().map(Payload::event_count).take(1).sum();
    drive(function, payloads, WARM_UP * warm_up, &mut next).await?;
    let (arrived, before) = (endpoint.events(), usage(function)?);
    let events = drive(function, payloads, event_count, &mut next).await?;
    let after = usage(function)?;
    let arrived = endpoint.events() - arrived;
    if arrived != u64::from(events) {
        return Err(format!("{arrived} of {events} events arrived").into());
    }
    let cpu = after.cpu.saturating_sub(before.cpu);
    Ok(Throughput {
        events,
        events_a_cpu_second: f64::from(events) / cpu.as_secs_f64(),
        peak_bytes: after.peak_memory_bytes,
    })
}

async fn drive(
    function: &Function,
    payloads: &mut [Payload],
    at_least: u32,
    next: &mut u64,
) -> Result<u32, Box<dyn Error>> {
    let mut events = 0;
    while events < at_least {
        for payload in payloads.iter_mut() {
            function.invoke(payload.renewed(next)).await?;
            events += payload.event_count();
            if events >= at_least {
                break;
            }
        }
    }
    Ok(events)
}

fn usage(function: &Function) -> Result<Usage, Box<dyn Error>> {
    let usage = function.usage();
    usage.ok_or_else(|| "the system does not tell what a process uses".into())
}
