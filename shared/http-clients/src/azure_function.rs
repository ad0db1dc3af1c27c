//! What every function on Azure has: the settings that all read, a managed identity, a container for dead letters.

use relay::settings::{CommonSettings, Reader};
use relay::{CounterFormat, RelayParts};

use crate::blob::{DeadLetterContainer, DeadLetterContainerSettings};
use crate::entra::EntraIdentity;

/// A function on Azure, before it has a trigger and sinks.
#[derive(Debug)]
pub struct AzureFunction {
    /// What every function reads.
    pub common: CommonSettings,
    /// Its app's managed identity.
    pub identity: EntraIdentity,
    dead_letters: DeadLetterContainerSettings,
}

impl AzureFunction {
    /// Reads what every function on Azure reads; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let common = CommonSettings::read(reader);
        let identity = EntraIdentity::read_managed(reader);
        let dead_letters = DeadLetterContainerSettings::read(reader);
        Some(Self {
            common: common?,
            identity: identity?,
            dead_letters: dead_letters?,
        })
    }

    /// What its relay is made of; `function` is its name.
    pub fn into_parts(self, function: &'static str) -> RelayParts<DeadLetterContainer> {
        RelayParts {
            function,
            common: self.common,
            dead_letters: DeadLetterContainer::new(&self.identity, self.dead_letters),
            counter_format: CounterFormat::Plain,
        }
    }
}
