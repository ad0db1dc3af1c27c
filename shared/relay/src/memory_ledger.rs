//! The ledger of one process, for where no table is set; and none at all, for the buses.

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

/// The last events that were claimed, by age: a ring where the oldest makes room for the next.
#[derive(Debug)]
struct Entries {
    slots: Vec<Slot>,
    capacity: usize,
    /// Once the ring is full.
    oldest: usize,
    /// Where each key's slot is.
    places: HashTable<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: Key,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Free,
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
                slots: Vec::new(),
                capacity,
                oldest: 0,
                places: HashTable::new(),
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
    /// What is known of an event at a sink, to be read and changed; its age stays that of the first claim.
    fn state(&mut self, key: Key) -> Option<&mut State> {
        let slots = &self.slots;
        let is_its = |place: &usize| slots.get(*place).is_some_and(|slot| slot.key == key);
        let place = *self.places.find(hash_of(key), is_its)?;
        self.slots.get_mut(place).map(|slot| &mut slot.state)
    }

    /// Enters an event that is not known.
    fn put(&mut self, key: Key, state: State) {
        let slot = Slot { key, state };
        let mut place = self.slots.len();
        if place < self.capacity {
            self.slots.push(slot);
        } else if let Some(oldest) = self.slots.get_mut(self.oldest) {
            place = self.oldest;
            if let Ok(forgotten) = self
                .places
                .find_entry(hash_of(oldest.key), |other| *other == place)
            {
                forgotten.remove();
            }
            *oldest = slot;
            self.oldest = (place + 1) % self.capacity;
        }
        let slots = &self.slots;
        self.places
            .insert_unique(hash_of(key), place, |place| match slots.get(*place) {
                Some(slot) => hash_of(slot.key),
                None => 0,
            });
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
                    if settled == Settled::Delivered || !lease.may_retake_set_aside =>
                {
                    Claim::Known(settled)
                }
                State::Claimed { owner, until } if owner != lease.owner && until > lease.begins => {
                    Claim::Busy
                }
                State::Free | State::Claimed { .. } | State::Settled(_) => {
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
            if let Some(state) = entries.state(self.key(sink, log_id))
                && matches!(state, State::Claimed { owner, .. } if *owner == lease.owner)
            {
                *state = State::Free;
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
mod tests {
    use super::*;

    fn lease(owner: u64, begins: i64, ends: i64) -> Lease {
        Lease {
            owner,
            begins: Timestamp::from_second(begins).unwrap(),
            ends: Timestamp::from_second(ends).unwrap(),
            may_retake_set_aside: false,
        }
    }

    #[tokio::test]
    async fn a_delivered_event_is_known_at_its_sink_only() {
        let ledger = MemoryLedger::default();
        let mine = lease(1, 0, 30);
        assert_eq!(
            ledger.claim("http", &["a"], &mine).await.unwrap(),
            [Claim::Claimed]
        );
        ledger
            .commit("http", &["a"], Settled::Delivered)
            .await
            .unwrap();
        let known = Claim::Known(Settled::Delivered);
        assert_eq!(ledger.claim("http", &["a"], &mine).await.unwrap(), [known]);
        assert_eq!(
            ledger.claim("file", &["a"], &mine).await.unwrap(),
            [Claim::Claimed]
        );
    }

    #[tokio::test]
    async fn a_live_claim_is_busy_and_a_lapsed_one_is_taken_over() {
        let ledger = MemoryLedger::default();
        ledger
            .claim("http", &["a"], &lease(1, 0, 30))
            .await
            .unwrap();
        let early = ledger
            .claim("http", &["a"], &lease(2, 29, 60))
            .await
            .unwrap();
        assert_eq!(early, [Claim::Busy]);
        let late = ledger
            .claim("http", &["a"], &lease(2, 30, 60))
            .await
            .unwrap();
        assert_eq!(late, [Claim::Claimed]);
    }

    #[tokio::test]
    async fn a_claim_that_another_took_over_is_not_released() {
        let ledger = MemoryLedger::default();
        let (first, second) = (lease(1, 0, 30), lease(2, 30, 60));
        ledger.claim("http", &["a"], &first).await.unwrap();
        ledger.claim("http", &["a"], &second).await.unwrap();
        ledger.release("http", &["a"], &first).await.unwrap();
        let third = ledger
            .claim("http", &["a"], &lease(3, 31, 60))
            .await
            .unwrap();
        assert_eq!(third, [Claim::Busy]);
        ledger.release("http", &["a"], &second).await.unwrap();
        let third = ledger
            .claim("http", &["a"], &lease(3, 31, 60))
            .await
            .unwrap();
        assert_eq!(third, [Claim::Claimed]);
    }

    #[tokio::test]
    async fn only_a_dead_letter_that_comes_back_claims_what_is_set_aside() {
        let ledger = MemoryLedger::default();
        let mine = lease(1, 0, 30);
        let letter = mine.of_dead_letter();
        let set_aside = [Claim::Known(Settled::SetAside)];
        ledger
            .commit("http", &["a"], Settled::SetAside)
            .await
            .unwrap();
        assert_eq!(
            ledger.claim("http", &["a"], &mine).await.unwrap(),
            set_aside
        );
        let retaken = ledger.claim("http", &["a"], &letter).await.unwrap();
        assert_eq!(retaken, [Claim::Claimed]);
        ledger
            .commit("http", &["a"], Settled::Delivered)
            .await
            .unwrap();
        let delivered = [Claim::Known(Settled::Delivered)];
        let again = ledger.claim("http", &["a"], &letter).await.unwrap();
        assert_eq!(again, delivered);
    }

    #[tokio::test]
    async fn what_is_delivered_is_never_set_aside_by_a_slow_worker() {
        let ledger = MemoryLedger::default();
        for settled in [Settled::Delivered, Settled::SetAside] {
            ledger.commit("http", &["a"], settled).await.unwrap();
        }
        let claims = ledger.claim("http", &["a"], &lease(1, 0, 30)).await;
        assert_eq!(claims.unwrap(), [Claim::Known(Settled::Delivered)]);
    }

    #[tokio::test]
    async fn the_oldest_are_forgotten_and_memory_stays_bounded() {
        let ledger = MemoryLedger::with_capacity(3);
        let mine = lease(1, 0, 30);
        for log_id in ["a", "b", "c", "d"] {
            ledger
                .commit("http", &[log_id], Settled::Delivered)
                .await
                .unwrap();
        }
        let claims = ledger.claim("http", &["d", "a"], &mine).await.unwrap();
        assert_eq!(claims, [Claim::Known(Settled::Delivered), Claim::Claimed]);
        for _ in 0..100 {
            ledger.claim("http", &["x"], &mine).await.unwrap();
            ledger.release("http", &["x"], &mine).await.unwrap();
        }
        let claims = ledger.claim("http", &["d", "c"], &mine).await.unwrap();
        assert_eq!(claims, [Claim::Known(Settled::Delivered), Claim::Claimed]);
        let entries = ledger.lock();
        assert_eq!((entries.slots.len(), entries.places.len()), (3, 3));
    }

    #[tokio::test]
    async fn the_last_of_many_are_known_and_none_before_them() {
        let ledger = MemoryLedger::with_capacity(1_000);
        let mine = lease(1, 0, 30);
        let log_ids: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
        let log_ids: Vec<&str> = log_ids.iter().map(String::as_str).collect();
        for some in log_ids.chunks(7) {
            let claims = ledger.claim("http", some, &mine).await.unwrap();
            assert_eq!(claims, vec![Claim::Claimed; some.len()]);
            ledger
                .commit("http", some, Settled::Delivered)
                .await
                .unwrap();
        }
        let (forgotten, known) = log_ids.split_at(9_000);
        let claims = ledger.claim("http", known, &mine).await.unwrap();
        assert_eq!(claims, vec![Claim::Known(Settled::Delivered); 1_000]);
        let claims = ledger.claim("http", forgotten, &mine).await.unwrap();
        assert_eq!(claims, vec![Claim::Claimed; 9_000]);
    }
}
