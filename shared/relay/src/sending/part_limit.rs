//! How long parts may be, remembered from one sending to the next.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How long parts may be that are sent to a service which refuses calls as a whole for their content.
///
/// Where one call takes more than half of the time, bisecting a mixed batch ends with nothing settled: the next sending then
/// begins with halves, and so on, until something passes.
#[derive(Debug)]
pub struct PartLimit(AtomicUsize);

impl Default for PartLimit {
    fn default() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }
}

impl PartLimit {
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes how long parts were in the end; only where the time did not do for everything, the next sending goes on there.
    pub(super) fn note(&self, max_len: usize, is_complete: bool) {
        let max_len = if is_complete { usize::MAX } else { max_len };
        self.0.store(max_len, Ordering::Relaxed);
    }
}
