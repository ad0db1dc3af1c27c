//! What a trigger brought, in portions of a number of log events: one takes many times its bytes on its way, and a body may
//! be full of small ones.

use std::iter::Enumerate;
use std::mem::replace;

use tenant_logs::{ElementLimits, Parsed, Remainder};

use crate::flow::IncomingBody;

/// A body or a portion of one, and the body's position.
pub(super) struct Arrival<'a> {
    pub(super) position: usize,
    pub(super) body: IncomingBody<'a>,
}

/// What is delivered together.
pub(super) struct Portion<'a> {
    pub(super) arrivals: Vec<Arrival<'a>>,
    /// Whether it is all that there is.
    pub(super) is_only: bool,
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

    /// Returns the next portion, the first one even where it is empty.
    pub(super) fn next(&mut self) -> Option<Portion<'a>> {
        let mut arrivals = Vec::new();
        let mut held = 0;
        let mut has_more = true;
        while held < ElementLimits::AT_ONCE && has_more {
            match self.next_arrival() {
                Some(arrival) => {
                    held += match &arrival.body.parsed {
                        Ok(parsed) => parsed.log_events.len() + parsed.rejects.len(),
                        Err(_) => 1,
                    };
                    arrivals.push(arrival);
                }
                None => has_more = false,
            }
        }
        let is_first = !replace(&mut self.has_begun, true);
        (is_first || !arrivals.is_empty()).then_some(Portion {
            arrivals,
            is_only: is_first && !has_more,
        })
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
