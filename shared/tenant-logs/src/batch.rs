//! Batches that fit a sink's limits: so many log events and so many bytes a call.

use std::collections::VecDeque;

/// What one call to a sink may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most log events a call.
    pub events: usize,
    /// Most bytes a call, counted as the sink counts them.
    pub bytes: usize,
}

/// Items in batches, in their order, and those that fit no batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split<T> {
    /// Batches within the limits; none is empty.
    pub batches: Vec<Vec<T>>,
    /// Items that are over the byte limit alone.
    pub too_large: Vec<T>,
}

impl BatchLimits {
    /// Splits items into batches that keep their order and fit the limits; `item_bytes` counts one item.
    pub fn split<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        item_bytes: impl Fn(&T) -> usize,
    ) -> Split<T> {
        let mut batches = Vec::new();
        let mut too_large = Vec::new();
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        for item in items {
            let bytes = item_bytes(&item);
            if bytes > self.bytes {
                too_large.push(item);
                continue;
            }
            let is_full = batch.len() >= self.events || batch_bytes + bytes > self.bytes;
            if is_full && !batch.is_empty() {
                batches.push(std::mem::take(&mut batch));
                batch_bytes = 0;
            }
            batch.push(item);
            batch_bytes += bytes;
        }
        if !batch.is_empty() {
            batches.push(batch);
        }
        Split { batches, too_large }
    }
}

/// Finds the items of a batch that make a far end refuse the whole: parts are bisected until they stand alone.
///
/// Large parts come before small ones, so that most items have passed where time runs out on the way.
///
/// ```
/// let mut parts = tenant_logs::Bisection::new(&[1, 2, 13, 4]);
/// let mut refused: Vec<i32> = Vec::new();
/// while let Some(part) = parts.next_part() {
///     let is_refused = part.contains(&13);
///     if is_refused && !parts.bisect(part) {
///         refused.extend(part);
///     }
/// }
/// assert_eq!(refused, [13]);
/// ```
#[derive(Debug)]
pub struct Bisection<'a, T> {
    pending: VecDeque<&'a [T]>,
}

impl<'a, T> Bisection<'a, T> {
    /// Begins with the whole batch as one part.
    pub fn new(batch: &'a [T]) -> Self {
        let pending = Some(batch).filter(|batch| !batch.is_empty());
        Self {
            pending: pending.into_iter().collect(),
        }
    }

    /// The next part to send.
    pub fn next_part(&mut self) -> Option<&'a [T]> {
        self.pending.pop_front()
    }

    /// Takes back a part that was refused for its content, as two; answers whether there was anything to bisect.
    pub fn bisect(&mut self, part: &'a [T]) -> bool {
        if part.len() < 2 {
            return false;
        }
        let (first, second) = part.split_at(part.len() / 2);
        self.pending.extend([first, second]);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: BatchLimits = BatchLimits {
        events: 3,
        bytes: 10,
    };

    fn check(sizes: &[usize], batches: &[&[usize]], too_large: &[usize]) {
        let split = LIMITS.split(sizes.iter().copied(), |size| *size);
        assert_eq!(split.batches, batches, "{sizes:?}");
        assert_eq!(split.too_large, too_large, "{sizes:?}");
    }

    #[test]
    fn a_batch_ends_at_either_limit() {
        check(&[], &[], &[]);
        check(&[1, 1, 1, 1], &[&[1, 1, 1], &[1]], &[]);
        check(&[5, 5, 1], &[&[5, 5], &[1]], &[]);
        check(&[10, 10], &[&[10], &[10]], &[]);
        check(&[4, 11, 4], &[&[4, 4]], &[11]);
        check(&[11], &[], &[11]);
    }

    #[test]
    fn wherever_the_bad_item_is_half_of_the_others_pass_with_the_first_three_parts() {
        for bad in 0..100 {
            let items: Vec<usize> = (0..100).collect();
            let mut parts = Bisection::new(&items);
            let mut taken = 0;
            for _ in 0..3 {
                let part = parts.next_part().unwrap();
                if part.contains(&bad) {
                    assert!(parts.bisect(part));
                } else {
                    taken += part.len();
                }
            }
            assert_eq!(taken, 50, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn split_and_join_is_identity_and_no_limit_is_exceeded(
            sizes in prop::collection::vec(0_usize..40, 0..200),
            events in 1_usize..12,
            bytes in 1_usize..60,
        ) {
            let limits = BatchLimits { events, bytes };
            let split = limits.split(sizes.iter().copied().enumerate(), |item| item.1);
            for batch in &split.batches {
                prop_assert!(!batch.is_empty());
                prop_assert!(batch.len() <= events);
                prop_assert!(batch.iter().map(|item| item.1).sum::<usize>() <= bytes);
            }
            let mut joined: Vec<_> = split.batches.concat();
            prop_assert!(joined.is_sorted());
            prop_assert!(split.too_large.iter().all(|item| item.1 > bytes));
            joined.extend(split.too_large);
            joined.sort_unstable();
            prop_assert_eq!(joined, sizes.into_iter().enumerate().collect::<Vec<_>>());
        }

        #[test]
        fn halving_finds_exactly_the_items_that_are_refused(items in prop::collection::vec(any::<bool>(), 0..60)) {
            let numbered: Vec<(usize, bool)> = items.iter().copied().enumerate().collect();
            let mut parts = Bisection::new(&numbered);
            let (mut taken, mut refused) = (Vec::new(), Vec::new());
            while let Some(part) = parts.next_part() {
                if part.iter().all(|(_, is_good)| *is_good) {
                    taken.extend(part);
                } else if !parts.bisect(part) {
                    refused.extend(part);
                }
            }
            prop_assert!(taken.iter().all(|(_, is_good)| *is_good));
            prop_assert!(refused.iter().all(|(_, is_good)| !*is_good));
            taken.append(&mut refused);
            taken.sort_unstable();
            prop_assert_eq!(taken, numbered);
        }
    }
}
