//! A long log over many short runs of two instances at once, as `kit::long_log` has it.

use super::*;
use crate::kit::ledger::undelivered_on_azure;
use crate::kit::long_log::LongLog;

/// How long a run may take. What a killed one holds is free this long and ten seconds after it began.
const RUN_SECONDS: &str = "4";

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_survives_short_runs_kills_and_an_ill_tenant_on_azure() {
    let mut long_log = LongLog::asked();
    let changes = [("INVOCATION_SECONDS", RUN_SECONDS)];
    let polling = Polling::start(long_log.event_count, &changes).await;
    let another = polling.another(&[]).await;
    let (tenant, faults) = (&polling.tenant, &polling.faults);
    let logs = &polling.cloud.logs;
    long_log.begin(tenant, faults, &polling.cloud.faults.logs);
    while !polling.is_caught_up() {
        let both = async { tokio::join!(polling.run(), another.host.run_timer("poll")) };
        let kill = async {
            tokio::join!(polling.poller.host.restart(), another.host.restart());
        };
        let _ends = long_log.run_both(both, || logs.counts().rows, kill).await;
        // This host lets a run go on for five minutes.
        let in_flight = || undelivered_on_azure(&polling.cloud.ledger, logs.log_ids().keys()).len();
        long_log.pause(0, in_flight).await;
    }
    long_log.check("Azure", logs.log_ids(), tenant, faults);
}
