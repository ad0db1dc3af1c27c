//! One sink's part: claim, send with retry, set aside, settle, hand back.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::btree_map::BTreeMap;

use tenant_logs::{DeadLetter, DeadLetterEvent, Mapping, Timestamp};
use tokio::time::Instant;

use crate::counters::SinkCounters;
use crate::deadline::Deadline;
use crate::error::chain;
use crate::flow::portions::Arrival;
use crate::flow::sink_job::SinkJob;
use crate::flow::sum::AtSink;
use crate::flow::triage::{Accepted, Triage};
use crate::flow::{Fate, OnExhaustion, Relay, fate_of};
use crate::journal::{Journal, Store, Tickets};
use crate::ports::{Claim, DeadLetters, Delivery, Refusal, Row, Settled, Sink};
use crate::sending::{Patience, Sending};

/// Tries before refused log events are set aside: nobody brings them again.
const TRIES_BEFORE_SETTING_ASIDE: u32 = 12;
/// Tries before refused log events are handed back: the trigger brings them again.
const TRIES_BEFORE_HANDING_BACK: u32 = 3;
/// Bytes of a log event that every dead letter can hold, whatever the store.
const HELD_BY_ANY_DEAD_LETTER: usize = 65_536;

impl<S: Sink, L: Store, D: DeadLetters> Relay<S, L, D> {
    /// Delivers log events to one sink, whatever the other sinks do; returns what became of each.
    pub(super) async fn deliver_to(&self, job: &SinkJob<'_, '_, S>) -> AtSink {
        let mut counters = SinkCounters::default();
        let sent = match self.guard() {
            _ if job.meant.is_empty() => Vec::new(),
            Some(ledger) => self.deliver_once(ledger, job, &mut counters).await,
            None => self.send_all(job, &job.meant, &mut counters).await,
        };
        let mut sent = sent.into_iter();
        let fates: Vec<Fate> = job
            .left_out
            .iter()
            .map(|left_out| left_out.or_else(|| sent.next()))
            .map(|fate| fate.unwrap_or(Fate::HandedBack))
            .collect();
        counters.count(&fates);
        job.note_times(&fates, &mut counters);
        AtSink {
            sink: job.sink_name(),
            fates,
            counters,
        }
    }

    /// Sends what the sink does not have, by the ledger, and notes what became of it.
    async fn deliver_once(
        &self,
        ledger: &Journal<L>,
        job: &SinkJob<'_, '_, S>,
        counters: &mut SinkCounters,
    ) -> Vec<Fate> {
        let sink = job.sink_name();
        let deadline = &job.invocation.deadline;
        if !job.learned.could_end(Instant::now(), deadline.send_by()) {
            // By what earlier portions learned of the sink there is no time for this one.
            let event_count = job.meant.len();
            tracing::warn!(sink, event_count, "no time left, log events handed back");
            return vec![Fate::HandedBack; event_count];
        }
        let (unique, slot_of) = without_repeats(&job.meant);
        let log_ids: Vec<&str> = unique
            .iter()
            .map(|accepted| accepted.log_event.log_id())
            .collect();
        let claim_by = deadline.claim_by(Instant::now());
        let claimed = ledger.claim(sink, &log_ids, &job.lease(), claim_by).await;
        if let Some(error) = &claimed.failure {
            let error = chain(error).to_string();
            tracing::error!(sink, error, "claim failed, log events handed back");
        }
        let claims = claimed.claims;
        let ours = unique.iter().zip(&claims);
        let ours = ours.filter(|(_, claim)| **claim == Claim::Claimed);
        let to_send: Vec<&Accepted<'_>> = ours.map(|(accepted, _)| *accepted).collect();
        let sent = self.send_all(job, &to_send, counters).await;
        let mut sent = sent.into_iter();
        let fates = claims.iter().map(|claim| match claim {
            Claim::Claimed => sent.next().unwrap_or(Fate::HandedBack),
            Claim::Known(Settled::Delivered | Settled::SetAside) => Fate::Duplicate,
            // A live worker has it: if that one fails, the trigger brings it again.
            Claim::Busy => Fate::HandedBack,
        });
        let fates: Vec<Fate> = fates.collect();
        settle(ledger, (sink, claimed.tickets), &fates, deadline).await;
        spread(&fates, &slot_of)
    }

    /// Sends log events, and sets aside what must be.
    async fn send_all(
        &self,
        job: &SinkJob<'_, '_, S>,
        log_events: &[&Accepted<'_>],
        counters: &mut SinkCounters,
    ) -> Vec<Fate> {
        let destination = job.destination;
        let mapping = Mapping::to(destination.schema, Some(&self.tenant), Timestamp::now())
            .keeping(destination.raw);
        let rows: Vec<Row<'_>> = log_events
            .iter()
            .map(|accepted| Row {
                log_event: &accepted.log_event,
                json: mapping.write(&accepted.log_event),
                trace_id: accepted.origin.trace_id,
            })
            .collect();
        let sending = Sending {
            until: job.invocation.deadline.send_by(),
            patience: match self.guard() {
                Some(_) => Patience::WholeTime,
                None => Patience::Shares,
            },
            max_tries: match self.on_exhaustion {
                OnExhaustion::SetAside => TRIES_BEFORE_SETTING_ASIDE,
                OnExhaustion::HandBack => TRIES_BEFORE_HANDING_BACK,
            },
            learned: job.learned.clone(),
        };
        let delivery = destination.sink.send(&rows, &sending).await;
        counters.retried += delivery.retried;
        self.fates_of(job, log_events, delivery).await
    }

    /// Turns a sink's answer into fates; what must be set aside is, or is handed back.
    async fn fates_of(
        &self,
        job: &SinkJob<'_, '_, S>,
        log_events: &[&Accepted<'_>],
        delivery: Delivery,
    ) -> Vec<Fate> {
        let sink = job.sink_name();
        let deadline = &job.invocation.deadline;
        let mut fates = vec![Fate::HandedBack; log_events.len()];
        for index in delivery.delivered {
            if let Some(slot) = fates.get_mut(index) {
                *slot = Fate::Delivered;
            }
        }
        let mut dead_letters = Vec::new();
        let mut dead_letter_indices = Vec::new();
        for refusal in &delivery.refused {
            let fate = fate_of(refusal.remedy, self.on_exhaustion);
            if let Some(slot) = fates.get_mut(refusal.index) {
                *slot = fate;
            }
            if fate == Fate::SetAside
                && let Some(accepted) = log_events.get(refusal.index)
            {
                let at = deadline.begun();
                let dead_letter = self.dead_letter(sink, accepted, &refusal.reason, at);
                dead_letters.push((accepted.origin, dead_letter));
                dead_letter_indices.push(refusal.index);
            }
        }
        let until = match self.guard() {
            Some(_) => deadline.settle_by(),
            None => deadline.answer_by(),
        };
        let are_stored = self
            .store_dead_letters(dead_letters, until, job.invocation)
            .await;
        for (index, is_stored) in dead_letter_indices.into_iter().zip(are_stored) {
            if !is_stored && let Some(slot) = fates.get_mut(index) {
                *slot = Fate::HandedBack;
            }
        }
        log_refusals(sink, &delivery.refused, &fates);
        fates
    }

    /// Whether a dead letter can hold each of what may have to be set aside.
    pub(super) fn can_set_aside(&self, triage: &Triage<'_>) -> bool {
        let mut accepted = triage.accepted.iter();
        let is_held = |accepted: &Accepted<'_>| {
            accepted.log_event.text().len() <= HELD_BY_ANY_DEAD_LETTER
                || (self.destinations.iter().all(|destination| {
                    let sink = destination.sink.name();
                    let dead_letter = self.dead_letter(sink, accepted, "", triage.begun);
                    self.dead_letters.can_hold(&dead_letter)
                }))
        };
        let mut rejected = triage.rejected.iter();
        rejected.all(|rejected| self.dead_letters.can_hold(&rejected.dead_letter))
            && accepted.all(is_held)
    }

    /// The same of what comes later of bodies of which this is the first portion: nothing is sent before.
    pub(super) fn can_set_aside_remainders(
        &self,
        portion: &[Arrival<'_>],
        begun: Timestamp,
    ) -> bool {
        portion.iter().all(|arrival| {
            let mut remainder = arrival.body.remainder();
            while let Some(next) = remainder {
                let body = arrival.body.portion(next.read());
                remainder = body.remainder();
                let triage = self.take_in(vec![body.at(arrival.position)], begun);
                if !self.can_set_aside(&triage) {
                    return false;
                }
            }
            true
        })
    }

    fn dead_letter<'a>(
        &'a self,
        sink: &'static str,
        accepted: &'a Accepted<'_>,
        reason: &'a str,
        at: Timestamp,
    ) -> DeadLetter<'a> {
        DeadLetter {
            reason: Cow::Borrowed(reason),
            at,
            function: self.function,
            sink: Some(sink),
            tenant: self.tenant.as_str(),
            log_id: Some(accepted.log_event.log_id().into()),
            event: DeadLetterEvent::Json(accepted.log_event.text().into()),
        }
    }
}

/// Notes in the ledger what became of what was claimed, before the answer.
///
/// What cannot be noted lapses with the lease: then it is sent again, never dropped. It changes no acknowledgement.
async fn settle<L: Store>(
    ledger: &Journal<L>,
    (sink, tickets): (&str, Tickets),
    fates: &[Fate],
    deadline: &Deadline,
) {
    if tickets.is_empty() {
        return;
    }
    let settled = fates.iter().map(|fate| match fate {
        Fate::Delivered => Some(Settled::Delivered),
        Fate::SetAside => Some(Settled::SetAside),
        // What is known, or not for this sink, was never claimed.
        Fate::HandedBack | Fate::Stopped | Fate::Duplicate | Fate::Elsewhere | Fate::Filtered => {
            None
        }
    });
    let settled: Vec<Option<Settled>> = settled.collect();
    let settling = ledger.settle(tickets, &settled, deadline.answer_by());
    if let Err(error) = settling.await {
        let error = chain(&error).to_string();
        tracing::error!(sink, error, "settling failed, log events may be sent again");
    }
}

impl SinkCounters {
    fn count(&mut self, fates: &[Fate]) {
        for fate in fates {
            match fate {
                Fate::Elsewhere => {}
                Fate::Filtered => self.filtered += 1,
                Fate::Delivered => self.delivered += 1,
                Fate::Duplicate => self.duplicate += 1,
                Fate::SetAside => self.set_aside += 1,
                Fate::HandedBack | Fate::Stopped => self.refused += 1,
            }
        }
    }
}

/// Returns the log events without those whose `log_id` came before, and for each of all its index among them.
fn without_repeats<'a, 'e>(accepted: &[&'a Accepted<'e>]) -> (Vec<&'a Accepted<'e>>, Vec<usize>) {
    let mut unique = Vec::with_capacity(accepted.len());
    let mut slots: HashMap<&str, usize> = HashMap::with_capacity(accepted.len());
    let slot_of = accepted.iter().map(|accepted| {
        *slots.entry(accepted.log_event.log_id()).or_insert_with(|| {
            unique.push(*accepted);
            unique.len() - 1
        })
    });
    let slot_of = slot_of.collect();
    (unique, slot_of)
}

/// Gives every log event the fate of the first one with its `log_id`: repeats of what is settled are duplicates.
fn spread(fates: &[Fate], slot_of: &[usize]) -> Vec<Fate> {
    let mut is_first = vec![true; fates.len()];
    let spread = slot_of.iter().map(|slot| {
        let fate = fates.get(*slot).copied().unwrap_or(Fate::HandedBack);
        let is_repeat = is_first
            .get_mut(*slot)
            .is_some_and(|is_first| !std::mem::take(is_first));
        match fate {
            Fate::Delivered | Fate::SetAside if is_repeat => Fate::Duplicate,
            Fate::Delivered
            | Fate::Duplicate
            | Fate::SetAside
            | Fate::HandedBack
            | Fate::Stopped
            | Fate::Elsewhere
            | Fate::Filtered => fate,
        }
    });
    spread.collect()
}

/// One line for each reason and fate, never one for each log event.
fn log_refusals(sink: &str, refused: &[Refusal], fates: &[Fate]) {
    let mut counts: BTreeMap<(&str, Fate), usize> = BTreeMap::new();
    for refusal in refused {
        let fate = fates
            .get(refusal.index)
            .copied()
            .unwrap_or(Fate::HandedBack);
        *counts.entry((&refusal.reason, fate)).or_default() += 1;
    }
    for ((reason, fate), event_count) in counts {
        match fate {
            Fate::SetAside => tracing::error!(sink, reason, event_count, "log events set aside"),
            Fate::Stopped => tracing::error!(
                sink,
                reason,
                event_count,
                "log events refused, a person must act"
            ),
            Fate::HandedBack
            | Fate::Delivered
            | Fate::Duplicate
            | Fate::Elsewhere
            | Fate::Filtered => {
                tracing::warn!(sink, reason, event_count, "log events handed back");
            }
        }
    }
}
