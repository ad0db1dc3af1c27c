//! Locks that outlive a panic of the test that held them.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, even after another holder panicked: the state is a list of facts, not an invariant.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
