//! What the function reads from its environment.

use std::path::Path;

use aws_clients::{AwsSettings, DeadLetterQueueSettings};
use http_clients::{HttpCollector, HttpCollectorSettings};
use relay::settings::{CommonSettings, Reader, SettingsError};
use relay::{Destination, FileSink, SinkChoice, StdoutSink, parse_sinks};
use tracing::level_filters::LevelFilter;

use crate::sink::TargetSink;

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) common: CommonSettings,
    pub(crate) aws: AwsSettings,
    pub(crate) dead_letters: DeadLetterQueueSettings,
    pub(crate) destinations: Vec<Destination<TargetSink>>,
}

impl Settings {
    /// How much the function says.
    pub fn log_level(&self) -> LevelFilter {
        self.common.log_level
    }

    /// Reads every setting; those of a sink only where `SINKS` names it.
    ///
    /// # Errors
    /// Everything that is missing or wrong, at once.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(lookup);
        let common = CommonSettings::read(&mut reader);
        let aws = AwsSettings::read(&mut reader);
        let dead_letters = DeadLetterQueueSettings::read(&mut reader);
        let destinations = read_destinations(&mut reader);
        reader.finish(|| {
            Some(Self {
                common: common?,
                aws: aws?,
                dead_letters: dead_letters?,
                destinations: destinations?,
            })
        })
    }
}

fn read_destinations(reader: &mut Reader<'_>) -> Option<Vec<Destination<TargetSink>>> {
    let list = reader.required("SINKS")?;
    let choices = match parse_sinks(&list, &TargetSink::NAMES) {
        Ok(choices) => choices,
        Err(problem) => {
            reader.problem("SINKS", problem);
            return None;
        }
    };
    // Every sink is read before the first problem ends it.
    let destinations: Vec<Option<Destination<TargetSink>>> = choices
        .into_iter()
        .map(|choice| read_destination(reader, choice))
        .collect();
    destinations.into_iter().collect()
}

fn read_destination(
    reader: &mut Reader<'_>,
    choice: SinkChoice,
) -> Option<Destination<TargetSink>> {
    let sink = match choice.name {
        "http" => TargetSink::Http(read_http(reader)?),
        "file" => TargetSink::File(open_file(reader)?),
        _ => TargetSink::Stdout(StdoutSink),
    };
    Some(Destination {
        sink,
        schema: choice.schema,
    })
}

fn read_http(reader: &mut Reader<'_>) -> Option<HttpCollector> {
    let settings = HttpCollectorSettings::read(reader)?;
    match HttpCollector::new(settings) {
        Ok(collector) => Some(collector),
        Err(error) => {
            reader.problem("HTTP_SINK_URL", relay::chain(&error));
            None
        }
    }
}

fn open_file(reader: &mut Reader<'_>) -> Option<FileSink> {
    let path = reader.required("FILE_SINK_PATH")?;
    match FileSink::open(Path::new(&path)) {
        Ok(sink) => Some(sink),
        Err(error) => {
            let problem = format!("cannot append to `{path}`: {}", error.kind());
            reader.problem("FILE_SINK_PATH", problem);
            None
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn the_rule_target_must_say_where_to() {
        let problems = read(&[("SINKS", "")]).unwrap_err();
        assert_eq!(problems, "1 setting is wrong:\n  SINKS: required, not set");
        let problems = read(&[("SINKS", "http:ecs")]).unwrap_err();
        assert_eq!(
            problems,
            "1 setting is wrong:\n  SINKS: cannot read the schema of `http:ecs` (want one of raw)"
        );
    }
}
