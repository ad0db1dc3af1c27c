//! What an invocation says about itself: one structured line, and one more for each further sink.

use tenant_logs::Timestamp;

/// What belongs to no sink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InvocationCounters {
    /// Elements, lines and unreadable bodies that came in.
    pub received: usize,
    /// Log events that the filter stopped.
    pub filtered: usize,
    /// Log events that were changed by redaction.
    pub redacted: usize,
    /// Log events whose type code is not in the catalogue.
    pub unrecognized: usize,
    /// Requests without a live token.
    pub unauthorized: usize,
    /// Bodies that were refused as a whole.
    pub unreadable: usize,
    /// What was set aside before it reached a sink.
    pub set_aside: usize,
}

/// What happened at one sink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinkCounters {
    /// Log events that the sink has now.
    pub delivered: usize,
    /// Log events that it had before, or that came twice at once.
    pub duplicate: usize,
    /// Log events put among the dead letters.
    pub set_aside: usize,
    /// Log events sent again within the invocation.
    pub retried: usize,
    /// Log events given back to the trigger.
    pub refused: usize,
    /// Age of the oldest delivered log event: now minus its `date`.
    pub lag_seconds: i64,
}

impl SinkCounters {
    /// Notes the age of a delivered log event.
    pub(crate) fn note_lag(&mut self, now: Timestamp, date: Option<Timestamp>) {
        let age = date.map_or(0, |date| now.as_second() - date.as_second());
        self.lag_seconds = self.lag_seconds.max(age);
    }
}

/// Writes the lines of one invocation.
pub(crate) fn report(
    function: &str,
    tenant: &str,
    counters: &InvocationCounters,
    sinks: &[(&'static str, SinkCounters)],
) {
    let without_sink = [("", SinkCounters::default())];
    let lines = if sinks.is_empty() {
        &without_sink
    } else {
        sinks
    };
    let mut shared = *counters;
    for (sink, own) in lines {
        tracing::info!(
            function,
            tenant.name = tenant,
            sink,
            received = shared.received,
            delivered = own.delivered,
            duplicate = own.duplicate,
            filtered = shared.filtered,
            redacted = shared.redacted,
            unrecognized = shared.unrecognized,
            set_aside = shared.set_aside + own.set_aside,
            retried = own.retried,
            refused = own.refused,
            unauthorized = shared.unauthorized,
            unreadable = shared.unreadable,
            lag_seconds = own.lag_seconds,
            "relayed {} of {} log events",
            own.delivered,
            counters.received,
        );
        // What belongs to no sink stands in the first line only, so that a sum over lines is right.
        shared = InvocationCounters::default();
    }
}
