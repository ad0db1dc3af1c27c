//! Gaps: log events that the log has and no sink that is looked at.

use futures_util::future::join_all;
use tenant_logs::{LogEvent, Timestamp};
use tokio::time::Instant;

use super::Poller;
use super::error::PollError;
use crate::flow::IncomingBody;
use crate::journal::{Standing, Store};
use crate::ports::{DeadLetters, PortError, Sink};

impl<S: Sink, L: Store, D: DeadLetters, P, C> Poller<S, L, D, P, C> {
    /// Leaves out what every sink of `GAP_SINKS` knows, and returns how many log events that are. What the filter stops is
    /// nobody's gap: it is left for the filter.
    pub(super) async fn leave_out_known(
        &self,
        bodies: &mut [IncomingBody<'_>],
        until: Instant,
    ) -> Result<usize, PollError> {
        let sinks = &self.settings.gap_sinks;
        if sinks.is_empty() {
            return Ok(0);
        }
        let filter = &self.relay.filter;
        let log_events = bodies.iter().filter_map(|body| body.parsed.as_ref().ok());
        let log_events = log_events.flat_map(|parsed| &parsed.log_events);
        let log_ids: Vec<&str> = log_events
            .filter(|event| filter.passes(event.event_type()))
            .map(LogEvent::log_id)
            .collect();
        if log_ids.is_empty() {
            return Ok(0);
        }
        let looks = sinks.iter().map(|sink| self.look(sink, &log_ids, until));
        let mut is_known = vec![true; log_ids.len()];
        for (sink, looked) in sinks.iter().zip(join_all(looks).await) {
            let is_own = self.is_own(sink);
            for (is_known, standing) in is_known.iter_mut().zip(looked?) {
                *is_known &= knows(standing, is_own);
            }
        }
        let known = is_known.iter().filter(|is_known| **is_known).count();
        let mut is_known = is_known.into_iter();
        for parsed in bodies
            .iter_mut()
            .filter_map(|body| body.parsed.as_mut().ok())
        {
            parsed.log_events.retain(|event| {
                let is_asked = filter.passes(event.event_type());
                !(is_asked && is_known.next().unwrap_or(false))
            });
        }
        Ok(known)
    }

    fn is_own(&self, sink: &str) -> bool {
        let mut own = self.relay.destinations.iter();
        own.any(|destination| destination.sink.name() == sink)
    }

    async fn look(
        &self,
        sink: &str,
        log_ids: &[&str],
        until: Instant,
    ) -> Result<Vec<Standing>, PollError> {
        let looked = match &self.relay.ledger {
            Some(ledger) => ledger.look(sink, log_ids, Timestamp::now(), until).await,
            None => Err(PortError {
                step: format!("look at sink `{sink}`"),
                source: "the function has no ledger".into(),
            }),
        };
        looked.map_err(|source| PollError::Look {
            sink: sink.to_owned(),
            source,
        })
    }
}

/// Whether a sink has a log event, or gets it without this poller.
///
/// Whoever holds a live claim at another sink has a trigger that delivers again. At a sink of the poller's own it may be a
/// run of the poller, and then nobody else would: the claim that this run makes finds it busy, and the checkpoint stays.
fn knows(standing: Standing, is_own: bool) -> bool {
    match standing {
        Standing::Delivered | Standing::SetAside => true,
        Standing::Busy => !is_own,
        Standing::Free => false,
    }
}
