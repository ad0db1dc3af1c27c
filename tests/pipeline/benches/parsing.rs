//! Parsing, filtering, redacting, mapping and writing, beside what `serde_json` alone needs for the same bytes.
//!
//! `cargo bench -p pipeline --bench parsing`. Criterion measures each step; then the floors are checked as ratios of
//! rounds that alternate, so that a busy machine slows both sides alike. A floor that is missed ends it with an error.

#[path = "parsing/floors.rs"]
mod floors;
#[path = "parsing/mapping.rs"]
mod mapping;
#[path = "parsing/steps.rs"]
mod steps;
#[path = "processes/stream.rs"]
mod stream;

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};

use criterion::{Criterion, Throughput};

use steps::Steps;

const EVENTS: u32 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let stream = stream::make(EVENTS)?;
    let steps = Steps::new(stream.bodies)?;
    writeln!(
        io::stdout(),
        "{} events, {} bytes: {}",
        steps.event_count(),
        steps.bodies().iter().map(String::len).sum::<usize>(),
        stream.origin
    )?;
    let mut criterion = Criterion::default()
        .output_directory(&stream::root().join("target/criterion"))
        .configure_from_args();
    let mut group = criterion.benchmark_group("stream");
    group.throughput(Throughput::Elements(u64::from(steps.event_count())));
    for (name, step) in steps::ALL {
        let all = || -> usize { steps.bodies().iter().map(|body| step(&steps, body)).sum() };
        group.bench_function(name, |bencher| bencher.iter(|| black_box(all())));
    }
    group.finish();
    criterion.final_summary();
    floors::check(&steps)?;
    mapping::check(&steps)
}
