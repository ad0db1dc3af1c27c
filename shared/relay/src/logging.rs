//! JSON lines on stdout, of our own crates only.
//!
//! Clients and runtimes write bodies, headers and tokens at their debug and trace levels, so their lines never pass,
//! whatever `LOG_LEVEL` says. A panic is reported by its location, because its message may quote what it worked on.

use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The shared crates whose lines pass; a function adds its own.
const OUR_CRATES: [&str; 5] = [
    "tenant_logs",
    "relay",
    "aws_clients",
    "http_clients",
    "custom_handler",
];

/// Starts writing log lines of this level and above; `function` is the function's crate name.
pub fn start(function: &'static str, level: LevelFilter) {
    let ours = OUR_CRATES.into_iter().chain([function]);
    let only_ours = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_targets(ours.map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);
    let started = tracing_subscriber::registry()
        .with(lines)
        .with(only_ours)
        .try_init();
    // A second start in one process keeps the first one's level.
    if started.is_ok() {
        std::panic::set_hook(Box::new(report_panic));
    }
}

fn report_panic(panic: &PanicHookInfo<'_>) {
    let location = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(location, "panicked");
}
