//! What the function reads from its environment.

use custom_handler::{HandlerSettings, Start};
use http_clients::{
    DeadLetterContainerSettings, EntraIdentity, EventTopic, EventTopicSettings, HttpCollector,
    KeyVault, LedgerSettings, LogAnalytics, LogAnalyticsSettings, SecretVersions, read_ledger,
    read_secrets, unread_secrets,
};
use relay::settings::{CommonSettings, Reader, SettingsError};
use relay::{Destination, FileSink, SinkChoice, StdoutSink, StoredSecrets, read_sinks};
use tenant_logs::{Schema, TenantName};

use crate::sink::SubscriberSink;

/// Secrets that a setting may name by its URI.
const SECRETS: [(&str, SecretVersions); 2] = [
    ("HTTP_SINK_AUTHORIZATION", SecretVersions::Current),
    ("REDACT_KEY", SecretVersions::Current),
];

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) common: CommonSettings,
    pub(crate) handler: HandlerSettings,
    pub(crate) identity: EntraIdentity,
    pub(crate) dead_letters: DeadLetterContainerSettings,
    pub(crate) ledger: LedgerSettings,
    pub(crate) destinations: Vec<Destination<SubscriberSink>>,
    pub(crate) replay_destinations: Vec<Destination<SubscriberSink>>,
}

/// What sinks are opened with; where a part is missing, its problem is noted already.
#[derive(Clone, Copy)]
struct Opening<'a> {
    identity: Option<&'a EntraIdentity>,
    tenant: Option<&'a TenantName>,
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
        let handler = HandlerSettings::read(&mut reader);
        let identity = EntraIdentity::read_managed(&mut reader);
        let dead_letters = DeadLetterContainerSettings::read(&mut reader);
        let ledger = read_ledger(&mut reader);
        let opening = Opening {
            identity: identity.as_ref(),
            tenant: common.as_ref().map(|common| &common.tenant),
        };
        let destinations = read_destinations(&mut reader, opening);
        let replay_destinations = read_replay_destinations(&mut reader, opening);
        reader.finish(|| {
            Some(Self {
                common: common?,
                handler: handler?,
                identity: identity?,
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
) -> Option<Vec<Destination<SubscriberSink>>> {
    let unless_set = LogAnalytics::KIND.name;
    let choices = read_sinks(reader, &SubscriberSink::KINDS, Some(unless_set))?;
    // Every sink is read before the first problem ends it.
    let destinations: Vec<Option<Destination<SubscriberSink>>> = choices
        .into_iter()
        .map(|choice| read_destination(reader, choice, opening))
        .collect();
    destinations.into_iter().collect()
}

fn read_destination(
    reader: &mut Reader<'_>,
    choice: SinkChoice,
    opening: Opening<'_>,
) -> Option<Destination<SubscriberSink>> {
    let sink = match choice.name {
        "log-analytics" => {
            let settings = LogAnalyticsSettings::read(reader)?;
            let sink = LogAnalytics::new(opening.identity?, &settings, choice.schema);
            SubscriberSink::LogAnalytics(Box::new(sink))
        }
        "http" => {
            let collector = HttpCollector::read(reader)?;
            SubscriberSink::Http(collector.with_vault(KeyVault::new(opening.identity?)))
        }
        "event-topic" => SubscriberSink::EventTopic(read_event_topic(reader, opening)?),
        "file" => SubscriberSink::File(FileSink::read(reader)?),
        _ => SubscriberSink::Stdout(StdoutSink),
    };
    Some(Destination {
        sink,
        schema: choice.schema,
    })
}

/// The topic of the ingest function, where its dead letters go back to; left out where no topic is named.
fn read_replay_destinations(
    reader: &mut Reader<'_>,
    opening: Opening<'_>,
) -> Option<Vec<Destination<SubscriberSink>>> {
    if reader.optional("EVENT_TOPIC_ENDPOINT").is_none() {
        return Some(Vec::new());
    }
    let topic = read_event_topic(reader, opening)?;
    Some(vec![Destination {
        sink: SubscriberSink::EventTopic(topic),
        schema: Schema::Raw,
    }])
}

fn read_event_topic(reader: &mut Reader<'_>, opening: Opening<'_>) -> Option<EventTopic> {
    let settings = EventTopicSettings::read(reader)?;
    Some(EventTopic::new(
        opening.identity?,
        settings,
        opening.tenant?,
    ))
}

#[cfg(test)]
mod tests;
