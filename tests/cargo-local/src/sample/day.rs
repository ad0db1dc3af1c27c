//! The day's times and identifiers: both follow from the index of an event, so none is stored.

const MICROS_A_SECOND: u64 = 1_000_000;
const MILLIS_A_DAY: u64 = 86_400_000;
/// 2026-11-20T00:00:00Z.
const DAY_STARTS_AT_MILLIS: u64 = 1_795_132_800_000;
/// The first event comes after the longest lag, so that no `date` falls on the day before.
const FIRST_AT_MICROS: u64 = 10 * MICROS_A_SECOND;
/// A session writes several events within moments: this many, this far apart at most.
const BURST_EVENTS: u64 = 6;
const BURST_STEP_MICROS: u64 = 300_000;
const FIRST_SEQUENCE: u64 = 4_410_100_000_000;
const SEQUENCE_DIGITS: usize = 33;

/// When the events of a day of this many events reach Auth0's log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    event_count: u64,
    step_micros: u64,
}

/// A time of the day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    millis_of_day: u64,
}

impl Day {
    pub(super) fn new(event_count: u64) -> Self {
        let span_micros = MILLIS_A_DAY * 1_000 - FIRST_AT_MICROS;
        Self {
            event_count,
            step_micros: (span_micros / event_count.max(1)).max(1),
        }
    }

    /// `900`, the time of arrival, and a sequence number: 56 digits that ascend.
    pub(super) fn log_id(self, index: u64) -> String {
        let micros = self.arrival_micros(index);
        let fraction = micros % MICROS_A_SECOND;
        let clock = digits_of_clock(micros / MICROS_A_SECOND);
        let sequence = FIRST_SEQUENCE + index;
        format!("90020261120{clock}{fraction:06}{sequence:0SEQUENCE_DIGITS$}")
    }

    pub(super) fn index_of(self, log_id: &str) -> Option<u64> {
        let start = log_id.len().checked_sub(SEQUENCE_DIGITS)?;
        let sequence: u64 = log_id.get(start..)?.parse().ok()?;
        let index = sequence.checked_sub(FIRST_SEQUENCE)?;
        (index < self.event_count && self.log_id(index) == log_id).then_some(index)
    }

    /// When an event happened, so long before it reached the log.
    pub(super) fn moment(self, index: u64, lag_millis: u64) -> Moment {
        Moment {
            millis_of_day: (self.arrival_micros(index) / 1_000).saturating_sub(lag_millis),
        }
    }

    fn arrival_micros(self, index: u64) -> u64 {
        let in_burst = index % BURST_EVENTS;
        let burst_starts_at = FIRST_AT_MICROS + (index - in_burst) * self.step_micros;
        burst_starts_at + in_burst * self.step_micros.min(BURST_STEP_MICROS)
    }
}

impl Moment {
    /// As `date` has it.
    pub(super) fn rfc3339(self) -> String {
        let seconds = self.millis_of_day / 1_000;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let millis = self.millis_of_day % 1_000;
        format!("2026-11-20T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }

    /// As `initiatedAt` has it, so many milliseconds earlier.
    pub(super) fn epoch_millis(self, earlier_by: u64) -> u64 {
        DAY_STARTS_AT_MILLIS + self.millis_of_day - earlier_by
    }
}

fn digits_of_clock(seconds: u64) -> String {
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}{minute:02}{second:02}")
}
