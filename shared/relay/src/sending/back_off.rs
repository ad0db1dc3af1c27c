//! How long nothing is tried again after a failure.

use std::time::Duration;

const FIRST_BACK_OFF: Duration = Duration::from_millis(50);
const MAX_BACK_OFF: Duration = Duration::from_secs(2);

/// Returns a random wait after some failed tries, between nothing and a bound that doubles: "full jitter".
pub fn back_off(tries: u32) -> Duration {
    let bound = FIRST_BACK_OFF
        .saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)))
        .min(MAX_BACK_OFF);
    bound.mul_f64(fastrand::f64())
}
