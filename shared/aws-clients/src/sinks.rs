//! The sinks on AWS, as functions register them: a new one is added here.

use relay::RegisteredSink;

use crate::event_bus::{EventBus, EventBusSettings};
use crate::event_queue::{EventQueue, EventQueueSettings};
use crate::firehose::{Firehose, FirehoseSettings};
use crate::function::AwsFunction;

/// Every sink of this package but [`event_queue`]. `function` is `None` if the reader noted a problem: settings are read
/// all the same.
pub fn aws_sinks(function: Option<&AwsFunction>) -> Vec<RegisteredSink<'_>> {
    vec![firehose(function), event_bus(function)]
}

/// The sink `event-bus`, with a filter of its own.
pub fn event_bus(function: Option<&AwsFunction>) -> RegisteredSink<'_> {
    let bus = EventBus::KIND.opened_by(move |reader, _| {
        let settings = EventBusSettings::read(reader)?;
        let function = function?;
        let tenant = &function.common.tenant;
        Some(EventBus::new(&function.connection, settings, tenant))
    });
    bus.with_filter("EVENT_BUS_")
}

/// The sink `event-queue`, which leads to the target: the target itself does not have it.
pub fn event_queue(function: Option<&AwsFunction>) -> RegisteredSink<'_> {
    EventQueue::KIND.opened_by(move |reader, _| {
        let settings = EventQueueSettings::read(reader)?;
        let function = function?;
        Some(EventQueue::new(
            &function.connection,
            settings,
            function.name,
        ))
    })
}

fn firehose(function: Option<&AwsFunction>) -> RegisteredSink<'_> {
    Firehose::KIND.opened_by(move |reader, _| {
        let settings = FirehoseSettings::read(reader)?;
        Some(Firehose::new(&function?.connection, settings))
    })
}
