//! One claim of a bucket, as it is stored and as it is read.

use super::bucket::{ID_BYTES, IdHash, IdSet};
use crate::ports::Settled;

/// Log events that one row holds at most: with a character for each it stays below 40 KB.
pub const MAX_ROW_IDS: usize = 2_000;

/// The characters of what became of a log event.
const DELIVERED: char = 'd';
const SET_ASIDE: char = 's';

/// One claim: who made it, until when it holds, of what, and what became of it. Only its owner writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its number among the rows of the bucket.
    pub number: u32,
    /// Drawn for each claim.
    pub owner: u64,
    /// When others may take its log events over, in milliseconds since 1970.
    pub lease_ends: i64,
    /// When the store may delete it, in seconds since 1970: a day after it has expired.
    pub expires_at: i64,
    pub(super) ids: Vec<IdHash>,
    /// What became of each; `None` while they are claimed.
    pub(super) outcomes: Option<Vec<Settled>>,
}

impl Row {
    /// Its log events, one after another; empty where all were handed back.
    pub fn id_bytes(&self) -> Vec<u8> {
        self.ids.iter().flat_map(IdHash::bytes).copied().collect()
    }

    /// What became of them: one character where all fared alike, else one for each. `None` while they are claimed.
    pub fn outcome(&self) -> Option<String> {
        let character = |settled: &Settled| match settled {
            Settled::Delivered => DELIVERED,
            Settled::SetAside => SET_ASIDE,
        };
        let outcomes = self.outcomes.as_deref()?;
        let (first, others) = outcomes.split_first()?;
        if others.iter().all(|other| other == first) {
            return Some(character(first).into());
        }
        Some(outcomes.iter().map(character).collect())
    }

    /// Its own log events, for whoever wants to know whether a row is this one.
    pub fn wanted(&self) -> Wanted {
        Wanted::new(&self.ids)
    }

    /// The row as its owner writes it once all is known of its log events: what is handed back is dropped, so that a sink
    /// that is away for long does not make buckets grow.
    pub(super) fn settled(self, fates: &[Option<Settled>]) -> Self {
        let fates = fates.iter().copied().chain(std::iter::repeat(None));
        let kept = self.ids.iter().copied().zip(fates);
        let kept = kept.filter_map(|(id, settled)| Some((id, settled?)));
        let (ids, outcomes): (Vec<IdHash>, Vec<Settled>) = kept.unzip();
        let outcomes = (!ids.is_empty()).then_some(outcomes);
        Self {
            ids,
            outcomes,
            ..self
        }
    }

    /// What a reader who looks for some log events sees of it.
    pub fn seen(&self, wanted: &Wanted) -> SeenRow {
        let ids = self.ids.iter().enumerate();
        let ids = ids.filter(|(_, id)| wanted.0.contains(id));
        let outcome = |index: usize| self.outcomes.as_ref()?.get(index).copied();
        SeenRow {
            number: self.number,
            owner: self.owner,
            lease_ends: self.lease_ends,
            expires_at: self.expires_at,
            ids: ids.map(|(index, id)| (*id, outcome(index))).collect(),
        }
    }
}

/// Log events that a reader looks for.
#[derive(Debug)]
pub struct Wanted(IdSet);

impl Wanted {
    pub(super) fn new(ids: &[IdHash]) -> Self {
        Self(ids.iter().copied().collect())
    }
}

/// A row as a store has it, before it is read.
#[derive(Debug)]
pub struct StoredRow<'a> {
    /// See [`Row::number`].
    pub number: u32,
    /// See [`Row::owner`].
    pub owner: u64,
    /// See [`Row::lease_ends`].
    pub lease_ends: i64,
    /// See [`Row::expires_at`].
    pub expires_at: i64,
    /// See [`Row::id_bytes`].
    pub ids: &'a [u8],
    /// See [`Row::outcome`].
    pub outcome: Option<&'a str>,
}

impl StoredRow<'_> {
    /// What a reader who looks for some log events sees of it; `None` where nobody here wrote it.
    pub fn seen(&self, wanted: &Wanted) -> Option<SeenRow> {
        let (ids, rest) = self.ids.as_chunks::<ID_BYTES>();
        let characters = self.outcome.unwrap_or_default().as_bytes();
        let fits = self.outcome.is_none() || characters.len() == 1 || characters.len() == ids.len();
        if !rest.is_empty() || !fits {
            return None;
        }
        let outcomes: Option<Vec<Settled>> = characters
            .iter()
            .map(|character| read(*character))
            .collect();
        let outcomes = outcomes?;
        let outcome = |index: usize| match outcomes.as_slice() {
            [of_all] => Some(*of_all),
            of_each => of_each.get(index).copied(),
        };
        let ids = ids.iter().copied().map(IdHash::from_stored).enumerate();
        let ids = ids.filter(|(_, id)| wanted.0.contains(id));
        Some(SeenRow {
            number: self.number,
            owner: self.owner,
            lease_ends: self.lease_ends,
            expires_at: self.expires_at,
            ids: ids.map(|(index, id)| (id, outcome(index))).collect(),
        })
    }
}

fn read(character: u8) -> Option<Settled> {
    match char::from(character) {
        DELIVERED => Some(Settled::Delivered),
        SET_ASIDE => Some(Settled::SetAside),
        _ => None,
    }
}

/// What a reader keeps of a row: its number, and which of the wanted log events it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeenRow {
    pub(super) number: u32,
    pub(super) owner: u64,
    pub(super) lease_ends: i64,
    pub(super) expires_at: i64,
    /// With what became of each; `None` while it is claimed.
    pub(super) ids: Vec<(IdHash, Option<Settled>)>,
}
