//! The ledger of one process, for where no table is set; and none at all, for the buses.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenant_logs::Timestamp;

use crate::ports::{Claim, Lease, Ledger, PortError, Settled};

/// Identifiers kept before the oldest are forgotten.
const CAPACITY: usize = 100_000;

/// Knows what this process sent, and forgets it with the process.
#[derive(Debug)]
pub struct MemoryLedger {
    entries: Mutex<Entries>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<Arc<str>, Entry>,
    /// The key that is looked for, in one piece of memory for all.
    wanted: String,
    /// Keys by age; a key whose entry has another number by now is skipped.
    by_age: VecDeque<(u64, Arc<str>)>,
    next_number: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
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
            entries: Mutex::default(),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // A panic elsewhere leaves whole entries behind: none is written in two steps.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// What is known of an event at a sink, to be read and changed; its age stays that of the first claim.
    fn state(&mut self, sink: &str, log_id: &str) -> Option<&mut State> {
        self.wanted.clear();
        self.wanted.extend([sink, "#", log_id]);
        let entry = self.by_key.get_mut(self.wanted.as_str())?;
        Some(&mut entry.state)
    }

    /// Enters the event that was looked for last.
    fn put(&mut self, state: State, capacity: usize) {
        let key = Arc::<str>::from(self.wanted.as_str());
        if self.by_key.len() == capacity / 2 {
            // Room for twice what is kept: a table more than half full grows once more where entries come and go.
            self.by_key.reserve(capacity.saturating_mul(2));
        }
        let number = self.next_number;
        self.next_number += 1;
        self.by_age.push_back((number, Arc::clone(&key)));
        self.by_key.insert(key, Entry { number, state });
        while self.by_key.len() > capacity {
            self.forget_oldest();
        }
        if self.by_age.len() > capacity.saturating_mul(2) {
            let by_key = &self.by_key;
            self.by_age
                .retain(|(number, key)| by_key.get(key).is_some_and(|e| e.number == *number));
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((number, key)) = self.by_age.pop_front()
            && self
                .by_key
                .get(&key)
                .is_some_and(|entry| entry.number == number)
        {
            self.by_key.remove(&key);
        }
    }
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
            let Some(state) = entries.state(sink, log_id) else {
                entries.put(claimed, self.capacity);
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
            match entries.state(sink, log_id) {
                Some(State::Settled(Settled::Delivered)) => {}
                Some(state) => *state = State::Settled(settled),
                None => entries.put(State::Settled(settled), self.capacity),
            }
        }
        Ok(())
    }

    async fn release(&self, sink: &str, log_ids: &[&str], lease: &Lease) -> Result<(), PortError> {
        let mut entries = self.lock();
        for log_id in log_ids {
            let state = entries.state(sink, log_id);
            if matches!(state, Some(State::Claimed { owner, .. }) if *owner == lease.owner) {
                let Entries { by_key, wanted, .. } = &mut *entries;
                by_key.remove(wanted.as_str());
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
        let entries = ledger.lock();
        assert!(entries.by_key.len() <= 3);
        assert!(entries.by_age.len() <= 7, "{}", entries.by_age.len());
    }
}
