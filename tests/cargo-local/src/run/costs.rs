//! What a run's requests would have cost, as far as the local cloud counts them.

use hosts::lambda::Usage;

use crate::azure_cloud::AzureCloud;
use crate::cloud::Cloud;
use crate::cost::{Bill, quantity};
use crate::report::{CostLine, PathLine};

/// Memory of a function, as the template and Bicep have it.
const LAMBDA_GIGABYTES: f64 = 0.25;
const FLEX_GIGABYTES: f64 = 2.0;
const GIGABYTE: f64 = 1_073_741_824.0;
/// Messages that one call deletes.
const MESSAGES_A_CALL: f64 = 10.0;

/// On AWS, where a function's time is its CPU time, and the ledger is in memory.
pub(super) fn of_aws(cloud: &Cloud, paths: &[PathLine]) -> CostLine {
    let answered = paths.iter().flat_map(|path| path.answers.values());
    let direct = cloud.direct_bus.counts().accepted;
    let mapping = cloud.mapping.counts();
    let invocations = answered.sum::<u64>() + mapping.invocations + direct;
    let buses = [&cloud.bus, &cloud.partner_bus, &cloud.direct_bus];
    let events: u64 = buses.iter().map(|bus| bus.counts().accepted).sum();
    let sent = quantity(cloud.deliver_queue.billed_requests());
    let deleted = quantity(mapping.deleted) / MESSAGES_A_CALL;
    let functions = [&cloud.ingest, &cloud.target];
    let usage = functions.iter().filter_map(|function| function.usage());
    let usage = usage.reduce(Usage::and).unwrap_or_default();
    let lines = functions.iter().map(|function| function.output().len());
    let log_bytes = quantity(u64::try_from(lines.sum::<usize>()).unwrap_or(u64::MAX));
    CostLine {
        cloud: "AWS",
        event_count: paths.iter().map(|path| path.event_count).sum(),
        bill: Bill::default()
            .with("eventbridge_event", quantity(events))
            .with("sqs_request", sent * 2.0 + deleted)
            .with("lambda_request", quantity(invocations))
            .with(
                "lambda_gb_second",
                usage.cpu.as_secs_f64() * LAMBDA_GIGABYTES,
            )
            .with("cloudwatch_logs_gb", log_bytes / GIGABYTE),
    }
}

/// On Azure, where each call is billed a second of an instance, and each event once in and once out.
pub(super) fn of_azure(cloud: &AzureCloud, paths: &[PathLine]) -> CostLine {
    let calls = [cloud.ingest.calls(), cloud.subscriber.calls()];
    let calls = quantity(u64::try_from(calls.iter().sum::<usize>()).unwrap_or(u64::MAX));
    let events = cloud.topic.taken() + cloud.partner_topic.taken();
    let transactions: u64 = cloud.faults.ledger.injected().values().sum();
    CostLine {
        cloud: "Azure",
        event_count: paths.iter().map(|path| path.event_count).sum(),
        bill: Bill::default()
            .with("event_grid_operation", quantity(events) * 2.0)
            .with("flex_execution", calls)
            .with("flex_gb_second", calls * FLEX_GIGABYTES)
            .with("table_transaction", quantity(transactions)),
    }
}
