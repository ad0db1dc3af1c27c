//! A long log over many short runs, two at a time, as `kit::long_log` has it.

use std::time::Duration;

use super::{InvocationError, Polling, Value};
use crate::kit::ledger::undelivered;
use crate::kit::long_log::LongLog;

/// How long a run may take. What a killed one holds is free this long and ten seconds after it began.
const TIMEOUT: Duration = Duration::from_secs(4);

fn is_caught_up(run: &Result<Value, InvocationError>) -> bool {
    run.as_ref()
        .is_ok_and(|answer| answer["end"] == "caught_up")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_survives_short_runs_kills_and_an_ill_tenant() {
    let mut long_log = LongLog::asked();
    let polling = Polling::with_timeout(long_log.event_count, &[], TIMEOUT).await;
    let (tenant, faults) = (&polling.tenant, &polling.faults);
    let cloud = &polling.cloud;
    long_log.begin(tenant, faults, &cloud.collector_faults);
    loop {
        let both = async { tokio::join!(polling.run(), polling.run()) };
        let at_sink = || cloud.collector.counts().events;
        let kill = polling.poller.kill();
        let (one, other) = long_log.run_both(both, at_sink, kill).await;
        if is_caught_up(&one) || is_caught_up(&other) {
            break;
        }
        let is_ended = |run: &&_| matches!(run, Err(InvocationError::Timeout));
        let ended = [&one, &other].into_iter().filter(is_ended).count();
        let in_flight = || {
            let at_sink = cloud.collector.log_ids();
            undelivered(cloud.ledger.contents(), at_sink.keys()).len()
        };
        long_log.pause(ended, in_flight).await;
    }
    long_log.check("AWS", cloud.collector.log_ids(), tenant, faults);
}
