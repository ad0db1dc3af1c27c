//! Stores that fail, or that leave a rule out.

use std::sync::Mutex;

use tokio::time::Instant;

use super::super::{Added, IdHash, MemoryStore, Row, SeenRow, Store, StoreError, Wanted};

/// Whether a call fails, by its name and its bucket.
type Fault = dyn Fn(&str, &str) -> bool + Send + Sync;

/// A store some of whose calls fail.
pub(super) struct Faulty {
    pub(super) within: MemoryStore,
    fails: Box<Fault>,
    pub(super) calls: Mutex<usize>,
}

impl Faulty {
    pub(super) fn new(fails: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            within: MemoryStore::default(),
            fails: Box::new(fails),
            calls: Mutex::default(),
        }
    }

    pub(super) fn bucket(faulty: &str) -> Self {
        let faulty = faulty.to_owned();
        Self::new(move |_, bucket| bucket == faulty)
    }

    fn check(&self, call: &str, bucket: &str) -> Result<(), StoreError> {
        *self.calls.lock().unwrap() += 1;
        if (self.fails)(call, bucket) {
            return Err("the store is faulty".into());
        }
        Ok(())
    }
}

impl Store for Faulty {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        self.check("read", bucket)?;
        self.within.read(bucket, from, wanted, until).await
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        self.check("add", bucket)?;
        let added = self.within.add(bucket, row, until).await;
        self.check("answer to add", bucket)?;
        added
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        self.check("write", bucket)?;
        self.within.write(bucket, row, until).await
    }
}

/// A store into which somebody else always puts first.
#[derive(Default)]
pub(super) struct Crowded {
    pub(super) within: MemoryStore,
    pub(super) puts: Mutex<usize>,
}

impl Store for Crowded {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        self.within.read(bucket, from, wanted, until).await
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        *self.puts.lock().unwrap() += 1;
        let others = Row {
            owner: row.owner.wrapping_add(1),
            ids: vec![IdHash::of("another")],
            ..row.clone()
        };
        self.within.write(bucket, &others, until).await?;
        Ok(Added::Refused(None))
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        self.within.write(bucket, row, until).await
    }
}

/// A store that keeps what was handed back in its row: the rule that a growing bucket shows to be missing.
pub(super) struct Keeping(pub(super) MemoryStore);

impl Store for Keeping {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        let rows = self.0.read(bucket, from, wanted, until).await?;
        let free = rows.into_iter().map(|row| SeenRow {
            ids: Vec::new(),
            ..row
        });
        Ok(free.collect())
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        self.0.add(bucket, row, until).await
    }

    async fn write(&self, _: &str, _: &Row, _: Instant) -> Result<(), StoreError> {
        Ok(())
    }
}
