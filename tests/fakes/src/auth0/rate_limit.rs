//! A bucket of requests that fills up again, and what the headers say of it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many requests are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// At most at once.
    pub burst: u32,
    /// In the long run.
    pub per_second: u32,
}

impl RateLimit {
    /// A production tenant of a public cloud.
    pub const PRODUCTION: Self = Self {
        burst: 50,
        per_second: 16,
    };
}

/// The bucket of a limit.
#[derive(Debug)]
pub(super) struct Bucket {
    limit: RateLimit,
    /// When it was full, had no request come since; in the past where it is full.
    full_at: Instant,
}

/// What a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) is_allowed: bool,
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// The second, since 1970, in which the bucket has one more request, rounded up.
    pub(super) reset: u64,
}

impl Bucket {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            full_at: Instant::now(),
        }
    }

    /// Takes one request out, where there is one.
    pub(super) fn take(&mut self) -> Allowance {
        let one = Duration::from_secs(1) / self.limit.per_second.max(1);
        let now = Instant::now();
        let missing = self.full_at.saturating_duration_since(now);
        let capacity = one * self.limit.burst;
        let is_allowed = missing + one <= capacity;
        let missing = if is_allowed {
            self.full_at = now + missing + one;
            missing + one
        } else {
            missing
        };
        let left = capacity.saturating_sub(missing);
        let remaining = u32::try_from(left.as_nanos() / one.as_nanos().max(1)).unwrap_or(0);
        let begun = Duration::from_nanos_u128(left.as_nanos() % one.as_nanos().max(1));
        let next_in = one.saturating_sub(begun);
        Allowance {
            is_allowed,
            limit: self.limit.burst,
            remaining,
            reset: ceiling_seconds(next_in),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a fake's own clock")]
fn ceiling_seconds(from_now: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let moment = now.unwrap_or_default() + from_now;
    moment.as_secs() + u64::from(moment.subsec_nanos() > 0)
}
