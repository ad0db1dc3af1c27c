//! What the function reads from its environment.

use custom_handler::{HandlerSettings, HostedSettings};
use http_clients::{AzureFunction, event_topic};
use relay::settings::{CommonSettings, FunctionSettings, Reader};
use relay::webhook::WebhookSettings;
use relay::{AnySink, Destination, SinkRegistry, WantedSecret};
use tracing::level_filters::LevelFilter;

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) function: AzureFunction,
    pub(crate) handler: HandlerSettings,
    pub(crate) webhook: WebhookSettings,
    pub(crate) destinations: Vec<Destination<AnySink>>,
}

impl Settings {
    /// The sinks that the function has; `function` is `None` if it cannot be read.
    pub fn sinks(function: Option<&AzureFunction>) -> SinkRegistry<'_> {
        [event_topic(function)].into_iter().collect()
    }
}

impl FunctionSettings for Settings {
    fn secrets() -> Vec<WantedSecret> {
        let mut secrets = Self::sinks(None).secrets();
        secrets.extend([CommonSettings::SECRET, WebhookSettings::SECRET]);
        secrets
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let function = AzureFunction::read(reader);
        let handler = HandlerSettings::read(reader);
        let webhook = WebhookSettings::read(reader);
        let destinations = Self::sinks(function.as_ref()).read(reader, Some("event-topic"));
        Some(Self {
            destinations: destinations?,
            function: function?,
            handler: handler?,
            webhook: webhook?,
        })
    }

    fn log_level(&self) -> LevelFilter {
        self.function.common.log_level
    }
}

impl HostedSettings for Settings {
    fn handler(&self) -> HandlerSettings {
        self.handler
    }
}

#[cfg(test)]
mod tests {
    use http_clients::KeyVault;
    use tenant_logs::Schema;

    use super::*;

    const ALL: [(&str, &str); 7] = [
        ("TENANT_NAME", "acme"),
        ("WEBHOOK_TOKENS", "first-webhook-token"),
        (
            "EVENT_TOPIC_ENDPOINT",
            "https://logs.eventgrid.example.com/api/events",
        ),
        (
            "DEAD_LETTER_CONTAINER_ENDPOINT",
            "https://acme.blob.example.com/dead-letters",
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
        relay::settings::read(&lookup(changes)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_required_is_enough() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.webhook.max_body_bytes, 6_291_456);
        assert_eq!(settings.destinations[0].schema, Schema::Raw);
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
    fn before_any_secret_is_read_its_reference_is_checked() {
        let check = |uri: &str| {
            let changes = [("WEBHOOK_TOKENS", ""), ("WEBHOOK_TOKENS_SECRET_URI", uri)];
            let checked = relay::settings::check::<Settings, KeyVault>(&lookup(&changes));
            checked.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(check("https://v.example.com/secrets/t"), Ok(()));
        let problem = "1 setting is wrong:\n  WEBHOOK_TOKENS_SECRET_URI: want the URI of a secret in Key Vault, \
            `https://<vault>/secrets/<name>`";
        for malformed in ["https://v.example.com/keys/t", "first-webhook-token"] {
            assert_eq!(check(malformed), Err(problem.to_owned()));
        }
        assert!(check("").is_err());
    }

    #[test]
    fn no_secret_is_ever_printed() {
        let printed = format!("{:?}", read(&[]).unwrap());
        assert!(
            !printed.contains("h3ader") && !printed.contains("first-webhook-token"),
            "{printed}"
        );
    }
}
