//! What the function reads from its environment.

use custom_handler::{HandlerSettings, Start};
use http_clients::{
    DeadLetterContainerSettings, EntraIdentity, EventTopic, EventTopicSettings, SecretVersions,
    read_secrets, unread_secrets,
};
use relay::settings::{CommonSettings, Reader, SettingsError};
use relay::webhook::{TokenSettings, read_max_body_bytes};
use relay::{SinkChoice, StoredSecrets, read_sinks};
use tenant_logs::Schema;

/// Secrets that a setting may name by its URI.
const SECRETS: [(&str, SecretVersions); 2] = [
    ("WEBHOOK_TOKENS", SecretVersions::Live),
    ("REDACT_KEY", SecretVersions::Current),
];

/// The function's settings.
#[derive(Debug)]
pub struct Settings {
    pub(crate) common: CommonSettings,
    pub(crate) handler: HandlerSettings,
    pub(crate) identity: EntraIdentity,
    pub(crate) event_topic: EventTopicSettings,
    pub(crate) dead_letters: DeadLetterContainerSettings,
    pub(crate) tokens: TokenSettings,
    pub(crate) max_body_bytes: usize,
    pub(crate) schema: Schema,
}

impl Settings {
    /// Reads what can be read without asking anybody, so that the host is answered before any secret is fetched.
    ///
    /// # Errors
    /// Everything that is missing or wrong, at once.
    pub fn check(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Start, SettingsError> {
        let settings = Self::read_with(lookup, &unread_secrets(&SECRETS))?;
        Ok(Start {
            log_level: settings.common.log_level,
            handler: settings.handler,
        })
    }

    /// Reads every setting, and from Key Vault the secrets that settings name.
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
        let handler = HandlerSettings::read(&mut reader);
        let identity = EntraIdentity::read_managed(&mut reader);
        let event_topic = EventTopicSettings::read(&mut reader);
        let dead_letters = DeadLetterContainerSettings::read(&mut reader);
        let tokens = TokenSettings::read(&mut reader);
        let max_body_bytes = read_max_body_bytes(&mut reader);
        let sink = read_sink(&mut reader);
        reader.finish(|| {
            Some(Self {
                common: common?,
                handler: handler?,
                identity: identity?,
                event_topic: event_topic?,
                dead_letters: dead_letters?,
                tokens: tokens?,
                max_body_bytes: max_body_bytes?,
                schema: sink?.schema,
            })
        })
    }
}

/// Reads `SINKS`: this function puts events onto its topic, and nowhere else.
fn read_sink(reader: &mut Reader<'_>) -> Option<SinkChoice> {
    let topic = EventTopic::KIND;
    let choices = read_sinks(reader, &[topic], Some(topic.name))?;
    choices.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str); 7] = [
        ("TENANT_NAME", "acme"),
        ("WEBHOOK_TOKENS", "first-token"),
        (
            "EVENT_TOPIC_ENDPOINT",
            "https://logs.eventgrid.example.com/api/events",
        ),
        (
            "DEAD_LETTER_CONTAINER_ENDPOINT",
            "https://acme.blob.example.com/letters",
        ),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token"),
        ("IDENTITY_HEADER", "h3ader"),
    ];

    fn lookup<'a>(changes: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| {
            let found = changes.iter().chain(&ALL).find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    fn read(changes: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(&lookup(changes)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_required_is_enough() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.max_body_bytes, 6_291_456);
        assert_eq!(settings.schema, Schema::Raw);
        assert_eq!(settings.handler.invocation.as_secs(), 25);
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems = read(&[
            ("TENANT_NAME", ""),
            ("WEBHOOK_TOKENS", " , "),
            ("EVENT_TOPIC_ENDPOINT", ""),
            ("DEAD_LETTER_CONTAINER_ENDPOINT", ""),
            ("MAX_BODY_BYTES", "ten"),
            ("SINKS", "http"),
            ("IDENTITY_ENDPOINT", ""),
        ])
        .unwrap_err();
        for name in [
            "7 settings are wrong",
            "TENANT_NAME: required",
            "WEBHOOK_TOKENS: names no token",
            "EVENT_TOPIC_ENDPOINT: required",
            "DEAD_LETTER_CONTAINER_ENDPOINT: required",
            "MAX_BODY_BYTES: cannot read `ten`",
            "SINKS: cannot read `http` (want one of event-topic)",
            "IDENTITY_ENDPOINT: required",
        ] {
            assert!(problems.contains(name), "{name}: {problems}");
        }
    }

    #[test]
    fn the_start_needs_no_secret_yet() {
        let changes = [
            ("WEBHOOK_TOKENS", ""),
            (
                "WEBHOOK_TOKENS_SECRET_URI",
                "https://v.example.com/secrets/t",
            ),
        ];
        assert!(Settings::check(&lookup(&changes)).is_ok());
        assert!(Settings::check(&lookup(&[("WEBHOOK_TOKENS", "")])).is_err());
    }

    #[test]
    fn no_secret_is_ever_printed() {
        let printed = format!("{:?}", read(&[]).unwrap());
        assert!(
            !printed.contains("h3ader") && !printed.contains("first-token"),
            "{printed}"
        );
    }
}
