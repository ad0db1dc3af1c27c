//! What every function on AWS has: the settings that all read, a connection, a queue for dead letters.

use relay::settings::{CommonSettings, Reader};
use relay::{CounterFormat, Counters, RelayParts};

use crate::connection::{AwsConnection, AwsSettings};
use crate::dead_letter_queue::{DeadLetterQueue, DeadLetterQueueSettings};

/// A function on AWS, before it has a trigger and sinks.
#[derive(Debug)]
pub struct AwsFunction {
    /// What every function reads.
    pub common: CommonSettings,
    /// How it reaches AWS.
    pub connection: AwsConnection,
    dead_letters: DeadLetterQueueSettings,
}

impl AwsFunction {
    /// Reads what every function on AWS reads; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let common = CommonSettings::read(reader);
        let connection = AwsSettings::read(reader).map(AwsConnection::new);
        let dead_letters = DeadLetterQueueSettings::read(reader);
        Some(Self {
            common: common?,
            connection: connection?,
            dead_letters: dead_letters?,
        })
    }

    /// What its relay is made of; `function` is its name.
    pub fn into_parts(self, function: &'static str) -> RelayParts<DeadLetterQueue> {
        let format = CounterFormat::EmbeddedMetrics;
        RelayParts {
            function,
            counters: Counters::of_each_invocation(function, &self.common.tenant, format),
            common: self.common,
            dead_letters: DeadLetterQueue::new(&self.connection, self.dead_letters),
        }
    }
}
