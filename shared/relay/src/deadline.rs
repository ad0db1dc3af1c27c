//! How long an invocation may take, and what must be kept of it to set events aside.

use std::time::Duration;

use tenant_logs::Timestamp;
use tokio::time::Instant;

use crate::ports::Lease;

/// Most time that claiming may take.
const MAX_CLAIM: Duration = Duration::from_secs(10);
/// Most time kept back for setting aside what could not be sent.
const MAX_RESERVE: Duration = Duration::from_secs(5);
/// What the ledger gets of the time kept back, where half of that is as much: one call that is slow, or a failed one and the
/// next.
const MIN_LEDGER: Duration = Duration::from_millis(400);
/// Most time kept back for the answer itself to travel.
const MAX_MARGIN: Duration = Duration::from_secs(1);
/// No invocation takes a day, and no moment is that near to 1970: `cargo lambda watch` (1.9.2) says 600,000 to every
/// invocation, the time that is left.
const LONGEST_MILLIS: u64 = 86_400_000;

/// The moments by which an invocation must be done with its parts.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    begun_at: Instant,
    begun: Timestamp,
    remaining: Duration,
}

impl Deadline {
    /// A deadline this far from now.
    pub fn after(remaining: Duration) -> Self {
        // Struct fields are evaluated in this order: our own clock begins before the lease that others see, so that by it
        // the lease never ends too late.
        Self {
            begun_at: Instant::now(),
            begun: Timestamp::now(),
            remaining,
        }
    }

    /// The deadline that a platform gives as milliseconds since 1970.
    pub fn at_epoch_millis(millis: u64) -> Self {
        if millis <= LONGEST_MILLIS {
            return Self::after(Duration::from_millis(millis));
        }
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
        Self::after(Duration::from_millis(millis.saturating_sub(now)))
    }

    /// When the invocation began, by the wall clock.
    pub fn begun(&self) -> Timestamp {
        self.begun
    }

    /// When the ledger must have answered a claim that is made now: half of the time that is left is kept for sending. A
    /// poller claims more than once in its time.
    pub(crate) fn claim_by(&self, now: Instant) -> Instant {
        let half = self.send_by().saturating_duration_since(now) / 2;
        now + half.min(MAX_CLAIM)
    }

    /// When sending must end, so that the rest can be set aside in time: a fifth of the time, at most five seconds,
    /// is kept for that.
    pub fn send_by(&self) -> Instant {
        let reserve = (self.remaining / 5).min(MAX_RESERVE);
        self.answer_by()
            .checked_sub(reserve)
            .unwrap_or(self.begun_at)
    }

    /// When others are sent beside what begins now, if it takes that long: after an eighth of the time that is left. What hangs
    /// must not keep the others from being tried, and a call that begins later has less time to end.
    pub(crate) fn others_begin(&self, now: Instant) -> Instant {
        now + self.send_by().saturating_duration_since(now) / 8
    }

    /// When setting aside must end where a ledger is to know what became of all: a quarter of what is kept back is the
    /// ledger's, or up to half of it where that is little, or delivered events would keep their claims, lapse and be sent
    /// again.
    pub(crate) fn settle_by(&self) -> Instant {
        let send_by = self.send_by();
        let kept = self.answer_by() - send_by;
        send_by + kept.saturating_sub((kept / 4).max(MIN_LEDGER.min(kept / 2)))
    }

    /// When the answer must be ready.
    pub fn answer_by(&self) -> Instant {
        let margin = (self.remaining / 10).min(MAX_MARGIN);
        self.begun_at + self.remaining.saturating_sub(margin)
    }

    /// A claim on log events that lapses when the platform would end this invocation. Sending ends before, by a clock that
    /// nobody sets.
    pub fn lease(&self) -> Lease {
        Lease {
            begins: self.begun,
            ends: self
                .begun
                .saturating_add(self.remaining)
                .unwrap_or(Timestamp::MAX),
            may_reclaim_dead_lettered: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: u64, millis: [u64; 4]) {
        let [claim_millis, send_millis, settle_millis, answer_millis] = millis;
        let deadline = Deadline::after(Duration::from_secs(seconds));
        let since = |instant: Instant| instant - deadline.begun_at;
        assert_eq!(
            since(deadline.claim_by(deadline.begun_at)),
            Duration::from_millis(claim_millis)
        );
        assert_eq!(
            since(deadline.send_by()),
            Duration::from_millis(send_millis)
        );
        assert_eq!(
            since(deadline.settle_by()),
            Duration::from_millis(settle_millis)
        );
        assert_eq!(
            since(deadline.answer_by()),
            Duration::from_millis(answer_millis)
        );
    }

    #[test]
    fn time_is_kept_back_for_setting_aside_and_for_the_answer() {
        check(60, [10_000, 54_000, 57_750, 59_000]);
        check(30, [10_000, 24_000, 27_750, 29_000]);
        check(5, [1_750, 3_500, 4_100, 4_500]);
        check(3, [1_050, 2_100, 2_400, 2_700]);
        check(0, [0, 0, 0, 0]);
    }

    #[test]
    fn a_deadline_is_a_moment_or_where_it_could_be_none_the_time_that_is_left() {
        let in_ten_seconds = Timestamp::now().as_millisecond() + 10_000;
        let remaining = |millis| Deadline::at_epoch_millis(millis).remaining;
        let left = remaining(u64::try_from(in_ten_seconds).unwrap());
        assert!(left <= Duration::from_secs(10), "{left:?}");
        assert_eq!(remaining(600_000), Duration::from_mins(10));
        assert_eq!(remaining(1_700_000_000_000), Duration::ZERO);
    }

    #[test]
    fn a_claim_that_is_made_late_has_half_of_the_time_that_is_left() {
        let deadline = Deadline::after(Duration::from_mins(4));
        let late = deadline.begun_at + Duration::from_mins(2);
        assert_eq!(deadline.claim_by(late) - late, MAX_CLAIM);
        let last = deadline.send_by() - Duration::from_secs(6);
        assert_eq!(deadline.claim_by(last) - last, Duration::from_secs(3));
    }

    #[test]
    fn a_lease_ends_with_the_invocation() {
        let lease = Deadline::after(Duration::from_secs(30)).lease();
        assert_eq!((lease.ends - lease.begins).get_seconds(), 30);
    }
}
