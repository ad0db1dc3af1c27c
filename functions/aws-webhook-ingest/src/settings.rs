//! What the function reads from its environment.

use aws_clients::{AwsFunction, event_bus, event_queue};
use relay::settings::{CommonSettings, FunctionSettings, Reader};
use relay::webhook::WebhookSettings;
use relay::{AnySink, Destination, SinkRegistry, WantedSecret};
use tracing::level_filters::LevelFilter;

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) function: AwsFunction,
    pub(crate) webhook: WebhookSettings,
    pub(crate) destinations: Vec<Destination<AnySink>>,
}

impl Settings {
    /// The sinks that the function has; `function` is `None` if it cannot be read.
    pub fn sinks(function: Option<&AwsFunction>) -> SinkRegistry<'_> {
        [event_queue(function), event_bus(function)]
            .into_iter()
            .collect()
    }
}

impl FunctionSettings for Settings {
    fn secrets() -> Vec<WantedSecret> {
        let mut secrets = Self::sinks(None).secrets();
        secrets.extend([CommonSettings::SECRET, WebhookSettings::SECRET]);
        secrets
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let function = AwsFunction::read(reader, env!("CARGO_PKG_NAME"));
        let webhook = WebhookSettings::read(reader);
        let destinations = Self::sinks(function.as_ref()).read(reader, Some("event-queue"));
        Some(Self {
            destinations: destinations?,
            function: function?,
            webhook: webhook?,
        })
    }

    fn log_level(&self) -> LevelFilter {
        self.function.common.log_level
    }
}

#[cfg(test)]
mod tests {
    use relay::Sink;
    use tenant_logs::Schema;

    use super::*;

    const ALL: [(&str, &str); 7] = [
        ("TENANT_NAME", "acme"),
        ("WEBHOOK_TOKENS", "first-webhook-token"),
        ("EVENT_QUEUE_URL", "https://sqs.example.com/1/deliver"),
        (
            "DEAD_LETTER_QUEUE_URL",
            "https://sqs.example.com/1/set-aside",
        ),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Settings, String> {
        let lookup = |name: &str| {
            let found = changes.iter().chain(&ALL).find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        relay::settings::read(&lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_required_is_enough() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.webhook.max_body_bytes, 6_291_456);
        assert_eq!(settings.destinations[0].schema, Schema::Raw);
        assert_eq!(settings.destinations[0].sink.name(), "event-queue");
    }

    #[test]
    fn the_bus_may_stand_beside_the_queue_or_in_its_place() {
        let names = |changes: &[(&str, &str)]| -> Vec<&str> {
            let destinations = read(changes).unwrap().destinations;
            destinations.iter().map(|one| one.sink.name()).collect()
        };
        let beside = [
            ("SINKS", "event-queue,event-bus"),
            ("EVENT_BUS_NAME", "logs"),
        ];
        assert_eq!(names(&beside), ["event-queue", "event-bus"]);
        let alone = [
            ("SINKS", "event-bus"),
            ("EVENT_BUS_NAME", "logs"),
            ("EVENT_QUEUE_URL", ""),
        ];
        assert_eq!(names(&alone), ["event-bus"]);
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems = read(&[
            ("TENANT_NAME", ""),
            ("WEBHOOK_TOKENS", " , "),
            ("EVENT_QUEUE_URL", "deliver"),
            ("DEAD_LETTER_QUEUE_URL", ""),
            ("MAX_BODY_BYTES", "ten"),
            ("SINKS", "event-queue,http"),
            ("AWS_REGION", ""),
        ])
        .unwrap_err();
        assert_eq!(
            problems,
            "7 settings are wrong:
  TENANT_NAME: required, not set
  AWS_REGION: required, not set
  DEAD_LETTER_QUEUE_URL: required, not set
  WEBHOOK_TOKENS: names no token (want one or more)
  MAX_BODY_BYTES: cannot read `ten` (want a whole number of bytes)
  SINKS: cannot read `http` (want one of event-queue, event-bus)
  EVENT_QUEUE_URL: cannot read `deliver` (want the URL of a standard SQS queue)"
        );
    }

    #[test]
    fn no_secret_is_ever_printed() {
        let printed = format!("{:?}", read(&[]).unwrap());
        assert!(
            !printed.contains("s3cret") && !printed.contains("first-webhook-token"),
            "{printed}"
        );
    }
}
