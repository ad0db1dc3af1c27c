//! What is known of each item of one sending.

use std::borrow::Cow;

use crate::ports::{Delivery, Refusal, Remedy};

/// What became of the items, each told once: of two calls that carry one item, the first answer counts.
#[derive(Debug)]
pub(super) struct Settlement {
    is_settled: Vec<bool>,
    left: usize,
    known: Delivery,
}

impl Settlement {
    pub(super) fn of(item_count: usize) -> Self {
        Self {
            is_settled: vec![false; item_count],
            left: item_count,
            known: Delivery::default(),
        }
    }

    pub(super) fn deliver(&mut self, index: usize) {
        if self.settle(index) {
            self.known.delivered.push(index);
        }
    }

    pub(super) fn refuse(&mut self, index: usize, remedy: Remedy, reason: Cow<'static, str>) {
        if self.settle(index) {
            let refusal = Refusal {
                index,
                remedy,
                reason,
            };
            self.known.refused.push(refusal);
        }
    }

    /// Counts items that are sent again.
    pub(super) fn count_retried(&mut self, item_count: usize) {
        self.known.retried += item_count;
    }

    /// Whether it is known what became of an item.
    pub(super) fn has(&self, index: usize) -> bool {
        self.is_settled.get(index).copied().unwrap_or(true)
    }

    /// Whether nothing is known of any item.
    pub(super) fn is_empty(&self) -> bool {
        self.left == self.is_settled.len()
    }

    /// Whether it is known of every item what became of it.
    pub(super) fn is_complete(&self) -> bool {
        self.left == 0
    }

    pub(super) fn into_delivery(self) -> Delivery {
        self.known
    }

    fn settle(&mut self, index: usize) -> bool {
        let is_settled = self.is_settled.get_mut(index);
        let is_news = is_settled.is_some_and(|is_settled| !std::mem::replace(is_settled, true));
        self.left -= usize::from(is_news);
        is_news
    }
}
