//! What every function on Azure has: the settings that all read, a managed identity, a container for dead letters.

use std::time::Duration;

use relay::settings::{CommonSettings, Reader};
use relay::{Counters, RelayParts};

use crate::blob::{DeadLetterContainer, DeadLetterContainerSettings};
use crate::entra::EntraIdentity;

/// How long counters are summed unless `COUNTER_SECONDS` says otherwise: each line is billed, in the host's wrapping.
const COUNTER_SECONDS: u64 = 10;
/// The longest; what a kill loses is no more.
const MAX_COUNTER_SECONDS: u64 = 300;

/// A function on Azure, before it has a trigger and sinks.
#[derive(Debug)]
pub struct AzureFunction {
    /// What every function reads.
    pub common: CommonSettings,
    /// Its app's managed identity.
    pub identity: EntraIdentity,
    dead_letters: DeadLetterContainerSettings,
    counter_period: Duration,
}

impl AzureFunction {
    /// Reads what every function on Azure reads; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let common = CommonSettings::read(reader);
        let identity = EntraIdentity::read_managed(reader);
        let dead_letters = DeadLetterContainerSettings::read(reader);
        let counter_period = read_counter_period(reader);
        Some(Self {
            common: common?,
            identity: identity?,
            dead_letters: dead_letters?,
            counter_period: counter_period?,
        })
    }

    /// What its relay is made of; `function` is its name.
    pub fn into_parts(self, function: &'static str) -> RelayParts<DeadLetterContainer> {
        RelayParts {
            function,
            counters: Counters::summed(function, &self.common.tenant, self.counter_period),
            common: self.common,
            dead_letters: DeadLetterContainer::new(&self.identity, self.dead_letters),
        }
    }
}

fn read_counter_period(reader: &mut Reader<'_>) -> Option<Duration> {
    let default = COUNTER_SECONDS.to_string();
    let text = reader.optional("COUNTER_SECONDS").unwrap_or(default);
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| *seconds <= MAX_COUNTER_SECONDS);
    if seconds.is_none() {
        let want = format!("a whole number of seconds, at most {MAX_COUNTER_SECONDS}");
        reader.problem(
            "COUNTER_SECONDS",
            format_args!("cannot read `{text}` (want {want})"),
        );
    }
    seconds.map(Duration::from_secs)
}
