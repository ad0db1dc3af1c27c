//! The dead letters of what is no log event: written once it is known that its body does not come again whole. Else each
//! delivery would write them anew, for as long as a sink is away.

use std::mem::take;

use tenant_logs::DeadLetter;
use tokio::time::Instant;

use crate::flow::sum::Sum;
use crate::flow::triage::{Origin, Rejected};
use crate::flow::{Invocation, Relay};
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};
use crate::sending::{Patience, Sending};

/// Tries before a dead letter cannot be stored: its log event is handed back then.
const TRIES_OF_DEAD_LETTERS: u32 = 10;

impl<S: Sink, L: Store, D: DeadLetters> Relay<S, L, D> {
    /// Sets aside what is no log event, where its body does not come again whole, and hands back what is not stored.
    pub(super) async fn set_rejects_aside(&self, sum: &mut Sum<'_>, invocation: &Invocation) {
        let rejected = take(&mut sum.rejected).into_iter();
        let (come_again, done_with): (Vec<_>, Vec<_>) =
            rejected.partition(|rejected| sum.returning.comes_whole(&rejected.origin));
        let dead_letters = done_with
            .iter()
            .map(|rejected| (rejected.origin, rejected.dead_letter.clone()));
        let until = invocation.deadline.answer_by();
        let are_stored = self
            .store_dead_letters(dead_letters.collect(), until, invocation)
            .await;
        sum.note_rejects(&done_with, &are_stored);
        sum.note_rejects(&come_again, &vec![false; come_again.len()]);
    }

    /// Stores dead letters; returns for each whether it is stored, or what it came in stays and holds it.
    pub(super) async fn store_dead_letters(
        &self,
        dead_letters: Vec<(Origin<'_>, DeadLetter<'_>)>,
        until: Instant,
        invocation: &Invocation,
    ) -> Vec<bool> {
        let mut are_stored = Vec::with_capacity(dead_letters.len());
        let (mut new, mut indices) = (Vec::new(), Vec::new());
        for (index, (origin, dead_letter)) in dead_letters.into_iter().enumerate() {
            let is_stored = origin.stays.is_some_and(|stays| stays.holds(&dead_letter));
            are_stored.push(is_stored);
            if !is_stored {
                new.push(dead_letter);
                indices.push(index);
            }
        }
        if new.is_empty() {
            return are_stored;
        }
        let sending = Sending {
            until,
            patience: Patience::Shares,
            max_tries: TRIES_OF_DEAD_LETTERS,
            learned: invocation.at_dead_letters.clone(),
        };
        let delivery = self.dead_letters.set_aside(&new, &sending).await;
        for delivered in delivery.delivered {
            let index = indices.get(delivered);
            if let Some(slot) = index.and_then(|index| are_stored.get_mut(*index)) {
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

impl Sum<'_> {
    /// Notes which dead letters of rejects are stored, and hands back the others.
    fn note_rejects(&mut self, rejected: &[Rejected<'_>], are_stored: &[bool]) {
        for (rejected, is_stored) in rejected.iter().zip(are_stored) {
            let origin = &rejected.origin;
            self.returning.note_whole(origin, *is_stored);
            if *is_stored {
                self.outcome.set_aside += 1;
                self.outcome.rejected += 1;
                self.counted.shared.set_aside += 1;
                self.counted.shared.withheld += usize::from(rejected.is_newly_withheld());
            } else {
                self.outcome.handed_back.insert(origin.position);
            }
        }
    }
}
