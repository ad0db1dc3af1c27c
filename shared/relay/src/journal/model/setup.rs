//! What a run of the model begins with, and the rules that it may break on purpose.

use super::super::bucket::IdHash;
use super::super::row::{Row, SeenRow};
use super::world::id;

#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) log_events: usize,
    pub(super) workers: Vec<Plan>,
    /// Ticks that a worker has; its lease is as long.
    pub(super) lease: i64,
    pub(super) last_tick: i64,
    /// Calls that may be lost.
    pub(super) losses: u8,
    /// Whether a refused put brings the row that is in its place (DynamoDB's does, Table storage's does not).
    pub(super) refusals_bring_rows: bool,
    /// Rows that are there already.
    pub(super) rows: Vec<Row>,
    pub(super) mutation: Mutation,
}

/// What a worker is to do.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) log_events: Vec<usize>,
    /// What may become of its sending.
    pub(super) sent: Vec<Sent>,
    pub(super) is_replay: bool,
    /// Ticks by which its clock is ahead.
    pub(super) clock_ahead: i64,
    /// The worker that begins before this one: of two that do the same, which one is first makes no difference.
    pub(super) after: Option<usize>,
}

/// What became of a sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Delivered,
    /// The sink has it all, but its answer was lost: all is handed back.
    Unanswered,
    FirstDelivered,
    HandedBack,
    SetAside,
}

/// A rule that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    None,
    LeaseIsTestedAtEvaluation,
    LeaseIsIgnored,
    MarginIsLeftOut,
    GapsAreNotReadAgain,
    PutWithoutCondition,
    UnansweredPutIsSettled,
    UnansweredPutIsUndone,
}

impl Setup {
    /// Workers that all deliver the same log event, each with three ticks, two calls of which may be lost.
    pub(super) fn of(log_events: usize, workers: &[&[usize]]) -> Self {
        let plan = |(worker, log_events): (usize, &&[usize])| Plan {
            log_events: log_events.to_vec(),
            sent: vec![Sent::Delivered],
            is_replay: false,
            clock_ahead: 0,
            after: worker
                .checked_sub(1)
                .filter(|before| workers[*before] == *log_events),
        };
        Self {
            log_events,
            workers: workers.iter().enumerate().map(plan).collect(),
            lease: 1,
            last_tick: 2,
            losses: 1,
            refusals_bring_rows: true,
            rows: Vec::new(),
            mutation: Mutation::None,
        }
    }

    /// The same with other plans.
    pub(super) fn with(mut self, change: impl FnOnce(&mut [Plan])) -> Self {
        change(&mut self.workers);
        self
    }

    /// Numbers below which a row may be that somebody else put.
    pub(super) fn numbers(&self) -> u32 {
        let first = self.rows.iter().map(|row| row.number + 1).max();
        first.unwrap_or(0) + u32::try_from(self.workers.len()).unwrap() - 1
    }

    pub(super) fn ids_of(&self, worker: usize) -> Vec<IdHash> {
        self.workers[worker]
            .log_events
            .iter()
            .map(|event| id(*event))
            .collect()
    }
}

impl Mutation {
    /// What a worker makes of a reading, so many milliseconds after it began.
    pub(super) fn read(self, rows: Vec<SeenRow>, waited: i64) -> Vec<SeenRow> {
        let earlier = |by: i64| {
            let rows = rows.iter().cloned();
            let rows = rows.map(|row| SeenRow {
                lease_ends: row.lease_ends - by,
                ..row
            });
            rows.collect()
        };
        match self {
            // As much as if the worker had begun so much later.
            Self::LeaseIsTestedAtEvaluation => earlier(waited),
            Self::LeaseIsIgnored => earlier(1_000_000_000),
            Self::MarginIsLeftOut => earlier(10_000),
            // As much as if nothing were missing.
            Self::GapsAreNotReadAgain => {
                let last = rows.iter().map(|row| row.number).max();
                let missing = (0..last.unwrap_or(0))
                    .filter(|number| rows.iter().all(|row| row.number != *number))
                    .map(|number| SeenRow {
                        number,
                        owner: u64::MAX,
                        lease_ends: 0,
                        expires_at: 0,
                        ids: Vec::new(),
                    });
                let missing: Vec<SeenRow> = missing.collect();
                rows.into_iter().chain(missing).collect()
            }
            Self::None
            | Self::PutWithoutCondition
            | Self::UnansweredPutIsSettled
            | Self::UnansweredPutIsUndone => rows,
        }
    }
}
