//! The sinks over HTTPS, as functions register them: a new one is added here.

use relay::RegisteredSink;

use crate::azure_function::AzureFunction;
use crate::collector::HttpCollector;
use crate::entra::EntraIdentity;
use crate::event_grid::{EventTopic, EventTopicSettings};
use crate::key_vault::KeyVault;
use crate::log_analytics::{LogAnalytics, LogAnalyticsSettings};

/// Where a function runs.
#[derive(Debug, Clone, Copy)]
pub enum Platform<'a> {
    /// On Azure: its managed identity opens Azure's services and Key Vault. `None` if the reader noted a problem: settings
    /// are read all the same.
    Azure(Option<&'a AzureFunction>),
    /// Elsewhere: an Entra application's secret opens Azure's services.
    Elsewhere,
}

/// Every sink of this package that functions of the platform may have.
pub fn http_sinks(platform: Platform<'_>) -> Vec<RegisteredSink<'_>> {
    let mut sinks = vec![http(platform), log_analytics(platform)];
    if let Platform::Azure(function) = platform {
        sinks.push(event_topic(function));
    }
    sinks
}

/// The sink `event-topic`.
pub fn event_topic(function: Option<&AzureFunction>) -> RegisteredSink<'_> {
    EventTopic::KIND.opened_by(move |reader, _| {
        let settings = EventTopicSettings::read(reader)?;
        let function = function?;
        let tenant = &function.common.tenant;
        Some(EventTopic::new(&function.identity, settings, tenant))
    })
}

fn http(platform: Platform<'_>) -> RegisteredSink<'_> {
    let http = HttpCollector::KIND.opened_by(move |reader, _| {
        let collector = HttpCollector::read(reader)?;
        Some(match platform {
            Platform::Azure(function) => collector.with_vault(KeyVault::new(&function?.identity)),
            Platform::Elsewhere => collector,
        })
    });
    let secrets = HttpCollector::SECRETS.into_iter();
    secrets.fold(http, RegisteredSink::with_secret)
}

fn log_analytics(platform: Platform<'_>) -> RegisteredSink<'_> {
    let log_analytics = LogAnalytics::KIND.opened_by(move |reader, schema| {
        let identity = match platform {
            Platform::Azure(function) => function.map(|function| function.identity.clone()),
            Platform::Elsewhere => EntraIdentity::read_application(reader),
        };
        let settings = LogAnalyticsSettings::read(reader)?;
        Some(LogAnalytics::new(&identity?, &settings, schema))
    });
    match platform {
        Platform::Azure(_) => log_analytics,
        Platform::Elsewhere => log_analytics.with_secret(EntraIdentity::SECRET),
    }
}
