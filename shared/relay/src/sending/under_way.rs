//! Calls under way: whether each is still waited for, or has had its share of the time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::parts::Part;

/// The calls under way, each by its number.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    calls: BTreeMap<usize, Running>,
    next_number: usize,
}

#[derive(Debug)]
struct Running {
    part: Part,
    begun: Instant,
    share_ends: Instant,
    /// Whether its share is over, and its items are sent again.
    is_slow: bool,
}

impl UnderWay {
    /// Notes a call that begins; returns its number.
    pub(super) fn begin(&mut self, part: Part, share_ends: Instant) -> usize {
        let number = self.next_number;
        self.next_number += 1;
        let running = Running {
            part,
            begun: Instant::now(),
            share_ends,
            is_slow: false,
        };
        self.calls.insert(number, running);
        number
    }

    /// Forgets a call that has ended; returns what it carried, and whether that was sent again meanwhile.
    pub(super) fn end(&mut self, number: usize) -> Option<(Part, bool)> {
        let running = self.calls.remove(&number)?;
        Some((running.part, running.is_slow))
    }

    /// How many calls have a share of the time left: only they count among those that are made side by side.
    pub(super) fn waited_for(&self) -> usize {
        self.calls.values().filter(|call| !call.is_slow).count()
    }

    /// When the next share ends, with a service whose longest answer so far took that long.
    pub(super) fn next_share_end(&self, longest: Duration) -> Option<Instant> {
        let waited_for = self.calls.values().filter(|call| !call.is_slow);
        waited_for.map(|call| call.share_end(longest)).min()
    }

    /// The parts whose calls have had their share by now, each once.
    pub(super) fn take_slow(&mut self, now: Instant, longest: Duration) -> Vec<Part> {
        let slow = self.calls.values_mut();
        let slow = slow.filter(|call| !call.is_slow && call.share_end(longest) <= now);
        let parts = slow.map(|call| {
            call.is_slow = true;
            call.part.clone()
        });
        parts.collect()
    }
}

impl Running {
    /// A service that answers slowly does answer: cutting it off would only send its items again.
    fn share_end(&self, longest: Duration) -> Instant {
        self.share_ends.max(self.begun + longest * 2)
    }
}
