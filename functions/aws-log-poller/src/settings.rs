//! What the function reads from its environment.

use aws_clients::{
    AwsFunction, CheckpointSettings, LedgerSettings, aws_sinks, event_queue, read_ledger,
};
use http_clients::{ManagementApi, Platform, http_sinks};
use relay::poll::PollerSettings;
use relay::settings::{CommonSettings, FunctionSettings, Reader};
use relay::{SinkRegistry, WantedSecret, local_sinks};
use tracing::level_filters::LevelFilter;

/// The function's settings; its sinks are open already, so that what cannot be opened is a settings error.
#[derive(Debug)]
pub struct Settings {
    pub(crate) function: AwsFunction,
    pub(crate) source: ManagementApi,
    pub(crate) checkpoints: CheckpointSettings,
    pub(crate) ledger: LedgerSettings,
    pub(crate) poller: PollerSettings,
}

impl Settings {
    /// The sinks that the function has; `function` is `None` if it cannot be read.
    pub fn sinks(function: Option<&AwsFunction>) -> SinkRegistry<'_> {
        let sinks = http_sinks(Platform::Elsewhere).into_iter();
        sinks
            .chain(aws_sinks(function))
            .chain([event_queue(function)])
            .chain(local_sinks())
            .collect()
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
        let function = AwsFunction::read(reader, env!("CARGO_PKG_NAME"));
        let source = ManagementApi::read(reader);
        let checkpoints = CheckpointSettings::read(reader);
        let ledger = read_ledger(reader);
        let poller = PollerSettings::read(
            reader,
            &Self::sinks(function.as_ref()),
            Some("event-queue"),
            "LEDGER_TABLE",
        );
        Some(Self {
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
