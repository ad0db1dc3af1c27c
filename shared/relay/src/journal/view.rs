//! What a reader knows of a bucket, and what that says of log events. Nothing here reads a clock or performs I/O.

use std::collections::BTreeMap;

use tenant_logs::Timestamp;

use super::bucket::{IdHash, IdMap};
use super::row::SeenRow;
use crate::ports::{Lease, Settled};

/// How far clocks may be apart: a lease is over for others only this long after its end.
const MARGIN_MILLIS: i64 = 10_000;
/// On read a row has expired a day before the store may delete it, so that all readers agree while it is deleted.
pub(super) const DAY_SECONDS: i64 = 86_400;

/// Where a log event stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The sink has it.
    Delivered,
    /// It is among the dead letters.
    SetAside,
    /// A live worker holds it.
    Busy,
    /// Nobody knows it, or nobody holds it any more.
    Free,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Asker {
    /// Now, as the invocation began: every reading is later, so a lease that was over by then was never settled in time.
    pub(super) begins: Timestamp,
    /// Whether dead letters that come back ask.
    pub(super) may_reclaim: bool,
}

impl Asker {
    pub(super) fn of(lease: &Lease) -> Self {
        Self {
            begins: lease.begins,
            may_reclaim: lease.may_reclaim_dead_lettered,
        }
    }

    fn sees_expired(self, row: &SeenRow) -> bool {
        row.expires_at.saturating_sub(DAY_SECONDS) <= self.begins.as_second()
    }

    fn sees_live(self, row: &SeenRow) -> bool {
        is_live(row.lease_ends, self.begins)
    }
}

/// Whether a lease may still hold at a moment, whosever clock says when that is.
pub(super) fn is_live(lease_ends: i64, moment: Timestamp) -> bool {
    lease_ends.saturating_add(MARGIN_MILLIS) > moment.as_millisecond()
}

/// The rows of a bucket that were seen so far, and what is still to be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct View {
    rows: BTreeMap<u32, SeenRow>,
    next_read: Option<u32>,
    /// Every number below is either seen, or missing for good: the store deleted it.
    known_below: u32,
}

impl View {
    /// Nothing is seen yet.
    pub(super) fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            next_read: Some(0),
            known_below: 0,
        }
    }

    /// The number from which the bucket is to be read before anything can be said of it.
    pub(super) fn next_read(&self) -> Option<u32> {
        self.next_read
    }

    /// Asks for another reading from a number on.
    pub(super) fn read_on_from(&mut self, number: u32) {
        self.next_read = Some(number);
    }

    /// Takes what a reading found.
    ///
    /// Pages are no snapshot: a row may be missing that was put before one that was seen. A number that was missing
    /// before this reading and still is, was deleted; one that is newly missing is read again.
    pub(super) fn note(&mut self, rows: Vec<SeenRow>) {
        self.known_below = self.known_below.max(self.next_number());
        for row in rows {
            self.rows.insert(row.number, row);
        }
        let mut expected = self.known_below;
        for number in self
            .rows
            .range(self.known_below..)
            .map(|(number, _)| *number)
        {
            if number != expected {
                self.next_read = Some(expected);
                return;
            }
            expected = number.saturating_add(1);
        }
        self.known_below = expected;
        self.next_read = None;
    }

    /// The number after the highest that was seen.
    pub(super) fn next_number(&self) -> u32 {
        let last = self.rows.last_key_value();
        last.map_or(0, |(number, _)| number.saturating_add(1))
    }

    /// The row with a number, where it was seen.
    pub(super) fn row(&self, number: u32) -> Option<&SeenRow> {
        self.rows.get(&number)
    }

    /// What the rows that were seen say of log events.
    pub(super) fn standings(&self, ids: &[IdHash], asker: Asker) -> Vec<Standing> {
        let mut strongest: IdMap<Standing> = IdMap::default();
        for row in self.rows.values().filter(|row| !asker.sees_expired(row)) {
            for (id, outcome) in &row.ids {
                let says = match outcome {
                    Some(Settled::Delivered) => Standing::Delivered,
                    Some(Settled::SetAside) if asker.may_reclaim => Standing::Free,
                    Some(Settled::SetAside) => Standing::SetAside,
                    None if asker.sees_live(row) => Standing::Busy,
                    None => Standing::Free,
                };
                let known = strongest.entry(*id).or_insert(Standing::Free);
                if says.strength() > known.strength() {
                    *known = says;
                }
            }
        }
        let standing = |id: &IdHash| strongest.get(id).copied().unwrap_or(Standing::Free);
        ids.iter().map(standing).collect()
    }
}

impl Standing {
    /// Of what several rows say of one log event, the strongest holds.
    fn strength(self) -> u8 {
        match self {
            Self::Delivered => 3,
            Self::Busy => 2,
            Self::SetAside => 1,
            Self::Free => 0,
        }
    }
}
