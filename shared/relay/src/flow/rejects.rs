//! The dead letters of what is no log event: written beside sending, but where its body may come again whole once it is known
//! that it does not. Else each delivery would write them anew, for as long as a sink is away.

use std::collections::BTreeSet;

use tenant_logs::DeadLetter;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::flow::comes_again::ComingAgain;
use crate::flow::triage::Triage;
use crate::flow::{OnExhaustion, Outcome, Relay};
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};
use crate::sending::{Patience, Sending};

/// Tries before a dead letter cannot be stored: its log event is handed back then.
const TRIES_OF_DEAD_LETTERS: u32 = 10;

/// What is no log event, by its index among the rejected.
#[derive(Default)]
pub(super) struct Rejects {
    /// What is set aside whatever becomes of the log events beside it.
    pub(super) at_once: Vec<usize>,
    /// What is set aside unless its body comes again whole.
    waiting: Vec<usize>,
}

impl<S: Sink, L: Store, D: DeadLetters> Relay<S, L, D> {
    /// Tells which dead letters are written when.
    pub(super) fn rejects(&self, triage: &Triage<'_>) -> Rejects {
        if triage.rejected.is_empty() {
            return Rejects::default();
        }
        let coming_again = match self.on_exhaustion {
            // Only what a person must mend comes again there, a few times.
            OnExhaustion::SetAside => ComingAgain::default(),
            OnExhaustion::HandBack => ComingAgain::of(triage, |_| true),
        };
        let numbered = triage.rejected.iter().enumerate();
        let (waiting, at_once) =
            numbered.partition::<Vec<_>, _>(|(_, rejected)| coming_again.has(&rejected.origin));
        let indices = |rejects: Vec<(usize, _)>| rejects.into_iter().map(|(index, _)| index);
        Rejects {
            at_once: indices(at_once).collect(),
            waiting: indices(waiting).collect(),
        }
    }

    /// Sets rejects aside; returns those whose dead letters are stored.
    pub(super) async fn set_rejects_aside(
        &self,
        triage: &Triage<'_>,
        rejects: &[usize],
        deadline: &Deadline,
    ) -> BTreeSet<usize> {
        let rejected = rejects
            .iter()
            .filter_map(|index| triage.rejected.get(*index));
        let dead_letters: Vec<DeadLetter<'_>> = rejected
            .map(|rejected| rejected.dead_letter.clone())
            .collect();
        let are_stored = self
            .store_dead_letters(&dead_letters, deadline.answer_by())
            .await;
        let both = rejects.iter().zip(are_stored);
        both.filter_map(|(index, is_stored)| is_stored.then_some(*index))
            .collect()
    }

    /// Sets aside what waited for the sinks, where its body does not come again whole; adds to what is stored, and hands back
    /// what is not.
    pub(super) async fn finish_rejects(
        &self,
        triage: &Triage<'_>,
        (rejects, stored): (&Rejects, &mut BTreeSet<usize>),
        outcome: &mut Outcome,
        deadline: &Deadline,
    ) {
        if triage.rejected.is_empty() {
            return;
        }
        let mut coming_again =
            ComingAgain::of(triage, |position| outcome.handed_back.contains(&position));
        let at_once = rejects.at_once.iter();
        for index in at_once.filter(|index| !stored.contains(index)) {
            if let Some(rejected) = triage.rejected.get(*index) {
                coming_again.note(&rejected.origin);
            }
        }
        let is_done_with = |index: &usize| {
            let rejected = triage.rejected.get(*index);
            rejected.is_some_and(|rejected| !coming_again.has(&rejected.origin))
        };
        let waiting = rejects.waiting.iter().copied();
        let waiting: Vec<usize> = waiting.filter(is_done_with).collect();
        stored.extend(self.set_rejects_aside(triage, &waiting, deadline).await);
        for (index, rejected) in triage.rejected.iter().enumerate() {
            if stored.contains(&index) {
                outcome.set_aside += 1;
                outcome.rejected += 1;
            } else {
                outcome.handed_back.insert(rejected.origin.position);
            }
        }
    }

    /// Stores dead letters; returns for each whether it is stored.
    pub(crate) async fn store_dead_letters(
        &self,
        dead_letters: &[DeadLetter<'_>],
        until: Instant,
    ) -> Vec<bool> {
        if dead_letters.is_empty() {
            return Vec::new();
        }
        let sending = Sending {
            until,
            patience: Patience::Shares,
            max_tries: TRIES_OF_DEAD_LETTERS,
        };
        let delivery = self.dead_letters.set_aside(dead_letters, &sending).await;
        let mut are_stored = vec![false; dead_letters.len()];
        for index in delivery.delivered {
            if let Some(slot) = are_stored.get_mut(index) {
                *slot = true;
            }
        }
        for refusal in delivery.refused.iter().take(1) {
            let dead_letter_count = delivery.refused.len();
            let reason = refusal.reason.as_ref();
            tracing::error!(dead_letter_count, reason, "log events not set aside");
        }
        are_stored
    }
}
