//! The claim of some log events of one bucket, step by step: what is to be read or put next, given what came of the steps
//! before. Nothing here reads a clock or performs I/O.

use super::bucket::IdHash;
use super::row::{Row, SeenRow};
use super::view::{Asker, Standing, View};
use crate::ports::{Claim, Settled};

/// Rows that others may put first before a claim is given up.
const MAX_REPEATS: u32 = 40;

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Read the bucket from a number on, every page of it.
    Read { from: u32 },
    /// Put this row if none has its number.
    Put(Row),
    /// Nothing: all is known that will be.
    End,
}

/// What came of a put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The row is there.
    Done,
    /// Another row has its number: this one, where the store says which.
    Refused(Option<SeenRow>),
}

/// A claim under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct BucketClaim {
    ids: Vec<IdHash>,
    asker: Asker,
    /// What every row of this claim has in common; its number and its log events are those of the next put.
    row: Row,
    view: View,
    repeats: u32,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Progress {
    /// Log events may still be claimed.
    UnderWay,
    /// A put was refused without a word by whom: the next reading tells whether it was by this very row.
    Refused,
    /// The row's put was answered, or the row was found after a refusal.
    Claimed,
    /// A step failed, or time ended. A row that was put without an answer is left to lapse.
    GivenUp,
}

/// What became of a claim.
#[derive(Debug)]
pub(super) struct Ended {
    /// For each log event, in their order.
    pub(super) claims: Vec<Claim>,
    /// The row that holds the claimed ones.
    pub(super) row: Option<Row>,
}

impl BucketClaim {
    /// The claim of some log events by whoever owns `row`, which is the form of what will be put.
    pub(super) fn new(ids: Vec<IdHash>, asker: Asker, row: Row) -> Self {
        Self {
            ids,
            asker,
            row,
            view: View::new(),
            repeats: 0,
            progress: Progress::UnderWay,
        }
    }

    /// What is to be done next.
    pub(super) fn next(&self) -> Step {
        match self.progress {
            Progress::Claimed | Progress::GivenUp => return Step::End,
            Progress::UnderWay | Progress::Refused => {}
        }
        if let Some(from) = self.view.next_read() {
            return Step::Read { from };
        }
        let standings = self.view.standings(&self.ids, self.asker);
        let free = self.ids.iter().zip(standings);
        let free = free.filter(|(_, standing)| *standing == Standing::Free);
        let ids: Vec<IdHash> = free.map(|(id, _)| *id).collect();
        if ids.is_empty() || self.repeats >= MAX_REPEATS {
            return Step::End;
        }
        Step::Put(Row {
            number: self.view.next_number(),
            ids,
            ..self.row.clone()
        })
    }

    /// How often others put a row first.
    pub(super) fn repeats(&self) -> u32 {
        self.repeats
    }

    /// Takes what a reading found.
    pub(super) fn note_read(&mut self, rows: Vec<SeenRow>) {
        self.view.note(rows);
        if self.progress == Progress::Refused {
            let found = self.view.row(self.row.number);
            let is_ours = found.is_some_and(|found| self.is_ours(found));
            self.progress = if is_ours {
                Progress::Claimed
            } else {
                Progress::UnderWay
            };
        }
    }

    /// Takes what came of the put of a row.
    pub(super) fn note_put(&mut self, row: Row, added: Added) {
        self.row = row;
        match added {
            Added::Done => self.progress = Progress::Claimed,
            // An earlier try of the same put went through, and only its answer was lost.
            Added::Refused(Some(found)) if self.is_ours(&found) => {
                self.progress = Progress::Claimed;
            }
            Added::Refused(_) => {
                self.progress = Progress::Refused;
                self.repeats += 1;
                self.view.read_on_from(self.row.number);
            }
        }
    }

    /// Ends a claim that a step of failed, or that has no more time: what is not known by now is handed back, and a row
    /// that may have been put is left to lapse.
    pub(super) fn give_up(&mut self) {
        self.progress = Progress::GivenUp;
    }

    /// What became of every log event.
    pub(super) fn end(self) -> Ended {
        let standings = self.view.standings(&self.ids, self.asker);
        let is_claimed = self.progress == Progress::Claimed;
        let mut of_row = self.row.ids.iter().peekable();
        let claims = self.ids.iter().zip(standings).map(|(id, standing)| {
            if is_claimed && of_row.next_if(|claimed| *claimed == id).is_some() {
                return Claim::Claimed;
            }
            match standing {
                Standing::Delivered => Claim::Known(Settled::Delivered),
                Standing::SetAside => Claim::Known(Settled::SetAside),
                Standing::Busy | Standing::Free => Claim::Busy,
            }
        });
        let claims = claims.collect();
        Ended {
            claims,
            row: is_claimed.then_some(self.row),
        }
    }

    /// Whether a row is the one that was put: its owner's, with the same log events.
    fn is_ours(&self, found: &SeenRow) -> bool {
        let held = found.ids.iter().map(|(id, _)| id);
        found.owner == self.row.owner && held.eq(&self.row.ids)
    }
}
