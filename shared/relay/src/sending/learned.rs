//! What sending learns of a service, for as long as an invocation goes on: its log events are sent in portions, and what one
//! of them learned the next one knows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::PartLimit;

/// Calls in a row that must pass before larger parts are tried again.
const PASSES_BEFORE_GROWING: u32 = 2;

/// What sending has learned of a service in an invocation; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Learned(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
struct Facts {
    /// The longest call that was answered.
    longest: Duration,
    /// Until when the service asks to be left alone.
    paused_until: Option<Instant>,
    /// How many items a call may carry; `None` before the first sending.
    max_part_len: Option<usize>,
    passes_in_a_row: u32,
}

impl Learned {
    /// Whether a call could end in time that is made as soon as the service takes one, and takes as long as the longest.
    pub fn could_end(&self, now: Instant, until: Instant) -> bool {
        let facts = self.facts();
        let begin = facts.paused_until.map_or(now, |paused| paused.max(now));
        begin + facts.longest < until
    }

    /// Takes over how long parts may be from the invocation before, if nothing newer is known.
    pub(super) fn begin_with(&self, part_limit: Option<&PartLimit>) {
        let limit = part_limit.map_or(usize::MAX, PartLimit::get);
        self.facts().max_part_len.get_or_insert(limit);
    }

    pub(super) fn longest(&self) -> Duration {
        self.facts().longest
    }

    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.facts().paused_until
    }

    pub(super) fn max_part_len(&self) -> usize {
        self.facts().max_part_len.unwrap_or(usize::MAX)
    }

    pub(super) fn note_answer(&self, took: Duration) {
        let mut facts = self.facts();
        facts.longest = facts.longest.max(took);
    }

    pub(super) fn pause_until(&self, until: Instant) {
        let mut facts = self.facts();
        facts.paused_until = facts.paused_until.max(Some(until));
    }

    /// Notes that a part of this length passed.
    pub(super) fn note_pass(&self, part_len: usize) {
        let mut facts = self.facts();
        let max_len = facts.max_part_len.unwrap_or(usize::MAX);
        if part_len < max_len {
            return;
        }
        facts.passes_in_a_row += 1;
        if facts.passes_in_a_row >= PASSES_BEFORE_GROWING {
            facts.passes_in_a_row = 0;
            facts.max_part_len = Some(max_len.saturating_mul(2));
        }
    }

    /// Notes that a part of this length failed for what was in it.
    pub(super) fn note_too_long(&self, part_len: usize) {
        let mut facts = self.facts();
        facts.passes_in_a_row = 0;
        let max_len = facts.max_part_len.unwrap_or(usize::MAX);
        facts.max_part_len = Some(max_len.min(part_len.div_ceil(2)));
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
