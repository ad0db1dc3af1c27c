//! What the function reads from its environment.

use aws_clients::{
    AwsSettings, DeadLetterQueueSettings, EventBusSettings, SecretVersions, read_secrets,
};
use relay::settings::{CommonSettings, Reader, SettingsError};
use relay::webhook::{TokenSettings, read_max_body_bytes};
use relay::{SinkChoice, SinkKind, StoredSecrets, read_sinks};
use tenant_logs::Schema;
use tracing::level_filters::LevelFilter;

/// Secrets that a setting may name by its ARN.
const SECRETS: [(&str, SecretVersions); 2] = [
    ("WEBHOOK_TOKENS", SecretVersions::Live),
    ("REDACT_KEY", SecretVersions::Current),
];

/// The function's settings.
#[derive(Debug)]
pub struct Settings {
    pub(crate) common: CommonSettings,
    pub(crate) aws: AwsSettings,
    pub(crate) event_bus: EventBusSettings,
    pub(crate) dead_letters: DeadLetterQueueSettings,
    pub(crate) tokens: TokenSettings,
    pub(crate) max_body_bytes: usize,
    pub(crate) schema: Schema,
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

    /// Reads every setting without asking anybody for secrets.
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
        let aws = AwsSettings::read(&mut reader);
        let event_bus = EventBusSettings::read(&mut reader);
        let dead_letters = DeadLetterQueueSettings::read(&mut reader);
        let tokens = TokenSettings::read(&mut reader);
        let max_body_bytes = read_max_body_bytes(&mut reader);
        let sink = read_sink(&mut reader);
        reader.finish(|| {
            Some(Self {
                common: common?,
                aws: aws?,
                event_bus: event_bus?,
                dead_letters: dead_letters?,
                tokens: tokens?,
                max_body_bytes: max_body_bytes?,
                schema: sink?.schema,
            })
        })
    }
}

/// Reads `SINKS`: this function puts events onto its bus, and nowhere else.
fn read_sink(reader: &mut Reader<'_>) -> Option<SinkChoice> {
    let bus = SinkKind::of_raw("event-bus");
    let choices = read_sinks(reader, &[bus], Some(bus.name))?;
    choices.first().copied()
}

#[cfg(test)]
mod tests {
    use tenant_logs::Secret;

    use super::*;

    const ALL: [(&str, &str); 7] = [
        ("TENANT_NAME", "acme"),
        ("WEBHOOK_TOKENS", "first-token"),
        ("EVENT_BUS_NAME", "logs"),
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
        Settings::read(&lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_required_is_enough() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.max_body_bytes, 6_291_456);
        assert_eq!(settings.schema, Schema::Raw);
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems = read(&[
            ("TENANT_NAME", ""),
            ("WEBHOOK_TOKENS", " , "),
            ("EVENT_BUS_NAME", ""),
            ("DEAD_LETTER_QUEUE_URL", ""),
            ("MAX_BODY_BYTES", "ten"),
            ("SINKS", "http"),
            ("AWS_REGION", ""),
        ])
        .unwrap_err();
        assert_eq!(
            problems,
            "7 settings are wrong:
  TENANT_NAME: required, not set
  AWS_REGION: required, not set
  EVENT_BUS_NAME: required, not set
  DEAD_LETTER_QUEUE_URL: required, not set
  WEBHOOK_TOKENS: names no token (want one or more)
  MAX_BODY_BYTES: cannot read `ten` (want a whole number of bytes)
  SINKS: cannot read `http` (want one of event-bus)"
        );
    }

    #[test]
    fn tokens_are_given_by_value_or_by_the_versions_of_a_secret() {
        let mut secrets = StoredSecrets::default();
        let versions = vec![Secret::new("second-token"), Secret::new("first-token")];
        secrets.note("WEBHOOK_TOKENS_SECRET_ARN".to_owned(), Ok(versions));
        let lookup = |name: &str| match name {
            "WEBHOOK_TOKENS" => None,
            "WEBHOOK_TOKENS_SECRET_ARN" => Some("arn:x".to_owned()),
            _ => ALL
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, value)| (*value).to_owned()),
        };
        let settings = Settings::read_with(&lookup, &secrets).unwrap();
        assert!(
            matches!(settings.tokens, TokenSettings::Stored { reference, .. } if reference == "arn:x")
        );
    }

    #[test]
    fn no_secret_is_ever_printed() {
        let printed = format!("{:?}", read(&[]).unwrap());
        assert!(
            !printed.contains("s3cret") && !printed.contains("first-token"),
            "{printed}"
        );
    }
}
