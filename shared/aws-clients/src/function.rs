//! What every function on AWS has: the settings that all read, a connection, a queue for dead letters.

use relay::settings::{CommonSettings, Reader};
use relay::{CounterFormat, Counters, RelayParts};

use crate::connection::AwsConnection;
use crate::dead_letter_queue::{DeadLetterQueue, DeadLetterQueueSettings};
use crate::queue_sender::QueueSender;

/// A function on AWS, before it has a trigger and sinks.
#[derive(Debug)]
pub struct AwsFunction {
    /// Its name, for dead letters, counters and messages.
    pub name: &'static str,
    /// What every function reads.
    pub common: CommonSettings,
    /// How it reaches AWS.
    pub connection: AwsConnection,
    dead_letters: DeadLetterQueueSettings,
}

impl AwsFunction {
    /// Reads what every function on AWS reads; `name` is its own. `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>, name: &'static str) -> Option<Self> {
        let common = CommonSettings::read(reader);
        let connection = AwsConnection::read(reader);
        let dead_letters = DeadLetterQueueSettings::read(reader);
        Some(Self {
            name,
            common: common?,
            connection: connection?,
            dead_letters: dead_letters?,
        })
    }

    /// A sender to the queues of its account.
    pub fn queue_sender(&self) -> QueueSender {
        QueueSender::new(&self.connection, self.dead_letters.url().to_owned())
    }

    /// What its relay is made of.
    pub fn into_parts(self) -> RelayParts<DeadLetterQueue> {
        let format = CounterFormat::EmbeddedMetrics;
        RelayParts {
            function: self.name,
            counters: Counters::of_each_invocation(self.name, &self.common.tenant, format),
            common: self.common,
            dead_letters: DeadLetterQueue::new(&self.connection, self.dead_letters),
        }
    }
}
