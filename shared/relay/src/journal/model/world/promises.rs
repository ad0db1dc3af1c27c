//! What must be true in every state.

use super::super::super::bucket::IdHash;
use super::super::super::row::Wanted;
use super::super::super::view::{Asker, Standing, View};
use super::super::setup::Setup;
use super::{Phase, World, id, moment};
use crate::ports::{Claim, Settled};

impl World {
    /// Nothing is lost: what a worker acknowledges unsent is at the sink or among the dead letters.
    pub(super) fn check_acknowledgement(&self, event: usize, claim: Claim) -> Result<(), String> {
        let true_of = &self.log_events[event];
        match claim {
            Claim::Known(Settled::Delivered) if !true_of.is_at_sink => {
                Err(format!("lost: {event} is acknowledged and not at the sink"))
            }
            Claim::Known(Settled::SetAside) if !true_of.has_letter => Err(format!(
                "lost: {event} is acknowledged and has no dead letter"
            )),
            Claim::Known(_) | Claim::Busy | Claim::Claimed => Ok(()),
        }
    }

    /// Once, but for what was in flight: a second delivery needs a first one whose worker was over before the second began,
    /// without its "delivered" in the store by then.
    pub(super) fn check_delivery(
        &self,
        worker: usize,
        event: usize,
        setup: &Setup,
    ) -> Result<(), String> {
        let state = &self.workers[worker];
        for other in 0..self.workers.len() {
            let has_delivered = self.log_events[event].delivered_by & (1 << other) != 0;
            if other == worker || !has_delivered {
                continue;
            }
            let was_noted = state.noted_before[event] & (1 << other) != 0;
            let was_over = self.workers[other].begun + setup.lease <= state.begun;
            if was_noted || !was_over {
                return Err(format!("double: {event} by {other}, then by {worker}"));
            }
        }
        Ok(())
    }

    /// Two workers that live never hold one log event.
    pub(super) fn check_claims(&self, worker: usize, setup: &Setup) -> Result<(), String> {
        let held = |worker: usize| -> &[IdHash] {
            match &self.workers[worker].phase {
                Phase::Sending { row } if self.is_alive(worker, self.now, setup) => &row.ids,
                Phase::Sending { .. }
                | Phase::Waiting
                | Phase::Reading { .. }
                | Phase::Putting { .. }
                | Phase::Settling { .. }
                | Phase::Over => &[],
            }
        };
        let others = (0..self.workers.len()).filter(|other| *other != worker);
        for other in others {
            if held(other).iter().any(|id| held(worker).contains(id)) {
                return Err(format!("two live claims: of {other} and of {worker}"));
            }
        }
        Ok(())
    }

    /// What the rows say, long after every lease, is true, and forgets nothing that was noted; and nothing stays busy.
    pub(super) fn check_rows(&self) -> Result<(), String> {
        let ids: Vec<IdHash> = (0..self.log_events.len()).map(id).collect();
        let wanted = Wanted::new(&ids);
        let mut view = View::new();
        while view.next_read().is_some() {
            view.note(self.rows.values().map(|row| row.seen(&wanted)).collect());
        }
        let asker = Asker {
            begins: moment(1_000),
            may_reclaim: false,
        };
        let standings = view.standings(&ids, asker);
        for (event, (true_of, standing)) in self.log_events.iter().zip(standings).enumerate() {
            let is_true = match standing {
                Standing::Delivered => true_of.is_at_sink,
                Standing::SetAside => true_of.has_letter && true_of.noted_by == 0,
                Standing::Free => true_of.noted_by == 0,
                Standing::Busy => false,
            };
            if !is_true {
                return Err(format!("the rows say of {event}: {standing:?}"));
            }
        }
        Ok(())
    }
}
