//! Where a poller begins, and which sinks it looks at for gaps.

use std::time::Duration;

use tenant_logs::Timestamp;

use crate::flow::Destination;
use crate::ports::Sink;
use crate::settings::Reader;
use crate::sinks::{AnySink, SinkRegistry};

/// How young a log event must not be where push may still bring it.
const GRACE_WITH_GAPS: Duration = Duration::from_mins(5);
const WANT_START: &str = "a time such as 2026-11-01T00:00:00Z, or a log_id";
const WANT_RESUME: &str = "oldest, a time such as 2026-11-01T00:00:00Z, or a log_id";

/// What a poller reads whatever its cloud; its sinks are open already.
#[derive(Debug)]
pub struct PollerSettings {
    /// Where to begin, and what to look for.
    pub poll: PollSettings,
    /// Where log events go.
    pub destinations: Vec<Destination<AnySink>>,
}

impl PollerSettings {
    /// Reads them; `None` if the reader noted a problem. `default_sink` stands for `SINKS` where that is missing, and
    /// `ledger_table` is the setting that names the ledger's table.
    pub fn read(
        reader: &mut Reader<'_>,
        sinks: &SinkRegistry<'_>,
        default_sink: Option<&str>,
        ledger_table: &'static str,
    ) -> Option<Self> {
        let kinds = sinks.kinds().into_iter();
        let in_ledger: Vec<&str> = kinds
            .filter(|kind| kind.has_ledger)
            .map(|kind| kind.name)
            .collect();
        let poll = PollSettings::read(reader, &in_ledger, ledger_table);
        let destinations = sinks.read(reader, default_sink);
        Some(Self {
            poll: poll?,
            destinations: destinations?,
        })
    }

    /// Whether the ledger is of use: it tells what a sink has, or what has arrived.
    pub fn needs_ledger(&self) -> bool {
        let mut sinks = self
            .destinations
            .iter()
            .map(|destination| &destination.sink);
        !self.poll.gap_sinks.is_empty() || sinks.any(Sink::has_ledger)
    }
}

/// What a poller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollSettings {
    /// `START_FROM`: where the first run begins; now unless set.
    pub start_from: Option<StartPoint>,
    /// `RESUME_FROM`: where to begin again, once.
    pub resume_from: Option<ResumeFrom>,
    /// `GAP_SINKS`: the sinks whose ledger tells what arrived; everything is shipped where there are none.
    pub gap_sinks: Vec<String>,
    /// `GRACE_SECONDS`: what is younger waits for a later run.
    pub grace: Duration,
}

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartPoint {
    /// At the first log event of this time or later.
    Since(Timestamp),
    /// At this log event.
    At(String),
}

/// A restart, with the text that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeFrom {
    /// The setting as it was written.
    pub text: String,
    /// Where it leads.
    pub start: StartPoint,
}

impl PollSettings {
    /// Reads them; `None` if the reader noted a problem. `known_sinks` are the names that a ledger may know, and
    /// `ledger_table` the setting that names its table.
    pub fn read(
        reader: &mut Reader<'_>,
        known_sinks: &[&str],
        ledger_table: &'static str,
    ) -> Option<Self> {
        let start_from = reader.parsed("START_FROM", WANT_START, StartPoint::parse);
        let resume_from = reader.parsed("RESUME_FROM", WANT_RESUME, ResumeFrom::parse);
        let gap_sinks = read_gap_sinks(reader, known_sinks, ledger_table);
        let grace = reader.parsed("GRACE_SECONDS", "a whole number of seconds", seconds);
        let gap_sinks = gap_sinks?;
        let usual = if gap_sinks.is_empty() {
            Duration::ZERO
        } else {
            GRACE_WITH_GAPS
        };
        Some(Self {
            start_from,
            resume_from,
            gap_sinks,
            grace: grace.unwrap_or(usual),
        })
    }
}

fn read_gap_sinks(
    reader: &mut Reader<'_>,
    known: &[&str],
    ledger_table: &'static str,
) -> Option<Vec<String>> {
    const NAME: &str = "GAP_SINKS";
    let Some(list) = reader.optional(NAME) else {
        return Some(Vec::new());
    };
    if reader.optional(ledger_table).is_none() {
        reader.problem(NAME, format_args!("needs {ledger_table}"));
        return None;
    }
    let mut sinks: Vec<String> = Vec::new();
    let entries = list.split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let name = entry.split_once(':').map_or(entry, |(name, _schema)| name);
        if !known.contains(&name) {
            let known = known.join(", ");
            reader.problem(
                NAME,
                format_args!("cannot read `{entry}` (want one of {known})"),
            );
            return None;
        }
        if !sinks.iter().any(|sink| sink == name) {
            sinks.push(name.to_owned());
        }
    }
    if sinks.is_empty() {
        reader.problem(NAME, "names no sink");
        return None;
    }
    Some(sinks)
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: u32 = text.parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

impl StartPoint {
    /// Reads a time or a `log_id`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(time) = text.parse() {
            return Some(Self::Since(time));
        }
        is_log_id(text).then(|| Self::At(text.to_owned()))
    }
}

impl ResumeFrom {
    fn parse(text: &str) -> Option<Self> {
        let start = match text {
            "oldest" => StartPoint::Since(Timestamp::UNIX_EPOCH),
            text => StartPoint::parse(text)?,
        };
        Some(Self {
            text: text.to_owned(),
            start,
        })
    }
}

/// A `log_id` holds letters and digits. A date without a time zone is none, though it looks like one.
fn is_log_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let looks_like_a_date = text.as_bytes().get(4) == Some(&b'-');
    (1..=256).contains(&text.len()) && text.bytes().all(is_allowed) && !looks_like_a_date
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[(&str, &str)], check: impl Fn(Result<PollSettings, String>)) {
        let lookup = |name: &str| {
            let found = values.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&lookup);
        let settings = PollSettings::read(&mut reader, &["http", "firehose"], "LEDGER_TABLE");
        check(
            reader
                .finish(|| settings)
                .map_err(|error| error.to_string()),
        );
    }

    fn refused(values: &[(&str, &str)], expected: &str) {
        check(values, |settings| {
            let error = settings.unwrap_err();
            assert_eq!(error, format!("1 setting is wrong:\n  {expected}"));
        });
    }

    #[test]
    fn nothing_need_be_set() {
        check(&[], |settings| {
            let settings = settings.unwrap();
            assert_eq!(settings.start_from, None);
            assert_eq!(settings.resume_from, None);
            assert_eq!(settings.gap_sinks, Vec::<String>::new());
            assert_eq!(settings.grace, Duration::ZERO);
        });
    }

    #[test]
    fn a_start_is_a_time_or_a_log_id() {
        let time = "2026-11-01T00:00:00Z";
        check(&[("START_FROM", time)], |settings| {
            let since = StartPoint::Since(time.parse().unwrap());
            assert_eq!(settings.unwrap().start_from, Some(since));
        });
        check(&[("RESUME_FROM", "90020261101")], |settings| {
            let resume = settings.unwrap().resume_from.unwrap();
            assert_eq!(resume.start, StartPoint::At("90020261101".to_owned()));
            assert_eq!(resume.text, "90020261101");
        });
        check(&[("RESUME_FROM", "oldest")], |settings| {
            let resume = settings.unwrap().resume_from.unwrap();
            assert_eq!(resume.start, StartPoint::Since(Timestamp::UNIX_EPOCH));
        });
        for text in ["2026-11-01", "2026-11-01T00:00:00", "last week", "a/b"] {
            let expected = format!("START_FROM: cannot read `{text}` (want {WANT_START})");
            refused(&[("START_FROM", text)], &expected);
        }
    }

    #[test]
    fn gaps_are_looked_for_at_sinks_that_a_ledger_knows() {
        let table = ("LEDGER_TABLE", "ledger");
        let sinks = ("GAP_SINKS", "firehose:ocsf, http,http:ecs");
        check(&[table, sinks], |settings| {
            let settings = settings.unwrap();
            assert_eq!(settings.gap_sinks, ["firehose", "http"]);
            assert_eq!(settings.grace, Duration::from_mins(5));
        });
        check(&[table, sinks, ("GRACE_SECONDS", "7")], |settings| {
            assert_eq!(settings.unwrap().grace, Duration::from_secs(7));
        });
        refused(&[sinks], "GAP_SINKS: needs LEDGER_TABLE");
        refused(&[table, ("GAP_SINKS", ",")], "GAP_SINKS: names no sink");
        refused(
            &[table, ("GAP_SINKS", "smtp")],
            "GAP_SINKS: cannot read `smtp` (want one of http, firehose)",
        );
        refused(
            &[("GRACE_SECONDS", "-1")],
            "GRACE_SECONDS: cannot read `-1` (want a whole number of seconds)",
        );
    }
}
