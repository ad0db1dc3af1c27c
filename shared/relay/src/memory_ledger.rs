//! The ledger of one process, for where no table is set; and none at all, for the buses.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;
use tenant_logs::Timestamp;

use crate::ports::{Claim, Lease, Ledger, PortError, Settled};

/// Identifiers kept before the oldest are forgotten.
const CAPACITY: usize = 100_000;

/// Knows what this process sent, and forgets it with the process.
#[derive(Debug)]
pub struct MemoryLedger {
    entries: Mutex<Entries>,
    hashers: [RandomState; 2],
}

/// Two hashes of sink and `log_id`, each with a secret of this process: that an event is taken for one of 100,000
/// others has a chance of 1 in 10^33. They take less memory than the text, and to compare them nothing else is read.
type Key = [u64; 2];

/// The last events, by age of their claims.
///
/// A released one loses its place: its slot stays behind as an empty one until those before it are forgotten.
#[derive(Debug)]
struct Entries {
    slots: VecDeque<Slot>,
    /// The number of the first slot: slots are numbered as they come.
    first: usize,
    /// The number of each known event's slot.
    places: HashTable<usize>,
    capacity: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: Key,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Claimed { owner: u64, until: Timestamp },
    Settled(Settled),
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl MemoryLedger {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            entries: Mutex::new(Entries {
                slots: VecDeque::new(),
                first: 0,
                places: HashTable::new(),
                capacity,
            }),
            hashers: [RandomState::new(), RandomState::new()],
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // A panic elsewhere leaves whole entries behind: nothing panics while they are changed.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, sink: &str, log_id: &str) -> Key {
        let [first, second] = &self.hashers;
        [first, second].map(|hasher| hasher.hash_one((sink, log_id)))
    }
}

impl Entries {
    /// The number of an event's slot, where it is known.
    fn place(&self, key: Key) -> Option<usize> {
        let is_its = |place: &usize| self.slot(*place).is_some_and(|slot| slot.key == key);
        self.places.find(hash_of(key), is_its).copied()
    }

    fn slot(&self, place: usize) -> Option<&Slot> {
        self.slots.get(place.checked_sub(self.first)?)
    }

    /// What is known of an event at a sink, to be read and changed; its age stays that of its claim.
    fn state(&mut self, key: Key) -> Option<&mut State> {
        let index = self.place(key)?.checked_sub(self.first)?;
        self.slots.get_mut(index).map(|slot| &mut slot.state)
    }

    /// Enters an event that is not known, as the youngest.
    fn put(&mut self, key: Key, state: State) {
        let place = self.first + self.slots.len();
        self.slots.push_back(Slot { key, state });
        self.enter(key, place);
        while self.places.len() > self.capacity {
            self.forget_oldest();
        }
        if self.slots.len() > self.capacity.saturating_mul(2) {
            self.close_up();
        }
    }

    fn enter(&mut self, key: Key, place: usize) {
        let (slots, first) = (&self.slots, self.first);
        let hash_at = |place: &usize| {
            let slot = slots.get(place - first);
            slot.map_or(0, |slot| hash_of(slot.key))
        };
        if self.places.len() == self.capacity / 2 {
            // Room for twice what is kept: a table that is almost full grows once more where entries come and go.
            self.places
                .reserve(self.capacity.saturating_mul(3) / 2, hash_at);
        }
        self.places.insert_unique(hash_of(key), place, hash_at);
    }

    /// Makes the event in a place unknown.
    fn remove(&mut self, key: Key, place: usize) {
        let found = self
            .places
            .find_entry(hash_of(key), |other| *other == place);
        if let Ok(entry) = found {
            entry.remove();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(slot) = self.slots.pop_front() {
            let place = self.first;
            self.first += 1;
            self.remove(slot.key, place);
        }
    }

    /// Leaves the empty slots out, and numbers all others anew.
    fn close_up(&mut self) {
        let slots = std::mem::take(&mut self.slots);
        let mut places = std::mem::take(&mut self.places);
        for (place, slot) in (self.first..).zip(slots) {
            let found = places.find_entry(hash_of(slot.key), |other| *other == place);
            if let Ok(known) = found {
                known.remove();
                let place = self.first + self.slots.len();
                self.slots.push_back(slot);
                self.enter(slot.key, place);
            }
        }
    }
}

fn hash_of([hash, _]: Key) -> u64 {
    hash
}

impl Ledger for MemoryLedger {
    async fn claim(
        &self,
        sink: &str,
        log_ids: &[&str],
        lease: &Lease,
    ) -> Result<Vec<Claim>, PortError> {
        let mut entries = self.lock();
        let claimed = State::Claimed {
            owner: lease.owner,
            until: lease.ends,
        };
        let claims = log_ids.iter().map(|log_id| {
            let key = self.key(sink, log_id);
            let Some(state) = entries.state(key) else {
                entries.put(key, claimed);
                return Claim::Claimed;
            };
            match *state {
                State::Settled(settled)
                    if settled == Settled::Delivered || !lease.may_reclaim_dead_lettered =>
                {
                    Claim::Known(settled)
                }
                State::Claimed { owner, until } if owner != lease.owner && until > lease.begins => {
                    Claim::Busy
                }
                State::Claimed { .. } | State::Settled(_) => {
                    *state = claimed;
                    Claim::Claimed
                }
            }
        });
        Ok(claims.collect())
    }

    async fn commit(
        &self,
        sink: &str,
        log_ids: &[&str],
        settled: Settled,
    ) -> Result<(), PortError> {
        let mut entries = self.lock();
        for log_id in log_ids {
            let key = self.key(sink, log_id);
            match entries.state(key) {
                Some(State::Settled(Settled::Delivered)) => {}
                Some(state) => *state = State::Settled(settled),
                None => entries.put(key, State::Settled(settled)),
            }
        }
        Ok(())
    }

    async fn release(&self, sink: &str, log_ids: &[&str], lease: &Lease) -> Result<(), PortError> {
        let mut entries = self.lock();
        for log_id in log_ids {
            let key = self.key(sink, log_id);
            let Some(place) = entries.place(key) else {
                continue;
            };
            let state = entries.slot(place).map(|slot| slot.state);
            if matches!(state, Some(State::Claimed { owner, .. }) if owner == lease.owner) {
                entries.remove(key, place);
            }
        }
        Ok(())
    }
}

/// No ledger, for functions whose only sink is a bus: buses deliver at least once anyway.
///
/// It cannot be made, so that [`crate::Relay`] without a ledger still names a type.
#[derive(Debug)]
pub struct NoLedger(Infallible);

impl Ledger for NoLedger {
    async fn claim(&self, _: &str, _: &[&str], _: &Lease) -> Result<Vec<Claim>, PortError> {
        match self.0 {}
    }

    async fn commit(&self, _: &str, _: &[&str], _: Settled) -> Result<(), PortError> {
        match self.0 {}
    }

    async fn release(&self, _: &str, _: &[&str], _: &Lease) -> Result<(), PortError> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests;
