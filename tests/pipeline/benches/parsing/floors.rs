//! The floors of DESIGN section 9 that concern functions, as ratios within one run.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::steps::{Step, Steps};

/// Rounds of each side; the medians are compared.
const ROUNDS: usize = 31;
/// Of the speed of `serde_json`'s split into raw values.
const PASS_THROUGH_FLOOR: f64 = 0.8;

/// Measures both sides in turns, prints the ratio, and fails where it is below its floor.
pub(crate) fn check(steps: &Steps) -> Result<(), Box<dyn Error>> {
    let rounds: Vec<(Duration, Duration)> = (0..ROUNDS)
        .map(|_| round(steps, Steps::split, Steps::parse_and_pass_through))
        .collect();
    let split = median(rounds.iter().map(|(split, _)| *split).collect());
    let ours = median(rounds.iter().map(|(_, ours)| *ours).collect());
    let ratio = split.as_secs_f64() / ours.as_secs_f64();
    let speed = |time: Duration| f64::from(steps.event_count()) / time.as_secs_f64();
    writeln!(
        io::stdout(),
        "parse and pass through: {:.0} events/s, the split {:.0}: {ratio:.2} of it (floor {PASS_THROUGH_FLOOR})",
        speed(ours),
        speed(split),
    )?;
    if ratio < PASS_THROUGH_FLOOR {
        return Err("parse and pass through is below its floor".into());
    }
    Ok(())
}

/// Both sides change places at every body, so that whatever else the machine does slows them alike.
fn round(steps: &Steps, first: Step, second: Step) -> (Duration, Duration) {
    let mut times = (Duration::ZERO, Duration::ZERO);
    for body in steps.bodies() {
        times.0 += time(steps, body, first);
        times.1 += time(steps, body, second);
    }
    times
}

fn time(steps: &Steps, body: &str, step: Step) -> Duration {
    let begun = Instant::now();
    black_box(step(steps, body));
    begun.elapsed()
}

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
