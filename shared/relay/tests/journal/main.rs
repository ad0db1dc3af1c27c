//! The journal's scenarios on the store in memory. The packages with the other stores run them too.
#![cfg(test)]

mod scenarios;

use std::sync::Arc;

use relay::journal::{Added, Journal, MemoryStore, Row, SeenRow, Store, StoreError, Wanted};
use scenarios::Backend;
use tokio::time::Instant;

/// The rows of all journals of a test.
#[derive(Clone, Default)]
struct Memory(Arc<MemoryStore>);

impl Store for Memory {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        self.0.read(bucket, from, wanted, until).await
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        self.0.add(bucket, row, until).await
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        self.0.write(bucket, row, until).await
    }
}

impl Backend for Memory {
    fn journal(&self) -> Journal<impl Store> {
        Journal::new(self.clone(), scenarios::DAYS)
    }

    fn sink(&self, name: &str) -> String {
        name.to_owned()
    }
}

scenarios::on!(in_memory, cfg(test), async { Memory::default() });
