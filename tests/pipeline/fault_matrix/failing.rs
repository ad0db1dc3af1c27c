//! Services that fail together from a moment on, until they are well again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fakes::faults::{Fault, Faults};
use flate2::read::GzDecoder;
use tokio::time::{Instant, sleep};

use super::combination::{Combination, Ending, Failure, Moment, Place};

/// How long services fail where the processes run on: longer than an invocation takes.
const FAILING_TIME: Duration = Duration::from_secs(6);
/// How long after its first failure a process is killed, and how long the services fail after that.
const KILLED_AFTER: Duration = Duration::from_millis(300);
const FAILING_AFTER_KILL: Duration = Duration::from_secs(2);
/// How long a failure is waited for that may never come: nobody calls a service that is not needed again.
const FAILURE_PATIENCE: Duration = Duration::from_secs(5);

/// The failures of one combination.
#[derive(Clone)]
pub(super) struct Failing {
    combination: Combination,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_well: AtomicBool,
    sink_has_answered: AtomicBool,
    failed_calls: AtomicU64,
    /// How often each event was in a call of the sink whose answer was lost.
    unanswered: Mutex<BTreeMap<String, u64>>,
}

impl Failing {
    pub(super) fn new(combination: &Combination) -> Self {
        Self {
            combination: combination.clone(),
            shared: Arc::default(),
        }
    }

    /// Lets a service fail if the combination says so. Of the sink it is known what each call holds.
    pub(super) fn arm(&self, place: Place, faults: &Faults) {
        let failing = self.clone();
        let mut calls = 0_u64;
        faults.by_body(move |body| {
            calls += 1;
            let fault = failing.fault(place, calls);
            let is_done = matches!(fault, Fault::DropAfter | Fault::ResetAfter);
            if place == Place::Sink && is_done {
                let mut unanswered = failing.shared.unanswered.lock().unwrap();
                for log_id in log_ids(body) {
                    *unanswered.entry(log_id).or_default() += 1;
                }
            }
            if place == Place::Sink && fault == Fault::Healthy {
                failing
                    .shared
                    .sink_has_answered
                    .store(true, Ordering::SeqCst);
            }
            fault
        });
    }

    fn fault(&self, place: Place, call: u64) -> Fault {
        let shared = &self.shared;
        let has_begun = match self.combination.moment {
            Moment::Before => true,
            Moment::During => call > 1,
            Moment::After => shared.sink_has_answered.load(Ordering::SeqCst),
        };
        let is_well = shared.is_well.load(Ordering::SeqCst);
        if is_well || !has_begun || !self.combination.places.contains(&place) {
            return Fault::Healthy;
        }
        let number = shared.failed_calls.fetch_add(1, Ordering::SeqCst);
        match self.combination.failure {
            Failure::Status500 => Fault::Status(500),
            Failure::Hang => Fault::Hang,
            Failure::Drop if number.is_multiple_of(2) => Fault::DropAfter,
            Failure::Drop => Fault::DropBefore,
            Failure::Reset => Fault::ResetAfter,
            Failure::Denied => Fault::Denied,
        }
    }

    /// Waits until the services have failed for as long as they should; `end` ends the processes where they are to be ended.
    pub(super) async fn run_its_course(&self, end: impl AsyncFnOnce()) {
        let begun = Instant::now();
        while self.failed_calls() == 0 && begun.elapsed() < FAILURE_PATIENCE {
            sleep(Duration::from_millis(10)).await;
        }
        match self.combination.ending {
            Ending::Run | Ending::Short => sleep(FAILING_TIME).await,
            Ending::Kill | Ending::Terminate => {
                sleep(KILLED_AFTER).await;
                end().await;
                sleep(FAILING_AFTER_KILL).await;
            }
        }
    }

    /// From now on all services are well.
    pub(super) fn mend(&self) {
        self.shared.is_well.store(true, Ordering::SeqCst);
    }

    pub(super) fn failed_calls(&self) -> u64 {
        self.shared.failed_calls.load(Ordering::SeqCst)
    }

    /// How many events were in calls of the sink whose answer was lost.
    pub(super) fn unanswered(&self) -> u64 {
        self.shared.unanswered.lock().unwrap().values().sum()
    }
}

/// The events of a call, by the ids that the matrix gives them.
fn log_ids(body: &[u8]) -> BTreeSet<String> {
    let mut text = String::new();
    if body.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(body).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(body.to_vec()).unwrap();
    }
    let all = super::events::log_ids().into_iter();
    all.filter(|log_id| text.contains(log_id)).collect()
}
