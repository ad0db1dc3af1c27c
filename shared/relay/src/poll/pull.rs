//! Pulling: page after page, as far as the time allows, up to the end of the log or the first log event that is too young.

use std::collections::HashSet;
use std::mem;
use std::time::Duration;

use tenant_logs::{LogEvent, Parsed, Timestamp, parse, time_in_log_id};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::RunEnd;
use super::begin::SEARCH_MARGIN;
use super::error::PollError;
use super::page::{Cut, cut};
use super::ports::{Cursor, LogSource, Page, PullError};

/// What is pulled, and until when.
pub(super) struct Pulling<'a, P> {
    pub(super) source: &'a P,
    pub(super) grace: Duration,
    /// A page of the one log event that is sent before all others.
    pub(super) first: Option<String>,
    /// What the pages follow.
    pub(super) after: String,
    /// When a run last reached the end of the log.
    pub(super) end_reached: Option<Timestamp>,
    pub(super) pull_by: Instant,
}

/// A page on its way to the sinks.
pub(super) struct PulledPage {
    pub(super) text: String,
    pub(super) cut: Cut,
    /// Up to when the log has been delivered with a page that ends it: the moment at which that was asked for, less what is
    /// too young.
    pub(super) end_reached: Option<Timestamp>,
}

/// Where in the log a run is.
struct Walk {
    /// The last log event that was pulled.
    after: String,
    /// What is asked for.
    cursor: Cursor,
    /// What brought an empty page since anything was found.
    empty: HashSet<Cursor>,
    /// What brought a page that holds something.
    asked: HashSet<Cursor>,
    /// The log events that ended pages before the last one.
    passed: HashSet<String>,
}

impl<P: LogSource> Pulling<'_, P> {
    /// Pulls, and passes each page on.
    pub(super) async fn run(mut self, pages: Sender<PulledPage>) -> Result<RunEnd, PollError> {
        let mut walk = Walk {
            cursor: Cursor::After(self.after.clone()),
            after: self.after.clone(),
            empty: HashSet::new(),
            asked: HashSet::new(),
            passed: HashSet::new(),
        };
        let mut page_count = 0_usize;
        loop {
            if Instant::now() >= self.pull_by {
                return Ok(RunEnd::OutOfTime);
            }
            let asked_at = Timestamp::now();
            let first = self.first.take();
            let is_first = first.is_some();
            let page = match first {
                Some(text) => Page { text, next: None },
                None => match self.source.pull(&walk.cursor, self.pull_by).await {
                    Ok(page) => page,
                    Err(PullError::OutOfTime(_)) if page_count > 0 => {
                        return Ok(RunEnd::OutOfTime);
                    }
                    Err(error) => return Err(self.failed(error, walk.after)),
                },
            };
            page_count += 1;
            let parsed = parse(&page.text).map_err(PollError::UnreadablePage)?;
            let cut = cut(&parsed, Timestamp::now(), self.grace);
            // The pages follow the first log event whatever it is.
            if !is_first {
                walk.check_goes_on(&parsed)?;
            }
            let is_last = cut.has_young || (!is_first && !walk.go_on(&cut, page.next)?);
            if cut.is_empty && !is_last {
                continue;
            }
            let young = if cut.has_young {
                self.grace
            } else {
                Duration::ZERO
            };
            let delivered_to = asked_at.saturating_sub(young).unwrap_or(asked_at);
            let page = PulledPage {
                text: page.text,
                cut,
                end_reached: is_last.then_some(delivered_to),
            };
            // Whoever takes pages no longer has a reason of its own.
            if pages.send(page).await.is_err() {
                return Ok(RunEnd::OutOfTime);
            }
            if is_last {
                return Ok(RunEnd::CaughtUp);
            }
        }
    }

    fn failed(&self, error: PullError, after: String) -> PollError {
        match error {
            PullError::UnknownPosition(_) => PollError::ExpiredCheckpoint {
                after,
                end_reached: self.end_reached,
            },
            PullError::OutOfTime(_) | PullError::Failed(_) => PollError::Pull(error),
        }
    }
}

impl Walk {
    /// An error where a page lies behind one that was pulled before: it would move the checkpoint back.
    fn check_goes_on(&self, parsed: &Parsed<'_>) -> Result<(), PollError> {
        let mut log_ids = parsed.log_events.iter().map(LogEvent::log_id);
        let earlier = log_ids.clone().find(|log_id| self.passed.contains(*log_id));
        let last = log_ids
            .next_back()
            .filter(|log_id| lies_before(log_id, &self.after));
        match earlier.or(last) {
            Some(log_id) => Err(PollError::Circle {
                after: self.after.clone(),
                passed: log_id.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Goes on from a page to what it names; returns whether there may be more. An error where a page that holds something
    /// leads nowhere.
    fn go_on(&mut self, cut: &Cut, next: Option<String>) -> Result<bool, PollError> {
        let next = next.map(Cursor::Next);
        if cut.is_empty {
            self.empty.insert(self.cursor.clone());
            // Auth0 ends its log with a page that names itself, or none. One that names another is not the end.
            let Some(next) = next.filter(|next| !self.empty.contains(next)) else {
                return Ok(false);
            };
            self.cursor = next;
            return Ok(true);
        }
        self.empty.clear();
        self.asked.insert(self.cursor.clone());
        let is_new = cut.last_log_id.as_ref() != Some(&self.after);
        let after = cut.last_log_id.clone().map(Cursor::After);
        let next = next.or(after);
        match next.filter(|next| is_new && !self.asked.contains(next)) {
            Some(next) => {
                if let Some(log_id) = &cut.last_log_id {
                    let passed = mem::replace(&mut self.after, log_id.clone());
                    self.passed.insert(passed);
                }
                self.cursor = next;
                Ok(true)
            }
            None => Err(PollError::NoWayOn {
                after: self.after.clone(),
            }),
        }
    }
}

/// Whether the time in a `log_id` is so much earlier than that in another one that no order of a log explains it.
fn lies_before(log_id: &str, after: &str) -> bool {
    let ends = time_in_log_id(log_id).and_then(|time| time.checked_add(SEARCH_MARGIN).ok());
    ends.zip(time_in_log_id(after))
        .is_some_and(|(ends, after)| ends < after)
}
