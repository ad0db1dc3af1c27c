//! The sinks on AWS, as functions register them: a new one is added here.

use relay::RegisteredSink;

use crate::event_bus::{EventBus, EventBusSettings};
use crate::firehose::{Firehose, FirehoseSettings};
use crate::function::AwsFunction;

/// Every sink of this package. `function` is `None` if the reader noted a problem: settings are read all the same.
pub fn aws_sinks(function: Option<&AwsFunction>) -> Vec<RegisteredSink<'_>> {
    vec![firehose(function), event_bus(function)]
}

/// The sink `event-bus`.
pub fn event_bus(function: Option<&AwsFunction>) -> RegisteredSink<'_> {
    EventBus::KIND.opened_by(move |reader, _| {
        let settings = EventBusSettings::read(reader)?;
        let function = function?;
        let tenant = &function.common.tenant;
        Some(EventBus::new(&function.connection, settings, tenant))
    })
}

fn firehose(function: Option<&AwsFunction>) -> RegisteredSink<'_> {
    Firehose::KIND.opened_by(move |reader, _| {
        let settings = FirehoseSettings::read(reader)?;
        Some(Firehose::new(&function?.connection, settings))
    })
}
