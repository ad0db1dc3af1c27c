//! What a trigger brings, and what of it is believed.

use tenant_logs::{DeadLetter, LargeBody, Parsed, Reject, Timestamp, Unreadable};

use crate::flow::ComesAgain;

/// A body that a trigger brought, as it came and as it was read.
#[derive(Debug)]
pub struct IncomingBody<'a> {
    /// The bytes as they came.
    pub body: &'a [u8],
    /// What is known of it where it was too large to be held; then `body` is its beginning.
    pub large: Option<&'a LargeBody>,
    /// What they hold.
    pub parsed: Result<Parsed<'a>, Unreadable>,
    /// The trace that the trigger names, as AWS writes it.
    pub trace_id: Option<&'a str>,
    /// Log events that were left out of `parsed`: they count as filtered.
    pub left_out: usize,
    /// What of it is another publisher's, and counts as filtered.
    pub is_others: fn(&Reject<'_>) -> bool,
    /// What it says of itself that counts.
    pub marks: Marks,
    /// Whether it lay among the dead letters: what a filter stops of it is set aside again.
    pub is_returned: bool,
    /// Whether it is a dead letter that stays where it lies until all of it has passed.
    pub stays: Option<Stays<'a>>,
    /// The only sinks that it is for, comma separated; `None` if it is for all.
    pub sinks: Option<&'a str>,
    /// Since when it has been on its way, where the trigger tells.
    pub waits_since: Option<Timestamp>,
    /// What its trigger brings again where something of it must come again.
    pub comes_again: ComesAgain,
}

impl<'a> IncomingBody<'a> {
    /// A body for every sink, of which the trigger tells nothing, so that nothing that it says of itself is believed. It comes
    /// again with all others of its invocation.
    pub fn new(body: &'a [u8], parsed: Result<Parsed<'a>, Unreadable>) -> Self {
        Self {
            body,
            large: None,
            parsed,
            trace_id: None,
            left_out: 0,
            is_others: |_| false,
            marks: Marks::TakenOut,
            is_returned: false,
            stays: None,
            sinks: None,
            waits_since: None,
            comes_again: ComesAgain::Together(0),
        }
    }
}

/// A dead letter that stays where it lies until all of it has passed, so that nothing of it has to be written again.
#[derive(Debug, Clone, Copy)]
pub struct Stays<'a> {
    /// The sink that it names: what another one refuses becomes a dead letter of its own.
    pub sink: Option<&'a str>,
}

impl Stays<'_> {
    /// Whether this dead letter's log event is in it already.
    pub(super) fn holds(self, dead_letter: &DeadLetter<'_>) -> bool {
        dead_letter.sink.is_none() || dead_letter.sink == self.sink
    }
}

/// Whether it is believed what a log event says of itself: that something was redacted in it before, that its `log_id` is
/// derived. What is not believed is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// Not: anybody could have written it.
    TakenOut,
    /// Where its envelope says that one of our own functions put it onto a bus or a topic.
    OfOurEnvelopes,
    /// Always: one of our own functions wrote it.
    Believed,
}
