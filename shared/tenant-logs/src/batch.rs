//! Batches that fit a sink's limits: so many log events and so many bytes a call.

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
    }
}
