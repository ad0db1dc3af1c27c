//! How often a test lets a sink try.

use std::time::Duration;

use relay::{Learned, Patience, Sending};
use tokio::time::Instant;

/// One try of each row, so that a test sees what one call's answer means.
pub(crate) fn once(time: Duration) -> Sending {
    Sending {
        until: Instant::now() + time,
        patience: Patience::WholeTime,
        max_tries: 1,
        learned: Learned::default(),
    }
}

/// Two tries of each row.
pub(crate) fn twice(time: Duration) -> Sending {
    Sending {
        max_tries: 2,
        learned: Learned::default(),
        ..once(time)
    }
}
