//! What a function says about its invocations: one structured line, and one more for each further sink.
//!
//! The line is written whatever `LOG_LEVEL` says, because alarms live on it.

mod summed;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tenant_logs::{Known, TenantName, Timestamp};

pub use summed::Counters;

/// The CloudWatch namespace of the counters.
const METRIC_NAMESPACE: &str = "Auth0LogRelay";

/// Every counter, by the name that it has in a line and as a metric.
pub const METRIC_NAMES: [&str; 16] = [
    "received",
    "delivered",
    "duplicate",
    "filtered",
    "redacted",
    "unrecognized",
    "set_aside",
    "withheld",
    "gap",
    "retried",
    "refused",
    "unauthorized",
    "unreadable",
    "checkpoint_stopped",
    "lag_seconds",
    "waiting_seconds",
];

/// The counters that tell a silent stream from a quiet one, and so are there when they are zero.
const ALWAYS: [&str; 2] = ["received", "delivered"];

/// What the platform reads from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterFormat {
    /// A JSON object.
    Plain,
    /// A JSON object in CloudWatch's embedded metric format, with the dimensions function, tenant and sink.
    EmbeddedMetrics,
}

/// What belongs to no sink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct InvocationCounters {
    /// Elements, lines and unreadable bodies that came in.
    pub(crate) received: usize,
    /// Log events that the filter stopped.
    pub(crate) filtered: usize,
    /// Log events that were changed by redaction.
    pub(crate) redacted: usize,
    /// Log events whose type code is not in the catalogue.
    pub(crate) unrecognized: usize,
    /// Requests without a live token.
    pub(crate) unauthorized: usize,
    /// Bodies that were refused as a whole.
    pub(crate) unreadable: usize,
    /// What was set aside before it reached a sink.
    pub(crate) set_aside: usize,
    /// What was set aside without its text, because that could not be redacted.
    pub(crate) withheld: usize,
    /// Log events that push did not bring; only a function that polls finds any.
    pub(crate) gap: usize,
    /// Whether a checkpoint stopped the run, as one or none; only a function that polls has one.
    pub(crate) checkpoint_stopped: usize,
}

/// The log events that came in by their type code, and so by their category. Only codes of the catalogue: another could be
/// any text.
#[derive(Debug, Default)]
pub(crate) struct Kinds(BTreeMap<&'static str, (&'static Known, usize)>);

impl InvocationCounters {
    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.filtered += other.filtered;
        self.redacted += other.redacted;
        self.unrecognized += other.unrecognized;
        self.unauthorized += other.unauthorized;
        self.unreadable += other.unreadable;
        self.set_aside += other.set_aside;
        self.withheld += other.withheld;
        self.gap += other.gap;
        self.checkpoint_stopped += other.checkpoint_stopped;
    }
}

impl Kinds {
    pub(crate) fn note(&mut self, known: &'static Known) {
        self.0.entry(known.code).or_insert((known, 0)).1 += 1;
    }

    fn add(&mut self, other: &Self) {
        for (code, (known, count)) in &other.0 {
            self.0.entry(*code).or_insert((*known, 0)).1 += *count;
        }
    }

    /// Properties of a line, and no metrics: each of those costs.
    fn properties(&self) -> [(String, Value); 2] {
        let mut types = Map::new();
        let mut categories: BTreeMap<&str, usize> = BTreeMap::new();
        for (code, (known, count)) in &self.0 {
            types.insert((*code).to_owned(), (*count).into());
            *categories.entry(known.category.name()).or_default() += count;
        }
        [
            ("types".to_owned(), types.into()),
            ("categories".to_owned(), json!(categories)),
        ]
    }
}

/// What happened at one sink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SinkCounters {
    /// Log events that the sink has now.
    pub(crate) delivered: usize,
    /// Log events that it had before, or that came twice at once.
    pub(crate) duplicate: usize,
    /// Log events put among the dead letters.
    pub(crate) set_aside: usize,
    /// Log events sent again within the invocation.
    pub(crate) retried: usize,
    /// Log events given back to the trigger.
    pub(crate) refused: usize,
    /// Log events that the sink's own filter stopped.
    pub(crate) filtered: usize,
    /// Age of the oldest delivered log event: now minus its `date`.
    pub(crate) lag_seconds: i64,
    /// How long what is given back has been on its way.
    pub(crate) waiting_seconds: i64,
}

impl SinkCounters {
    /// Adds what happened beside it at the same sink.
    pub(crate) fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.duplicate += other.duplicate;
        self.set_aside += other.set_aside;
        self.retried += other.retried;
        self.refused += other.refused;
        self.filtered += other.filtered;
        self.lag_seconds = self.lag_seconds.max(other.lag_seconds);
        self.waiting_seconds = self.waiting_seconds.max(other.waiting_seconds);
    }

    /// Notes since when a log event that is given back has been on its way.
    pub(crate) fn note_waiting(&mut self, now: Timestamp, since: Option<Timestamp>) {
        let seconds = since.map_or(0, |since| now.as_second() - since.as_second());
        self.waiting_seconds = self.waiting_seconds.max(seconds);
    }

    /// Notes the age of a delivered log event.
    pub(crate) fn note_lag(&mut self, now: Timestamp, date: Option<Timestamp>) {
        let age = date.map_or(0, |date| now.as_second() - date.as_second());
        self.lag_seconds = self.lag_seconds.max(age);
    }
}

/// What an invocation counted, or several: one line for each sink, the first of which holds what belongs to none.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) shared: InvocationCounters,
    pub(crate) kinds: Kinds,
    pub(crate) sinks: Vec<(&'static str, SinkCounters)>,
}

impl Counted {
    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        self.shared.add(&other.shared);
        self.kinds.add(&other.kinds);
        for (name, counters) in &other.sinks {
            self.add_sink(name, *counters);
        }
    }

    /// Adds what happened at a sink: one line, though dead letters for it came along with other log events.
    pub(crate) fn add_sink(&mut self, name: &'static str, counters: SinkCounters) {
        match self.sinks.iter_mut().find(|(other, _)| *other == name) {
            Some((_, sum)) => sum.add(counters),
            None => self.sinks.push((name, counters)),
        }
    }
}

/// Whose counters they are, and how they are written.
#[derive(Debug)]
struct Dimensions {
    function: &'static str,
    tenant: TenantName,
    format: CounterFormat,
}

fn line(
    dimensions: &Dimensions,
    sink: &str,
    (shared, kinds): &(InvocationCounters, Kinds),
    own: &SinkCounters,
    now: Timestamp,
) -> Value {
    let values = [
        shared.received,
        own.delivered,
        own.duplicate,
        shared.filtered + own.filtered,
        shared.redacted,
        shared.unrecognized,
        shared.set_aside + own.set_aside,
        shared.withheld,
        shared.gap,
        own.retried,
        own.refused,
        shared.unauthorized,
        shared.unreadable,
        shared.checkpoint_stopped,
        usize::try_from(own.lag_seconds).unwrap_or(0),
        usize::try_from(own.waiting_seconds).unwrap_or(0),
    ];
    let mut line = Map::new();
    line.insert("timestamp".to_owned(), now.to_string().into());
    line.insert("level".to_owned(), "INFO".into());
    line.insert("message".to_owned(), "relayed log events".into());
    line.insert("function".to_owned(), dimensions.function.into());
    line.insert("tenant".to_owned(), dimensions.tenant.as_str().into());
    line.insert("sink".to_owned(), sink.into());
    let counters = METRIC_NAMES
        .into_iter()
        .zip(values)
        .filter(|(name, value)| *value > 0 || ALWAYS.contains(name));
    match dimensions.format {
        CounterFormat::Plain => {}
        CounterFormat::EmbeddedMetrics => {
            let names = counters.clone().map(|(name, _)| name);
            line.insert("_aws".to_owned(), embedded_metrics(names, now));
        }
    }
    line.extend(counters.map(|(name, value)| (name.to_owned(), value.into())));
    if !kinds.0.is_empty() {
        line.extend(kinds.properties());
    }
    Value::Object(line)
}

/// What CloudWatch makes metrics of.
fn embedded_metrics(names: impl Iterator<Item = &'static str>, now: Timestamp) -> Value {
    let metrics = names.map(|name| json!({ "Name": name, "Unit": unit(name) }));
    json!({
        "Timestamp": now.as_millisecond(),
        "CloudWatchMetrics": [{
            "Namespace": METRIC_NAMESPACE,
            "Dimensions": [["function", "tenant", "sink"]],
            "Metrics": metrics.collect::<Vec<_>>(),
        }],
    })
}

fn unit(name: &str) -> &'static str {
    match name {
        "lag_seconds" | "waiting_seconds" => "Seconds",
        _ => "Count",
    }
}

#[cfg(test)]
mod tests {
    use tenant_logs::known_event_type;

    use super::*;

    fn written(format: CounterFormat) -> Value {
        let dimensions = Dimensions {
            function: "aws-webhook-ingest",
            tenant: TenantName::parse("acme").unwrap(),
            format,
        };
        let shared = InvocationCounters {
            received: 3,
            set_aside: 1,
            ..InvocationCounters::default()
        };
        let own = SinkCounters {
            set_aside: 2,
            lag_seconds: 7,
            ..SinkCounters::default()
        };
        let mut kinds = Kinds::default();
        for code in ["s", "fp", "s", "fu"] {
            kinds.note(known_event_type(code).unwrap());
        }
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        line(&dimensions, "event-bus", &(shared, kinds), &own, now)
    }

    #[test]
    fn a_line_has_the_counters_that_are_not_zero_and_the_two_that_tell_silence() {
        let line = written(CounterFormat::Plain);
        for name in METRIC_NAMES {
            let is_there = ["received", "delivered", "set_aside", "lag_seconds"].contains(&name);
            assert_eq!(line.get(name).is_some(), is_there, "{name}");
        }
        assert_eq!(
            (&line["received"], &line["set_aside"]),
            (&json!(3), &json!(3))
        );
        assert_eq!(
            (&line["sink"], &line["tenant"]),
            (&json!("event-bus"), &json!("acme"))
        );
        assert_eq!(line["_aws"], Value::Null);
    }

    #[test]
    fn types_and_categories_are_properties_and_no_metrics() {
        let line = written(CounterFormat::EmbeddedMetrics);
        assert_eq!(line["types"], json!({"fp": 1, "fu": 1, "s": 2}));
        let categories = json!({"auth.login.fail": 2, "auth.login.success": 2});
        assert_eq!(line["categories"], categories);
        let metrics = line["_aws"].to_string();
        assert!(!metrics.contains("types") && !metrics.contains("categories"));
    }

    #[test]
    fn embedded_metrics_name_what_happened_and_the_two_that_tell_silence() {
        assert_eq!(
            written(CounterFormat::EmbeddedMetrics)["_aws"],
            json!({
                "Timestamp": 1_795_168_800_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Auth0LogRelay",
                    "Dimensions": [["function", "tenant", "sink"]],
                    "Metrics": [
                        { "Name": "received", "Unit": "Count" },
                        { "Name": "delivered", "Unit": "Count" },
                        { "Name": "set_aside", "Unit": "Count" },
                        { "Name": "lag_seconds", "Unit": "Seconds" },
                    ],
                }],
            })
        );
    }
}
