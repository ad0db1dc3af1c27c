//! What invocations count, summed in the process where a platform bills each line: written after a while, at once where
//! something was set aside, and when the process ends.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenant_logs::{TenantName, Timestamp};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Counted, CounterFormat, Dimensions, line};

/// The counters of a function, which all of its invocations note.
#[derive(Debug, Clone)]
pub struct Counters(Arc<Summed>);

/// What was noted and not yet written; dropping it writes it.
struct Summed {
    dimensions: Dimensions,
    /// How long lines wait; zero writes them after each invocation.
    period: Duration,
    sums: Mutex<Counted>,
    /// Told where the first counters after a writing are noted.
    has_some: Notify,
    output: Mutex<Box<dyn Write + Send>>,
}

impl Counters {
    /// Counters that are written after each invocation.
    pub fn of_each_invocation(
        function: &'static str,
        tenant: &TenantName,
        format: CounterFormat,
    ) -> Self {
        let dimensions = Dimensions {
            function,
            tenant: tenant.clone(),
            format,
        };
        Self::new(dimensions, Duration::ZERO, io::stdout())
    }

    /// Counters that are written after `period` as plain lines, by [`Self::write_from_time_to_time`]; zero writes them after
    /// each invocation.
    pub fn summed(function: &'static str, tenant: &TenantName, period: Duration) -> Self {
        let dimensions = Dimensions {
            function,
            tenant: tenant.clone(),
            format: CounterFormat::Plain,
        };
        Self::new(dimensions, period, io::stdout())
    }

    fn new(dimensions: Dimensions, period: Duration, output: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Summed {
            dimensions,
            period,
            sums: Mutex::default(),
            has_some: Notify::new(),
            output: Mutex::new(Box::new(output)),
        }))
    }

    /// Notes what one invocation counted. What belongs to no sink stands in the first line only, so that sums are right.
    pub(crate) fn note(&self, counted: &Counted) {
        let mut sinks = counted.sinks.iter();
        let has_set_aside = counted.shared.set_aside > 0 || sinks.any(|(_, own)| own.set_aside > 0);
        let mut sums = locked(&self.0.sums);
        sums.add(counted);
        if self.0.period.is_zero() || has_set_aside {
            let taken = std::mem::take(&mut *sums);
            drop(sums);
            self.0.write(taken);
        } else {
            self.0.has_some.notify_one();
        }
    }

    /// Writes what is noted, each time `period` after the first of it; does not end.
    pub async fn write_from_time_to_time(&self) -> std::convert::Infallible {
        loop {
            self.0.has_some.notified().await;
            sleep(self.0.period).await;
            let sums = std::mem::take(&mut *locked(&self.0.sums));
            self.0.write(sums);
        }
    }
}

impl Summed {
    fn write(&self, sums: Counted) {
        let mut shared = (sums.shared, sums.kinds);
        let now = Timestamp::now();
        let mut lines = String::new();
        for (sink, own) in &sums.sinks {
            let shared = std::mem::take(&mut shared);
            lines.push_str(&line(&self.dimensions, sink, &shared, own, now).to_string());
            lines.push('\n');
        }
        let mut output = locked(&self.output);
        // Nobody is left to tell when standard output is closed.
        let _written = output.write_all(lines.as_bytes());
        let _flushed = output.flush();
    }
}

impl Drop for Summed {
    fn drop(&mut self) {
        let sums = std::mem::take(&mut *locked(&self.sums));
        self.write(sums);
    }
}

impl fmt::Debug for Summed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Summed")
            .field("dimensions", &self.dimensions)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}

/// A panic while counters were noted leaves them as they are: sums of what was added.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tenant_logs::known_event_type;
    use tokio::time::Instant;

    use super::*;
    use crate::counters::{InvocationCounters, Kinds, SinkCounters};

    /// What was written, and when, in seconds since the test began.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<Value>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let lines = str::from_utf8(bytes).unwrap().lines();
            let lines = lines.map(|line| serde_json::from_str(line).unwrap());
            locked(&self.0).extend(lines);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn of(&self, sink: &str) -> Vec<Value> {
            let lines = locked(&self.0);
            let own = lines.iter().filter(|line| line["sink"] == sink);
            own.cloned().collect()
        }

        fn sum(&self, sink: &str, counter: &str) -> u64 {
            let lines = self.of(sink).into_iter();
            lines.filter_map(|line| line[counter].as_u64()).sum()
        }
    }

    fn counters(seconds: u64) -> (Counters, Written) {
        let written = Written::default();
        let dimensions = Dimensions {
            function: "azure-eventgrid-subscriber",
            tenant: TenantName::parse("acme").unwrap(),
            format: CounterFormat::Plain,
        };
        let counters = Counters::new(dimensions, Duration::from_secs(seconds), written.clone());
        (counters, written)
    }

    fn invocation(counters: &Counters, lag_seconds: i64, set_aside: usize) {
        let shared = InvocationCounters {
            received: 2,
            ..InvocationCounters::default()
        };
        let mut kinds = Kinds::default();
        kinds.note(known_event_type("s").unwrap());
        let own = SinkCounters {
            delivered: 2,
            lag_seconds,
            set_aside,
            ..SinkCounters::default()
        };
        counters.note(&Counted {
            shared,
            kinds,
            sinks: vec![("log-analytics", own), ("http", SinkCounters::default())],
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_invocations_in_a_minute_write_at_most_seven_lines_a_sink() {
        let (counters, written) = counters(10);
        let begun = Instant::now();
        let invoking = async {
            for number in 0..1_000 {
                invocation(&counters, number % 50, 0);
                sleep(Duration::from_millis(60)).await;
            }
        };
        tokio::select! {
            never = counters.write_from_time_to_time() => match never {},
            () = invoking => {}
        }
        assert!(begun.elapsed() >= Duration::from_mins(1));
        drop(counters);
        for sink in ["log-analytics", "http"] {
            let count = written.of(sink).len();
            assert!((6..=7).contains(&count), "{sink}: {count} lines");
        }
        assert_eq!(written.sum("log-analytics", "delivered"), 2_000);
        assert_eq!(written.sum("log-analytics", "received"), 2_000);
        let lines = written.of("log-analytics");
        assert!(lines.iter().all(|line| line["lag_seconds"] == 49));
        let codes = lines
            .iter()
            .map(|line| line["types"]["s"].as_u64().unwrap());
        assert_eq!(codes.sum::<u64>(), 1_000);
        // What belongs to no sink is in the first one's line.
        assert_eq!(written.sum("http", "received"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_set_aside_is_written_at_once_with_what_waits() {
        let (counters, written) = counters(10);
        invocation(&counters, 0, 0);
        assert_eq!(written.of("http").len(), 0);
        invocation(&counters, 0, 1);
        let [line] = written.of("log-analytics").try_into().unwrap();
        assert_eq!(
            (&line["received"], &line["set_aside"]),
            (&4.into(), &1.into())
        );
        drop(counters);
        assert_eq!(written.of("log-analytics").len(), 1, "nothing is left");
    }

    #[test]
    fn with_no_period_each_invocation_has_its_lines() {
        let (counters, written) = counters(0);
        for _ in 0..3 {
            invocation(&counters, 0, 0);
        }
        assert_eq!(written.of("http").len(), 3);
    }

    #[test]
    fn the_end_writes_what_waits() {
        let (counters, written) = counters(10);
        invocation(&counters, 0, 0);
        let of_a_replay = counters.clone();
        drop(counters);
        assert_eq!(written.of("http").len(), 0);
        drop(of_a_replay);
        assert_eq!(written.sum("log-analytics", "received"), 2);
    }
}
