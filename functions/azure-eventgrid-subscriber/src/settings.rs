//! What the function reads from its environment.

use custom_handler::{HandlerSettings, HostedSettings};
use http_clients::{AzureFunction, LedgerSettings, Platform, event_topic, http_sinks, read_ledger};
use relay::settings::{CommonSettings, FunctionSettings, Reader};
use relay::{AnySink, Destination, SinkRegistry, WantedSecret, local_sinks};
use tracing::level_filters::LevelFilter;

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) function: AzureFunction,
    pub(crate) handler: HandlerSettings,
    pub(crate) ledger: LedgerSettings,
    pub(crate) destinations: Vec<Destination<AnySink>>,
    pub(crate) replay_destinations: Vec<Destination<AnySink>>,
}

impl Settings {
    /// The sinks that the function has; `function` is `None` if it cannot be read.
    pub fn sinks(function: Option<&AzureFunction>) -> SinkRegistry<'_> {
        let sinks = http_sinks(Platform::Azure(function)).into_iter();
        sinks.chain(local_sinks()).collect()
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
        let function = AzureFunction::read(reader);
        let handler = HandlerSettings::read(reader);
        let ledger = read_ledger(reader);
        let destinations = Self::sinks(function.as_ref()).read(reader, Some("log-analytics"));
        // The topic of the ingest function, whose dead letters are replayed onto it.
        let replay_destinations =
            event_topic(function.as_ref()).read_for_replay(reader, "EVENT_TOPIC_ENDPOINT");
        Some(Self {
            handler: handler?,
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

impl HostedSettings for Settings {
    fn handler(&self) -> HandlerSettings {
        self.handler
    }
}

#[cfg(test)]
mod tests;
