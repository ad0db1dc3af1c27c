//! The entities of a table, in the order of their keys, each with a tag that changes with every write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Reply;
use super::filter::Filter;
use super::request::{Key, Problem};

/// What a page of a query has at most.
const PAGE: usize = 1_000;

#[derive(Debug)]
pub(super) struct Entities {
    by_key: BTreeMap<Key, Entity>,
    writes: u64,
    pub(super) page_by: usize,
}

#[derive(Debug)]
struct Entity {
    properties: Map<String, Value>,
    tag: String,
}

impl Default for Entities {
    fn default() -> Self {
        Self {
            by_key: BTreeMap::new(),
            writes: 0,
            page_by: PAGE,
        }
    }
}

impl Entities {
    pub(super) fn insert(
        &mut self,
        key: Key,
        properties: Map<String, Value>,
    ) -> Result<Reply, Problem> {
        if self.by_key.contains_key(&key) {
            return Err((409, "EntityAlreadyExists"));
        }
        Ok(self.store(key, properties))
    }

    pub(super) fn read(&self, key: &Key) -> Result<Reply, Problem> {
        let entity = self.by_key.get(key).ok_or((404, "ResourceNotFound"))?;
        Ok(Reply {
            status: 200,
            headers: vec![("etag", entity.tag.clone())],
            body: Some(Value::Object(entity.tagged())),
            ..Reply::default()
        })
    }

    /// Replaces the entity that has this tag; without one, inserts or replaces.
    pub(super) fn write(
        &mut self,
        key: Key,
        properties: Map<String, Value>,
        tag: Option<&str>,
    ) -> Result<Reply, Problem> {
        if let Some(tag) = tag {
            self.check(&key, tag)?;
        }
        Ok(self.store(key, properties))
    }

    pub(super) fn delete(&mut self, key: &Key, tag: &str) -> Result<Reply, Problem> {
        self.check(key, tag)?;
        self.by_key.remove(key);
        Ok(Reply {
            status: 204,
            ..Reply::default()
        })
    }

    /// A page of what passes, from a key on, and the key that the next one begins with.
    pub(super) fn query(
        &self,
        filter: &Filter,
        select: Option<&BTreeSet<String>>,
        from: Option<&Key>,
    ) -> Reply {
        // Few of many are asked for, as a rule.
        let first = filter.partition().unwrap_or_default();
        let first = (first.to_owned(), String::new());
        let entities = self
            .by_key
            .range(from.map_or(first.clone(), |from| from.max(&first).clone())..);
        let is_beyond = |key: &Key| {
            filter
                .partition()
                .is_some_and(|partition| key.0 != partition)
        };
        let mut passing = entities
            .take_while(|(key, _)| !is_beyond(key))
            .filter(|(_, entity)| filter.passes(&entity.properties));
        let page: Vec<Value> = passing
            .by_ref()
            .take(self.page_by)
            .map(|(_, entity)| Value::Object(entity.selected(select)))
            .collect();
        let headers = match passing.next() {
            Some(((partition, row), _)) => vec![
                ("x-ms-continuation-nextpartitionkey", partition.clone()),
                ("x-ms-continuation-nextrowkey", row.clone()),
            ],
            None => Vec::new(),
        };
        Reply {
            status: 200,
            headers,
            body: Some(json!({ "value": page })),
            ..Reply::default()
        }
    }

    pub(super) fn get(&self, partition: &str, row: &str) -> Option<Map<String, Value>> {
        let key = (partition.to_owned(), row.to_owned());
        Some(self.by_key.get(&key)?.properties.clone())
    }

    pub(super) fn partition(&self, partition: &str) -> Vec<Map<String, Value>> {
        let entities = self.by_key.range((partition.to_owned(), String::new())..);
        entities
            .take_while(|(key, _)| key.0 == partition)
            .map(|(_, entity)| entity.properties.clone())
            .collect()
    }

    pub(super) fn count(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn put(&mut self, partition: &str, row: &str, properties: Value) {
        let mut all = Map::new();
        all.insert("PartitionKey".to_owned(), partition.into());
        all.insert("RowKey".to_owned(), row.into());
        if let Value::Object(properties) = properties {
            all.extend(properties);
        }
        self.store((partition.to_owned(), row.to_owned()), all);
    }

    fn check(&self, key: &Key, tag: &str) -> Result<(), Problem> {
        match self.by_key.get(key) {
            None => Err((404, "ResourceNotFound")),
            Some(entity) if tag != "*" && entity.tag != tag => {
                Err((412, "UpdateConditionNotSatisfied"))
            }
            Some(_) => Ok(()),
        }
    }

    fn store(&mut self, key: Key, properties: Map<String, Value>) -> Reply {
        self.writes += 1;
        let tag = format!("W/\"datetime'{}'\"", self.writes);
        let headers = vec![("etag", tag.clone())];
        self.by_key.insert(key, Entity { properties, tag });
        Reply {
            status: 204,
            headers,
            ..Reply::default()
        }
    }
}

impl Entity {
    /// The selected properties with their types; all of them where none are selected.
    fn selected(&self, select: Option<&BTreeSet<String>>) -> Map<String, Value> {
        let mut tagged = self.tagged();
        if let Some(select) = select {
            tagged.retain(|name, _| {
                let name = name.strip_suffix("@odata.type").unwrap_or(name);
                select.contains(name) || name == "odata.etag"
            });
        }
        tagged
    }

    fn tagged(&self) -> Map<String, Value> {
        let mut tagged = self.properties.clone();
        tagged.insert("odata.etag".to_owned(), self.tag.clone().into());
        tagged
    }
}
