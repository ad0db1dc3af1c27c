//! What a trigger brought, in portions of a number of log events: one takes many times its bytes on its way, and a body may
//! be full of small ones.

use std::iter::Enumerate;
use std::mem::replace;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tenant_logs::{ElementLimits, Parsed, Remainder};
use tokio::time::{Instant, sleep_until};

use crate::flow::IncomingBody;

/// Portions that may be late before no other is begun beside them: what is held of log events is bounded.
const MAX_LATE: usize = 3;

/// A body or a portion of one, and the body's position.
pub(super) struct Arrival<'a> {
    pub(super) position: usize,
    pub(super) body: IncomingBody<'a>,
}

/// Bodies that are looked at as they are needed.
pub(super) struct Portions<'a, I> {
    bodies: Enumerate<I>,
    /// The body of which a portion was read, and where it goes on.
    unread: Option<(Arrival<'a>, Remainder<'a>)>,
    has_begun: bool,
}

impl<'a, I: Iterator<Item = IncomingBody<'a>>> Portions<'a, I> {
    pub(super) fn of(bodies: impl IntoIterator<IntoIter = I>) -> Self {
        Self {
            bodies: bodies.into_iter().enumerate(),
            unread: None,
            has_begun: false,
        }
    }

    /// Returns what is delivered together next, the first time even where that is nothing.
    pub(super) fn next(&mut self) -> Option<Vec<Arrival<'a>>> {
        let mut arrivals = Vec::new();
        let mut held = 0;
        while held < ElementLimits::AT_ONCE
            && let Some(arrival) = self.next_arrival()
        {
            held += match &arrival.body.parsed {
                Ok(parsed) => parsed.log_events.len() + parsed.rejects.len(),
                Err(_) => 1,
            };
            arrivals.push(arrival);
            // A body of which something is left has as much as is held at once, in log events or in bytes.
            if self.unread.is_some() {
                break;
            }
        }
        let is_first = !replace(&mut self.has_begun, true);
        (is_first || !arrivals.is_empty()).then_some(arrivals)
    }

    fn next_arrival(&mut self) -> Option<Arrival<'a>> {
        let arrival = if let Some((arrival, remainder)) = self.unread.take() {
            arrival.body.portion(remainder.read()).at(arrival.position)
        } else {
            let (position, body) = self.bodies.next()?;
            body.at(position)
        };
        self.unread = arrival.body.remainder().map(|remainder| {
            let rest = arrival.body.portion(Parsed::default());
            (rest.at(arrival.position), remainder)
        });
        Some(arrival)
    }
}

/// Waits for a portion that is on its way, or until others begin beside it; then it is among the late ones. What is done is
/// taken, in any order.
pub(super) async fn wait_for<F: Future + Unpin>(
    mut portion: F,
    late: &mut FuturesUnordered<F>,
    others_begin: Instant,
    mut take: impl FnMut(F::Output),
) {
    loop {
        tokio::select! {
            biased;
            done = &mut portion => return take(done),
            Some(done) = late.next() => take(done),
            () = sleep_until(others_begin), if late.len() < MAX_LATE => break,
        }
    }
    late.push(portion);
}

impl<'a> IncomingBody<'a> {
    /// Where the body goes on.
    pub(super) fn remainder(&self) -> Option<Remainder<'a>> {
        self.parsed.as_ref().ok()?.remainder
    }

    /// The same body with another portion of it.
    pub(super) fn portion(&self, parsed: Parsed<'a>) -> Self {
        Self {
            parsed: Ok(parsed),
            left_out: 0,
            ..*self
        }
    }

    pub(super) fn at(self, position: usize) -> Arrival<'a> {
        Arrival {
            position,
            body: self,
        }
    }
}
