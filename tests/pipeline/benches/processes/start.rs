//! From exec to the first answer: a process that has to start, and one PutEvents.

use std::error::Error;
use std::time::{Duration, Instant};

use fakes::invocation::InvocationError;
use hosts::lambda::Function;

use crate::contender::Contender;
use crate::endpoint::{Endpoint, TlsEndpoint};
use crate::payload::Payload;
use crate::peers;

/// What a start takes, as medians.
pub(crate) struct Start {
    /// Who started.
    pub(crate) name: &'static str,
    /// From before the process exists to its first answer.
    pub(crate) wall: Duration,
    /// CPU time up to then: what decides at a small CPU share.
    pub(crate) cpu: Duration,
}

/// How PutEvents is reached.
pub(crate) enum Way<'a> {
    /// Plain HTTP.
    Http(&'a Endpoint),
    /// HTTPS, its certificate trusted.
    Tls(&'a TlsEndpoint),
}

/// Starts every contender in turn, many times, so that whatever else the machine does slows all of them alike.
///
/// Each round starts the quick ones several times: at a small share of a core they end within some of its periods, by chance
/// in an earlier one or a later one, and only many starts tell them apart.
pub(crate) async fn measure(
    contenders: &[Contender],
    way: &Way<'_>,
    (rounds, quick): (usize, usize),
    payload: &mut Payload,
) -> Result<Vec<Start>, Box<dyn Error>> {
    let mut times: Vec<Vec<(Duration, Duration)>> = vec![Vec::new(); contenders.len()];
    let mut next = 1;
    for _ in 0..rounds {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let is_slow = [peers::PYTHON, peers::NODE].contains(&contender.name);
            let starts = if is_slow { 1 } else { quick };
            for _ in 0..starts {
                let function = match way {
                    Way::Http(bus) => contender.ingest(&bus.url(), None)?,
                    Way::Tls(over_tls) => contender.ingest_over_tls(over_tls)?,
                };
                times.push(start(function, payload.renewed(&mut next)).await?);
            }
        }
    }
    let starts = contenders
        .iter()
        .zip(times)
        .map(|(contender, times)| Start {
            name: contender.name,
            wall: median(times.iter().map(|(wall, _)| *wall).collect()),
            cpu: median(times.iter().map(|(_, cpu)| *cpu).collect()),
        });
    Ok(starts.collect())
}

async fn start(
    function: Function,
    payload: Vec<u8>,
) -> Result<(Duration, Duration), Box<dyn Error>> {
    let begun = Instant::now();
    let answer = function.invoke(payload).await;
    let wall = begun.elapsed();
    let cpu = function.usage().map_or(Duration::ZERO, |usage| usage.cpu);
    function.stop().await;
    match answer {
        Ok(answer) if answer.windows(3).any(|bytes| bytes == b"200") => Ok((wall, cpu)),
        Ok(_other) => Err("a start was answered with something else than 200".into()),
        // Lambda gives up here, so a program that slow would never answer: what it took so far speaks in its favour.
        Err(InvocationError::InitFailed { error_type, .. }) if error_type == "Sandbox.Timedout" => {
            Ok((wall, cpu))
        }
        Err(error) => Err(error.into()),
    }
}

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
