//! What the function reads from its environment.

use aws_clients::{AwsFunction, LedgerSettings, aws_sinks, event_bus, read_ledger};
use http_clients::{Platform, http_sinks};
use relay::settings::{CommonSettings, FunctionSettings, Reader};
use relay::{AnySink, Destination, SinkRegistry, WantedSecret, local_sinks};
use tracing::level_filters::LevelFilter;

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) function: AwsFunction,
    pub(crate) ledger: LedgerSettings,
    pub(crate) destinations: Vec<Destination<AnySink>>,
    pub(crate) replay_destinations: Vec<Destination<AnySink>>,
    pub(crate) replay_queue: ReplayQueue,
}

/// The queue that brings dead letters back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplayQueue {
    /// Its ARN; without one it is known by its name.
    arn: Option<String>,
}

impl ReplayQueue {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the ARN of an SQS queue";
        let arn = reader.parsed_or("REPLAY_QUEUE_ARN", want, None, |text| {
            let is_of_sqs = text.starts_with("arn:") && text.contains(":sqs:");
            is_of_sqs.then(|| Some(text.to_owned()))
        });
        Some(Self { arn: arn? })
    }

    /// Whether it has this ARN.
    pub(crate) fn is(&self, arn: &str) -> bool {
        match &self.arn {
            Some(own) => own == arn,
            None => arn.rsplit(':').next() == Some("replay"),
        }
    }
}

impl Settings {
    /// The sinks that the function has; `function` is `None` if it cannot be read.
    pub fn sinks(function: Option<&AwsFunction>) -> SinkRegistry<'_> {
        let sinks = http_sinks(Platform::Elsewhere).into_iter();
        sinks
            .chain(aws_sinks(function))
            .chain(local_sinks())
            .collect()
    }
}

impl FunctionSettings for Settings {
    fn secrets() -> Vec<WantedSecret> {
        let mut secrets = Self::sinks(None).secrets();
        secrets.push(CommonSettings::SECRET);
        secrets
    }

    /// Reads the settings of a sink only if `SINKS` names it.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let function = AwsFunction::read(reader, env!("CARGO_PKG_NAME"));
        let ledger = read_ledger(reader);
        let destinations = Self::sinks(function.as_ref()).read(reader, None);
        // The bus of the ingest function, whose dead letters are replayed onto it.
        let replay_destinations =
            event_bus(function.as_ref()).read_for_replay(reader, "EVENT_BUS_NAME");
        let replay_queue = ReplayQueue::read(reader);
        Some(Self {
            replay_queue: replay_queue?,
            ledger: ledger?,
            destinations: destinations?,
            replay_destinations: replay_destinations?,
            function: function?,
        })
    }

    fn log_level(&self) -> LevelFilter {
        self.function.common.log_level
    }
}

#[cfg(test)]
mod tests {
    use relay::TableOrMemory;
    use tenant_logs::{Raw, Schema};

    use super::*;

    const ALL: [(&str, &str); 6] = [
        ("TENANT_NAME", "acme"),
        ("SINKS", "http,stdout"),
        ("HTTP_SINK_URL", "http://127.0.0.1:9/collect"),
        (
            "DEAD_LETTER_QUEUE_URL",
            "https://sqs.example.com/1/set-aside",
        ),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Settings, String> {
        let secret = [("AWS_SECRET_ACCESS_KEY", "s3cret")];
        let lookup = |name: &str| {
            let mut pairs = changes.iter().chain(&ALL).chain(&secret);
            pairs
                .find(|(other, _)| *other == name)
                .map(|(_, value)| (*value).to_owned())
        };
        relay::settings::read(&lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn each_named_sink_becomes_a_destination() {
        use relay::Sink;
        let settings = read(&[]).unwrap();
        let names: Vec<&str> = settings
            .destinations
            .iter()
            .map(|d| d.sink.name())
            .collect();
        assert_eq!(names, ["http", "stdout"]);
    }

    #[test]
    fn the_settings_of_every_named_sink_are_checked_at_once() {
        let problems = read(&[
            ("SINKS", "http,file"),
            ("HTTP_SINK_URL", ""),
            ("FILE_SINK_PATH", "/no/such/folder/file.ndjson"),
            ("DEAD_LETTER_QUEUE_URL", ""),
        ])
        .unwrap_err();
        assert_eq!(
            problems,
            "3 settings are wrong:
  DEAD_LETTER_QUEUE_URL: required, not set
  HTTP_SINK_URL: required, not set
  FILE_SINK_PATH: cannot append to `/no/such/folder/file.ndjson`: entity not found"
        );
    }

    #[test]
    fn the_sinks_on_aws_are_read_with_their_settings() {
        let settings = read(&[
            ("SINKS", "firehose,event-bus"),
            ("FIREHOSE_STREAM_NAME", "logs"),
            ("EVENT_BUS_NAME", "logs"),
        ]);
        assert_eq!(settings.unwrap().destinations.len(), 2);
        let problems = read(&[("SINKS", "firehose,event-bus"), ("AWS_REGION", "")]).unwrap_err();
        assert_eq!(
            problems,
            "3 settings are wrong:
  AWS_REGION: required, not set
  FIREHOSE_STREAM_NAME: required, not set
  EVENT_BUS_NAME: required, not set"
        );
    }

    #[test]
    fn log_analytics_is_reached_by_an_applications_secret_and_takes_two_schemas() {
        let entra = [
            ("ENTRA_TENANT_ID", "acme.example.com"),
            ("ENTRA_CLIENT_ID", "00000000-0000-4000-8000-000000000001"),
            ("ENTRA_CLIENT_SECRET", "made-up"),
        ];
        let rule = [
            ("LOGS_INGESTION_ENDPOINT", "https://acme.ingest.example.com"),
            ("LOGS_INGESTION_RULE_ID", "dcr-0"),
        ];
        for (sinks, schema) in [
            ("log-analytics", Schema::Sentinel),
            ("log-analytics:asim", Schema::Asim),
        ] {
            let settings = read(&[&entra[..], &rule, &[("SINKS", sinks)]].concat());
            assert_eq!(settings.unwrap().destinations[0].schema, schema);
        }
        assert_eq!(
            read(&[("SINKS", "log-analytics")]).unwrap_err(),
            "5 settings are wrong:
  ENTRA_TENANT_ID: required, not set
  ENTRA_CLIENT_ID: required, not set
  ENTRA_CLIENT_SECRET: required, not set
  LOGS_INGESTION_ENDPOINT: required, not set
  LOGS_INGESTION_RULE_ID: required, not set"
        );
        assert!(read(&[("SINKS", "log-analytics:raw")]).is_err());
    }

    #[test]
    fn what_rows_keep_is_said_by_the_setting_or_else_by_the_sink() {
        let all = [
            ("SINKS", "log-analytics,http:ecs,stdout"),
            ("ENTRA_TENANT_ID", "acme.example.com"),
            ("ENTRA_CLIENT_ID", "00000000-0000-4000-8000-000000000001"),
            ("ENTRA_CLIENT_SECRET", "made-up"),
            ("LOGS_INGESTION_ENDPOINT", "https://acme.ingest.example.com"),
            ("LOGS_INGESTION_RULE_ID", "dcr-0"),
        ];
        let kept = |raw: &'static str| -> Vec<Raw> {
            let settings = read(&[&all[..], &[("RAW", raw)]].concat()).unwrap();
            settings.destinations.iter().map(|d| d.raw).collect()
        };
        assert_eq!(kept(""), [Raw::Rest, Raw::Whole, Raw::Whole]);
        for raw in Raw::ALL {
            assert_eq!(kept(raw.name()), [raw; 3]);
        }
        let problem = "1 setting is wrong:\n  RAW: cannot read `all` (want whole, rest or none)";
        assert_eq!(read(&[("RAW", "all")]).unwrap_err(), problem);
    }

    #[test]
    fn dead_letters_are_replayed_onto_a_bus_that_is_named() {
        let without = read(&[]).unwrap();
        assert_eq!(without.replay_destinations.len(), 0);
        let with = read(&[("EVENT_BUS_NAME", "logs")]).unwrap();
        assert_eq!(with.destinations.len(), 2);
        assert_eq!(with.replay_destinations.len(), 1);
        let problems = read(&[("EVENT_BUS_NAME", "a bus")]).unwrap_err();
        assert_eq!(
            problems,
            "1 setting is wrong:\n  EVENT_BUS_NAME: cannot read `a bus` (want the name or ARN of a bus)"
        );
    }

    #[test]
    fn the_ledger_is_a_table_where_one_is_named() {
        let open = |changes: &[(&str, &str)]| {
            let settings = read(changes).unwrap();
            settings.ledger.open(|name| name)
        };
        assert!(matches!(open(&[]).store(), TableOrMemory::Memory(_)));
        let named = open(&[("LEDGER_TABLE", "ledger"), ("LEDGER_DAYS", "40")]);
        assert!(matches!(named.store(), TableOrMemory::Table(name) if name == "ledger"));
    }

    #[test]
    fn the_queue_of_dead_letters_that_come_back_is_known_by_its_arn_or_its_name() {
        let other = "arn:aws:sqs:eu-central-1:123456789012:acme-ReplayQueue-1";
        let replay = "arn:aws:sqs:eu-central-1:123456789012:replay";
        let named = read(&[]).unwrap().replay_queue;
        assert!(named.is(replay) && !named.is(other) && !named.is(""));
        let set = read(&[("REPLAY_QUEUE_ARN", other)]).unwrap().replay_queue;
        assert!(set.is(other) && !set.is(replay));
        assert_eq!(
            read(&[("REPLAY_QUEUE_ARN", "replay")]).unwrap_err(),
            "1 setting is wrong:\n  REPLAY_QUEUE_ARN: cannot read `replay` (want the ARN of an SQS queue)"
        );
    }

    #[test]
    fn the_rule_target_must_say_where_to() {
        let problems = read(&[("SINKS", "")]).unwrap_err();
        assert_eq!(problems, "1 setting is wrong:\n  SINKS: required, not set");
    }

    #[test]
    fn a_sink_is_given_the_schema_that_its_entry_names() {
        let settings = read(&[("SINKS", "http:ecs,stdout")]).unwrap();
        let schemas: Vec<Schema> = settings.destinations.iter().map(|d| d.schema).collect();
        assert_eq!(schemas, [Schema::Ecs, Schema::Raw]);
        let problems = read(&[("SINKS", "event-bus:ecs")]).unwrap_err();
        assert_eq!(
            problems,
            "1 setting is wrong:\n  SINKS: cannot read the schema of `event-bus:ecs` (want one of raw)"
        );
    }
}
