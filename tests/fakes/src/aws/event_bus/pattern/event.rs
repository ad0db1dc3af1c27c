//! An event as patterns see it: its scalars by their paths, each with its places in arrays.

use std::collections::BTreeMap;

use super::json::{Json, join_names};

/// Which element of which array of the event a scalar is part of.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Places(BTreeMap<usize, usize>);

impl Places {
    /// Joins both; `None` if they are in different elements of one array.
    pub(super) fn join(&self, other: &Self) -> Option<Self> {
        let mut joined = self.clone();
        for (array, element) in &other.0 {
            if joined
                .0
                .insert(*array, *element)
                .is_some_and(|known| known != *element)
            {
                return None;
            }
        }
        Some(joined)
    }
}

/// One scalar of an event.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub(super) value: &'a Json,
    pub(super) places: Places,
}

/// The scalars of an event by their paths, in which a dot joins the names.
#[derive(Debug, Default)]
pub(super) struct Leaves<'a> {
    leaves: BTreeMap<String, Vec<Leaf<'a>>>,
    arrays: usize,
}

impl<'a> Leaves<'a> {
    pub(super) fn of(event: &'a Json) -> Self {
        let mut leaves = Self::default();
        leaves.collect("", event, &Places::default());
        leaves
    }

    pub(super) fn at(&self, path: &str) -> &[Leaf<'a>] {
        self.leaves.get(path).map_or(&[], Vec::as_slice)
    }

    fn collect(&mut self, path: &str, value: &'a Json, places: &Places) {
        match value {
            Json::Object(entries) => {
                for (name, value) in entries {
                    self.collect(&join_names(path, name), value, places);
                }
            }
            Json::Array(elements) => self.collect_elements(path, elements, places),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
                let places = places.clone();
                let leaves = self.leaves.entry(path.to_owned()).or_default();
                leaves.push(Leaf { value, places });
            }
        }
    }

    fn collect_elements(&mut self, path: &str, elements: &'a [Json], places: &Places) {
        let array = self.arrays;
        self.arrays += 1;
        for (index, element) in elements.iter().enumerate() {
            let mut inner = places.clone();
            // A scalar has no members that would have to come from the same element.
            if matches!(element, Json::Object(_) | Json::Array(_)) {
                inner.0.insert(array, index);
            }
            self.collect(path, element, &inner);
        }
    }
}
