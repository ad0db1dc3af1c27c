//! What workers do: the product's own claim, driven by what they read and by the answers that they get.

use super::super::super::bucket_claim::{Added, BucketClaim, Step};
use super::super::super::row::{Row, Wanted};
use super::super::super::view::Asker;
use super::super::setup::{Mutation, Sent, Setup};
use super::{EXPIRES, Phase, TICK_SECONDS, Worker, World, id, moment};
use crate::ports::Settled;

impl World {
    pub(super) fn begin(&mut self, worker: usize, setup: &Setup) -> Result<(), String> {
        let plan = &setup.workers[worker];
        let noted = self.log_events.iter().map(|event| event.noted_by);
        let noted_before = noted.collect();
        self.workers[worker] = Worker {
            begun: self.now,
            noted_before,
            phase: Phase::Over,
        };
        let by_its_clock = self.now + plan.clock_ahead;
        let asker = Asker {
            begins: moment(by_its_clock),
            may_reclaim: plan.is_replay,
        };
        let row = Row {
            number: 0,
            owner: u64::try_from(worker).unwrap(),
            lease_ends: moment(by_its_clock + setup.lease).as_millisecond(),
            expires_at: EXPIRES,
            ids: Vec::new(),
            outcomes: None,
        };
        let claim = BucketClaim::new(setup.ids_of(worker), asker, row);
        self.go_on(worker, claim, setup)
    }

    /// Has a worker do what its claim says next.
    fn go_on(&mut self, worker: usize, claim: BucketClaim, setup: &Setup) -> Result<(), String> {
        self.workers[worker].phase = match claim.next() {
            Step::Read { from } => Phase::Reading {
                claim,
                at: from,
                seen: Vec::new(),
            },
            Step::Put(row) => Phase::Putting {
                claim,
                row,
                tries: 1,
            },
            Step::End => {
                let ended = claim.end();
                for (event, claim) in setup.workers[worker].log_events.iter().zip(&ended.claims) {
                    self.check_acknowledgement(*event, *claim)?;
                }
                ended.row.map_or(Phase::Over, |row| Phase::Sending { row })
            }
        };
        self.check_rows()?;
        self.check_claims(worker, setup)
    }

    pub(super) fn scan(&mut self, worker: usize, setup: &Setup) {
        if let Phase::Reading { at, seen, .. } = &mut self.workers[worker].phase {
            let wanted = Wanted::new(&setup.ids_of(worker));
            seen.extend(self.rows.get(at).map(|row| row.seen(&wanted)));
            *at += 1;
        }
    }

    pub(super) fn end_reading(&mut self, worker: usize, setup: &Setup) -> Result<(), String> {
        let phase = self.end_phase(worker);
        let Phase::Reading {
            mut claim, seen, ..
        } = phase
        else {
            return Ok(());
        };
        let waited = self.now - self.workers[worker].begun;
        let waited_millis = waited * TICK_SECONDS * 1_000;
        claim.note_read(setup.mutation.read(seen, waited_millis));
        self.go_on(worker, claim, setup)
    }

    pub(super) fn answer(&mut self, worker: usize, setup: &Setup) -> Result<(), String> {
        match self.end_phase(worker) {
            Phase::Putting { mut claim, row, .. } => {
                let added = self.put(row.clone(), setup);
                claim.note_put(row, added);
                self.go_on(worker, claim, setup)
            }
            Phase::Settling { row, .. } => self.write(worker, row),
            Phase::Waiting | Phase::Reading { .. } | Phase::Sending { .. } | Phase::Over => Ok(()),
        }
    }

    pub(super) fn give_up(&mut self, worker: usize, setup: &Setup) -> Result<(), String> {
        let Phase::Putting { mut claim, row, .. } = self.end_phase(worker) else {
            return Ok(());
        };
        match setup.mutation {
            Mutation::UnansweredPutIsUndone => {
                let row = row.settled(&[]);
                self.workers[worker].phase = Phase::Settling { row, tries: 1 };
                return Ok(());
            }
            Mutation::UnansweredPutIsSettled => claim.note_put(row, Added::Done),
            Mutation::None
            | Mutation::LeaseIsTestedAtEvaluation
            | Mutation::LeaseIsIgnored
            | Mutation::MarginIsLeftOut
            | Mutation::GapsAreNotReadAgain
            | Mutation::PutWithoutCondition => claim.give_up(),
        }
        self.go_on(worker, claim, setup)
    }

    pub(super) fn send(&mut self, worker: usize, sent: Sent, setup: &Setup) -> Result<(), String> {
        let Phase::Sending { row } = self.end_phase(worker) else {
            return Ok(());
        };
        let mut fates = Vec::new();
        for (index, held) in row.ids.iter().enumerate() {
            let event = (0..setup.log_events)
                .find(|event| id(*event) == *held)
                .unwrap();
            let is_delivered = match sent {
                Sent::Delivered | Sent::Unanswered => true,
                Sent::FirstDelivered => index == 0,
                Sent::HandedBack | Sent::SetAside => false,
            };
            if is_delivered {
                self.check_delivery(worker, event, setup)?;
                self.log_events[event].is_at_sink = true;
            }
            let is_known = is_delivered && sent != Sent::Unanswered;
            if is_known {
                self.log_events[event].delivered_by |= 1 << worker;
            }
            if sent == Sent::SetAside {
                self.log_events[event].has_letter = true;
            }
            let is_noted = is_known.then_some(Settled::Delivered);
            let is_set_aside = (sent == Sent::SetAside).then_some(Settled::SetAside);
            fates.push(is_noted.or(is_set_aside));
        }
        let row = row.settled(&fates);
        self.workers[worker].phase = Phase::Settling { row, tries: 1 };
        Ok(())
    }
}
