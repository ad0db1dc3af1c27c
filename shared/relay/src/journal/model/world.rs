//! One bucket, the workers that claim in it, and every step that one of them, the network or the clock may take next.
//!
//! What a worker does with what it reads is the product's own [`BucketClaim`] and [`Row::settled`]. A worker is killed when
//! its lease is over; one that never took another step before stands for one that died there. A call that is under way then,
//! or whose answer is lost, may land at any time, or never.

mod promises;
mod workers;

use std::collections::BTreeMap;

use tenant_logs::Timestamp;

use super::super::bucket::IdHash;
use super::super::bucket_claim::{Added, BucketClaim};
use super::super::row::{Row, SeenRow, Wanted};
use super::setup::{Mutation, Sent, Setup};
use crate::ports::Settled;

/// A tick of the clock is the margin by which clocks may be apart.
const TICK_SECONDS: i64 = 10;
/// Nothing expires while the model runs, but for rows that a setup begins with.
pub(super) const BEGIN: i64 = 1_000_000;
pub(super) const EXPIRES: i64 = 9_000_000;
/// Tries of one call.
const MAX_TRIES: u8 = 2;

/// A step that may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Time passes, and who has no more of it is killed.
    Tick,
    Begin(usize),
    /// The scan of a reading looks at one number.
    Scan(usize),
    EndReading(usize),
    /// The call under way is done and answered.
    Answer(usize),
    /// The answer of the call under way is lost, and the call itself may be; it is made again.
    Lose(usize),
    /// The same, and it is not made again.
    LoseAndGiveUp(usize),
    Send(usize, Sent),
    /// A call that was lost lands.
    Land(usize),
}

#[derive(Debug, Clone, Hash)]
pub(super) struct World {
    now: i64,
    rows: BTreeMap<u32, Row>,
    late: Vec<Late>,
    losses_left: u8,
    workers: Vec<Worker>,
    log_events: Vec<LogEvent>,
}

/// What is true of a log event.
#[derive(Debug, Clone, Default, Hash)]
struct LogEvent {
    /// Whether the sink has it.
    is_at_sink: bool,
    has_letter: bool,
    /// Workers that delivered it and know so; and of these, whose "delivered" is in the store.
    delivered_by: u8,
    noted_by: u8,
}

/// A call that was lost.
#[derive(Debug, Clone, Hash)]
struct Late {
    worker: usize,
    call: Call,
}

#[derive(Debug, Clone, Hash)]
enum Call {
    Put(Row),
    Write(Row),
}

#[derive(Debug, Clone, Hash)]
struct Worker {
    begun: i64,
    /// Whose "delivered" was in the store when this one began, for each log event.
    noted_before: Vec<u8>,
    phase: Phase,
}

#[derive(Debug, Clone, Hash)]
enum Phase {
    Waiting,
    Reading {
        claim: BucketClaim,
        at: u32,
        seen: Vec<SeenRow>,
    },
    Putting {
        claim: BucketClaim,
        row: Row,
        tries: u8,
    },
    Sending {
        row: Row,
    },
    Settling {
        row: Row,
        tries: u8,
    },
    Over,
}

pub(super) fn id(log_event: usize) -> IdHash {
    IdHash::of(&log_event.to_string())
}

fn moment(tick: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + tick * TICK_SECONDS).unwrap()
}

impl World {
    pub(super) fn new(setup: &Setup) -> Self {
        let worker = Worker {
            begun: 0,
            noted_before: Vec::new(),
            phase: Phase::Waiting,
        };
        Self {
            now: 0,
            rows: setup
                .rows
                .iter()
                .map(|row| (row.number, row.clone()))
                .collect(),
            late: Vec::new(),
            losses_left: setup.losses,
            workers: vec![worker; setup.workers.len()],
            log_events: vec![LogEvent::default(); setup.log_events],
        }
    }

    /// Every step that may be taken.
    pub(super) fn actions(&self, setup: &Setup) -> Vec<Action> {
        let mut actions = Vec::new();
        for (worker, (state, plan)) in self.workers.iter().zip(&setup.workers).enumerate() {
            match &state.phase {
                Phase::Waiting => {
                    let is_next = plan.after.is_none_or(|other| self.has_begun(other));
                    let has_cause = !plan.is_replay
                        || plan
                            .log_events
                            .iter()
                            .all(|event| self.log_events[*event].has_letter);
                    if is_next && has_cause {
                        actions.push(Action::Begin(worker));
                    }
                }
                Phase::Reading { at, .. } => {
                    if *at < setup.numbers() {
                        actions.push(Action::Scan(worker));
                    }
                    if self.rows.range(at..).next().is_none() {
                        actions.push(Action::EndReading(worker));
                    }
                }
                Phase::Putting { tries, .. } | Phase::Settling { tries, .. } => {
                    actions.push(Action::Answer(worker));
                    if self.losses_left > 0 {
                        actions.push(Action::LoseAndGiveUp(worker));
                        if *tries < MAX_TRIES {
                            actions.push(Action::Lose(worker));
                        }
                    }
                }
                Phase::Sending { .. } => {
                    actions.extend(plan.sent.iter().map(|sent| Action::Send(worker, *sent)));
                }
                Phase::Over => {}
            }
        }
        actions.extend((0..self.late.len()).map(Action::Land));
        if self.now < setup.last_tick {
            actions.push(Action::Tick);
        }
        actions
    }

    fn has_begun(&self, worker: usize) -> bool {
        !matches!(self.workers[worker].phase, Phase::Waiting)
    }

    /// Takes a step; says which promise it breaks, where it breaks one.
    pub(super) fn take(&mut self, action: Action, setup: &Setup) -> Result<(), String> {
        match action {
            Action::Tick => {
                self.pass_time(setup);
                Ok(())
            }
            Action::Begin(worker) => self.begin(worker, setup),
            Action::Scan(worker) => {
                self.scan(worker, setup);
                Ok(())
            }
            Action::EndReading(worker) => self.end_reading(worker, setup),
            Action::Answer(worker) => self.answer(worker, setup),
            Action::Lose(worker) => {
                self.lose_call(worker);
                self.losses_left -= 1;
                if let Phase::Putting { tries, .. } | Phase::Settling { tries, .. } =
                    &mut self.workers[worker].phase
                {
                    *tries += 1;
                }
                Ok(())
            }
            Action::LoseAndGiveUp(worker) => {
                self.lose_call(worker);
                self.losses_left -= 1;
                self.give_up(worker, setup)
            }
            Action::Send(worker, sent) => self.send(worker, sent, setup),
            Action::Land(late) => self.land(late, setup),
        }
    }

    fn pass_time(&mut self, setup: &Setup) {
        self.now += 1;
        for worker in 0..self.workers.len() {
            if self.has_begun(worker) && !self.is_alive(worker, self.now, setup) {
                self.lose_call(worker);
                self.workers[worker].phase = Phase::Over;
            }
        }
    }

    fn land(&mut self, late: usize, setup: &Setup) -> Result<(), String> {
        let late = self.late.remove(late);
        match late.call {
            Call::Put(row) => {
                self.put(row, setup);
                self.check_rows()
            }
            Call::Write(row) => self.write(late.worker, row),
        }
    }

    /// A put lands.
    fn put(&mut self, row: Row, setup: &Setup) -> Added {
        let found = self.rows.get(&row.number);
        match found {
            Some(found) if setup.mutation != Mutation::PutWithoutCondition => {
                let wanted = Wanted::new(&row.ids);
                Added::Refused(setup.refusals_bring_rows.then(|| found.seen(&wanted)))
            }
            _ => {
                self.rows.insert(row.number, row);
                Added::Done
            }
        }
    }

    /// A write lands.
    fn write(&mut self, worker: usize, row: Row) -> Result<(), String> {
        let outcomes = row.outcomes.iter().flatten();
        for (held, outcome) in row.ids.iter().zip(outcomes) {
            let mut events = self.log_events.iter_mut().enumerate();
            if let Some((_, event)) = events.find(|(event, _)| id(*event) == *held)
                && *outcome == Settled::Delivered
            {
                event.noted_by |= 1 << worker;
            }
        }
        self.rows.insert(row.number, row);
        self.check_rows()
    }

    /// Leaves the call of a worker to the network.
    fn lose_call(&mut self, worker: usize) {
        let call = match &self.workers[worker].phase {
            Phase::Putting { row, .. } => Call::Put(row.clone()),
            Phase::Settling { row, .. } => Call::Write(row.clone()),
            Phase::Waiting | Phase::Reading { .. } | Phase::Sending { .. } | Phase::Over => return,
        };
        self.late.push(Late { worker, call });
        // In which order they were lost makes no difference.
        self.late.sort_by_key(|late| match &late.call {
            Call::Put(row) => (late.worker, row.number, 0),
            Call::Write(row) => (late.worker, row.number, 1),
        });
    }

    fn end_phase(&mut self, worker: usize) -> Phase {
        std::mem::replace(&mut self.workers[worker].phase, Phase::Over)
    }

    fn is_alive(&self, worker: usize, at: i64, setup: &Setup) -> bool {
        let begun = self.workers[worker].begun;
        (begun..begun + setup.lease).contains(&at)
    }
}
