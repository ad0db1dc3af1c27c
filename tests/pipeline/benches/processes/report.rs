//! The lines of the report, and whether a floor was missed.

use std::io::{self, Write};
use std::time::Duration;

/// Prints as it goes and remembers what was missed.
#[derive(Default)]
pub(crate) struct Report {
    missed: Vec<String>,
}

impl Report {
    /// A line whose value must be at least so much.
    pub(crate) fn at_least(&mut self, what: &str, value: f64, floor: f64, unit: &str) {
        let line = line(what, value, unit);
        self.classify(
            what,
            &format!("{line} (at least {floor}{unit})"),
            value >= floor,
        );
    }

    /// A line whose value must be at most so much.
    pub(crate) fn at_most(&mut self, what: &str, value: f64, ceiling: f64, unit: &str) {
        let line = line(what, value, unit);
        self.classify(
            what,
            &format!("{line} (at most {ceiling}{unit})"),
            value <= ceiling,
        );
    }

    fn classify(&mut self, what: &str, line: &str, is_kept: bool) {
        if is_kept {
            say(line);
        } else {
            say(&format!("{line}  MISSED"));
            self.missed.push(what.to_owned());
        }
    }

    /// What was missed.
    pub(crate) fn missed(self) -> Vec<String> {
        self.missed
    }
}

/// A line without a floor.
pub(crate) fn say(text: &str) {
    // Nobody is left to tell when standard output is closed.
    let _told = writeln!(io::stdout(), "{text}");
}

fn line(what: &str, value: f64, unit: &str) -> String {
    let decimals = usize::from(value < 1000.0) * 2;
    format!("  {what}: {value:.decimals$}{unit}")
}

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Bytes in megabytes of a million bytes.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    let kilobytes = u32::try_from(bytes / 1000).unwrap_or(u32::MAX);
    f64::from(kilobytes) / 1000.0
}
