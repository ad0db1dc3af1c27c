//! What the function reads from its environment.

use aws_clients::{
    AwsConnection, AwsSettings, DeadLetterQueueSettings, EventBus, EventBusSettings, Firehose,
    FirehoseSettings, LedgerSettings, SecretVersions, read_ledger, read_secrets,
};
use http_clients::{EntraIdentity, HttpCollector, LogAnalytics, LogAnalyticsSettings};
use relay::settings::{CommonSettings, Reader, SettingsError};
use relay::{Destination, FileSink, SinkChoice, StdoutSink, StoredSecrets, read_sinks};
use tenant_logs::{Schema, TenantName};
use tracing::level_filters::LevelFilter;

use crate::sink::TargetSink;

/// Secrets that a setting may name by its ARN.
const SECRETS: [(&str, SecretVersions); 3] = [
    ("ENTRA_CLIENT_SECRET", SecretVersions::Current),
    ("HTTP_SINK_AUTHORIZATION", SecretVersions::Current),
    ("REDACT_KEY", SecretVersions::Current),
];

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) common: CommonSettings,
    pub(crate) connection: AwsConnection,
    pub(crate) dead_letters: DeadLetterQueueSettings,
    pub(crate) ledger: LedgerSettings,
    pub(crate) destinations: Vec<Destination<TargetSink>>,
    pub(crate) replay_destinations: Vec<Destination<TargetSink>>,
}

/// What sinks are opened with; where a part is missing, its problem is noted already.
#[derive(Clone, Copy)]
struct Opening<'a> {
    connection: Option<&'a AwsConnection>,
    tenant: Option<&'a TenantName>,
}

impl Settings {
    /// How much the function says.
    pub fn log_level(&self) -> LevelFilter {
        self.common.log_level
    }

    /// Reads every setting, and from Secrets Manager the secrets that settings name.
    ///
    /// # Errors
    /// Everything that is missing, wrong or cannot be read, at once.
    pub async fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let secrets = read_secrets(lookup, &SECRETS).await;
        Self::read_with(lookup, &secrets)
    }

    /// Reads every setting without asking anybody for secrets; those of a sink only where `SINKS` names it.
    ///
    /// # Errors
    /// Everything that is missing or wrong, at once.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::read_with(lookup, &StoredSecrets::default())
    }

    fn read_with(
        lookup: &dyn Fn(&str) -> Option<String>,
        secrets: &StoredSecrets,
    ) -> Result<Self, SettingsError> {
        let mut reader = Reader::with_secrets(lookup, secrets);
        let common = CommonSettings::read(&mut reader);
        let connection = AwsSettings::read(&mut reader).map(AwsConnection::new);
        let dead_letters = DeadLetterQueueSettings::read(&mut reader);
        let ledger = read_ledger(&mut reader);
        let opening = Opening {
            connection: connection.as_ref(),
            tenant: common.as_ref().map(|common| &common.tenant),
        };
        let destinations = read_destinations(&mut reader, opening);
        let replay_destinations = read_replay_destinations(&mut reader, opening);
        reader.finish(|| {
            Some(Self {
                common: common?,
                connection: connection?,
                dead_letters: dead_letters?,
                ledger: ledger?,
                destinations: destinations?,
                replay_destinations: replay_destinations?,
            })
        })
    }
}

fn read_destinations(
    reader: &mut Reader<'_>,
    opening: Opening<'_>,
) -> Option<Vec<Destination<TargetSink>>> {
    let choices = read_sinks(reader, &TargetSink::KINDS, None)?;
    // Every sink is read before the first problem ends it.
    let destinations: Vec<Option<Destination<TargetSink>>> = choices
        .into_iter()
        .map(|choice| read_destination(reader, choice, opening))
        .collect();
    destinations.into_iter().collect()
}

fn read_destination(
    reader: &mut Reader<'_>,
    choice: SinkChoice,
    opening: Opening<'_>,
) -> Option<Destination<TargetSink>> {
    let sink = match choice.name {
        "http" => TargetSink::Http(HttpCollector::read(reader)?),
        "firehose" => {
            let settings = FirehoseSettings::read(reader)?;
            TargetSink::Firehose(Firehose::new(opening.connection?, settings))
        }
        "event-bus" => TargetSink::EventBus(read_event_bus(reader, opening)?),
        "log-analytics" => {
            TargetSink::LogAnalytics(Box::new(read_log_analytics(reader, choice.schema)?))
        }
        "file" => TargetSink::File(FileSink::read(reader)?),
        _ => TargetSink::Stdout(StdoutSink),
    };
    Some(Destination {
        sink,
        schema: choice.schema,
    })
}

/// The bus of the ingest function, where its dead letters go back to; left out where no bus is named.
fn read_replay_destinations(
    reader: &mut Reader<'_>,
    opening: Opening<'_>,
) -> Option<Vec<Destination<TargetSink>>> {
    if reader.optional("EVENT_BUS_NAME").is_none() {
        return Some(Vec::new());
    }
    let event_bus = read_event_bus(reader, opening)?;
    Some(vec![Destination {
        sink: TargetSink::EventBus(event_bus),
        schema: Schema::Raw,
    }])
}

fn read_event_bus(reader: &mut Reader<'_>, opening: Opening<'_>) -> Option<EventBus> {
    let settings = EventBusSettings::read(reader)?;
    Some(EventBus::new(
        opening.connection?,
        settings,
        opening.tenant?,
    ))
}

/// An application's secret proves who we are: a Lambda has no managed identity.
fn read_log_analytics(reader: &mut Reader<'_>, schema: Schema) -> Option<LogAnalytics> {
    let identity = EntraIdentity::read_application(reader);
    let settings = LogAnalyticsSettings::read(reader)?;
    Some(LogAnalytics::new(&identity?, &settings, schema))
}

#[cfg(test)]
mod tests {
    use relay::TableOrMemory;

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
        Settings::read(&lookup).map_err(|error| error.to_string())
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
    fn a_bus_that_is_named_takes_its_dead_letters_back() {
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
            settings.ledger.open(|name, days| (name, days))
        };
        assert!(matches!(open(&[]), TableOrMemory::Memory(_)));
        let named = [("LEDGER_TABLE", "ledger"), ("LEDGER_DAYS", "40")];
        let TableOrMemory::Table(table) = open(&named) else {
            panic!("in memory");
        };
        assert_eq!(table, ("ledger".to_owned(), 40));
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
