//! The dead letters of what is no log event: written beside sending, but where its body may come again whole once it is known
//! that it does not. Else each delivery would write them anew, for as long as a sink is away.

use std::mem::take;

use tenant_logs::DeadLetter;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::flow::comes_again::ComingAgain;
use crate::flow::triage::{Rejected, Triage};
use crate::flow::{ComesAgain, OnExhaustion, Relay, Sum};
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};
use crate::sending::{Patience, Sending};

/// Tries before a dead letter cannot be stored: its log event is handed back then.
const TRIES_OF_DEAD_LETTERS: u32 = 10;

impl<S: Sink, L: Store, D: DeadLetters> Relay<S, L, D> {
    /// Takes out what is set aside only once it is known that its body does not come again whole.
    pub(super) fn take_waiting<'a>(
        &self,
        triage: &mut Triage<'a>,
        is_only_portion: bool,
    ) -> Vec<Rejected<'a>> {
        // Only what a person must mend comes again at a webhook, a few times.
        if self.on_exhaustion == OnExhaustion::SetAside || triage.rejected.is_empty() {
            return Vec::new();
        }
        let mut coming_again = ComingAgain::default();
        coming_again.add(triage, |_| true);
        let (waiting, at_once) = take(&mut triage.rejected)
            .into_iter()
            .partition(|rejected| {
                let origin = &rejected.origin;
                let is_whole = !is_only_portion && origin.comes_again != ComesAgain::InPart;
                is_whole || coming_again.has(origin)
            });
        triage.rejected = at_once;
        waiting
    }

    /// Sets rejects aside; returns for each whether its dead letter is stored.
    pub(super) async fn set_rejects_aside(
        &self,
        rejected: &[Rejected<'_>],
        deadline: &Deadline,
    ) -> Vec<bool> {
        let dead_letters = rejected.iter().map(|rejected| rejected.dead_letter.clone());
        let dead_letters: Vec<DeadLetter<'_>> = dead_letters.collect();
        self.store_dead_letters(&dead_letters, deadline.answer_by())
            .await
    }

    /// Sets aside what waited for the sinks, where its body does not come again whole, and hands back what is not stored.
    pub(super) async fn finish_rejects(&self, sum: &mut Sum<'_>, deadline: &Deadline) {
        let coming_again = &sum.coming_again;
        let waiting = take(&mut sum.waiting).into_iter();
        let (come_again, done_with): (Vec<_>, Vec<_>) =
            waiting.partition(|rejected| coming_again.has(&rejected.origin));
        let are_stored = self.set_rejects_aside(&done_with, deadline).await;
        sum.note_rejects(&done_with, &are_stored);
        sum.note_rejects(&come_again, &vec![false; come_again.len()]);
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

impl Sum<'_> {
    /// Notes which dead letters of rejects are stored, and hands back the others.
    pub(super) fn note_rejects(&mut self, rejected: &[Rejected<'_>], are_stored: &[bool]) {
        for (rejected, is_stored) in rejected.iter().zip(are_stored) {
            let position = rejected.origin.position;
            self.returning.note_reject(position, *is_stored);
            if *is_stored {
                self.outcome.set_aside += 1;
                self.outcome.rejected += 1;
                self.counted.shared.set_aside += 1;
                self.counted.shared.withheld += usize::from(rejected.is_newly_withheld());
            } else {
                self.outcome.handed_back.insert(position);
                self.coming_again.note(&rejected.origin);
            }
        }
    }
}
