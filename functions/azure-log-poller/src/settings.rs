//! What the function reads from its environment.

use std::time::Duration;

use custom_handler::{HandlerSettings, HostedSettings};
use http_clients::{
    AzureFunction, CheckpointSettings, LedgerSettings, ManagementApi, Platform, http_sinks,
    read_ledger,
};
use relay::poll::PollerSettings;
use relay::settings::{CommonSettings, FunctionSettings, Reader};
use relay::{SinkRegistry, WantedSecret, local_sinks};
use tracing::level_filters::LevelFilter;

/// A run unless `INVOCATION_SECONDS` says otherwise: host.json ends it after 300.
const INVOCATION: Duration = Duration::from_mins(4);

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) function: AzureFunction,
    pub(crate) handler: HandlerSettings,
    pub(crate) source: ManagementApi,
    pub(crate) checkpoints: CheckpointSettings,
    pub(crate) ledger: LedgerSettings,
    pub(crate) poller: PollerSettings,
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
        secrets.extend([CommonSettings::SECRET, ManagementApi::SECRET]);
        secrets
    }

    /// Reads the settings of a sink only if `SINKS` names it.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let function = AzureFunction::read(reader);
        let handler = HandlerSettings::read_or(reader, INVOCATION);
        let source = ManagementApi::read(reader);
        let checkpoints = CheckpointSettings::read(reader);
        let ledger = read_ledger(reader);
        let poller = PollerSettings::read(
            reader,
            &Self::sinks(function.as_ref()),
            Some("log-analytics"),
            "LEDGER_TABLE_ENDPOINT",
        );
        Some(Self {
            handler: handler?,
            source: source?,
            checkpoints: checkpoints?,
            ledger: ledger?,
            poller: poller?,
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
