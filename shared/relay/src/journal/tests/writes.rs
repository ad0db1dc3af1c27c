//! What the journal writes, in DynamoDB's units: a kilobyte of the larger of the old and the new row, refused puts too.

use std::io::{self, Write as _};
use std::sync::Mutex;

use tokio::time::Instant;

use super::super::{Added, Journal, MemoryStore, Row, SeenRow, Store, StoreError, Wanted};
use super::{DAYS, lease, soon};
use crate::ports::Settled;

/// A store that counts.
#[derive(Default)]
struct Counting {
    within: MemoryStore,
    units: Mutex<usize>,
}

/// Bytes of a row as an item: names and values, a number by two digits a byte.
fn bytes(bucket: &str, row: &Row) -> usize {
    const NAMES: usize =
        "pk".len() + "n".len() + "owner".len() + "lease_ends".len() + "expires_at".len();
    const NUMBERS: usize = 3 + 11 + 8 + 6;
    let held = match row.id_bytes().len() {
        0 => 0,
        ids => "ids".len() + ids,
    };
    let outcome = row.outcome();
    let outcome = outcome.map_or(0, |letters| "outcome".len() + letters.len());
    NAMES + NUMBERS + bucket.len() + held + outcome
}

impl Counting {
    fn count(&self, bytes: usize) {
        *self.units.lock().unwrap() += bytes.div_ceil(1_024);
    }
}

impl Store for Counting {
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
        self.count(bytes(bucket, row));
        self.within.add(bucket, row, until).await
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        let mut rows = self.within.rows(bucket).into_iter();
        let old = rows.find(|old| old.number == row.number);
        let old = old.map_or(0, |old| bytes(bucket, &old));
        self.count(old.max(bytes(bucket, row)));
        self.within.write(bucket, row, until).await
    }
}

/// Units a distinct event, of so many events a second for 200 seconds, in bodies of 50: each body comes three times, 20
/// bodies an invocation.
async fn units(events_per_second: usize, order: Order) -> f64 {
    let count = events_per_second * 200;
    let ids: Vec<String> = (0..count)
        .map(|number| {
            let second = number / events_per_second;
            let (minute, second) = (second / 60, second % 60);
            format!("90020261121100{minute}{second:02}{number:021}")
        })
        .collect();
    let bodies: Vec<&[String]> = ids.chunks(50).collect();
    let mut messages = [bodies.clone(), bodies.clone(), bodies].concat();
    if order == Order::Random {
        fastrand::Rng::with_seed(1).shuffle(&mut messages);
    }
    let journal = Journal::new(Counting::default(), DAYS);
    for (invocation, batch) in messages.chunks(20).enumerate() {
        let mut of_batch: Vec<&str> = batch
            .iter()
            .copied()
            .flatten()
            .map(String::as_str)
            .collect();
        of_batch.sort_unstable();
        of_batch.dedup();
        let begins = 1_800_000_000 + i64::try_from(invocation).unwrap();
        let claims = journal
            .claim("http", &of_batch, &lease(begins, 30), soon())
            .await;
        let fates = vec![Some(Settled::Delivered); of_batch.len()];
        journal
            .settle(claims.tickets, &fates, soon())
            .await
            .unwrap();
    }
    let units = *journal.store.units.lock().unwrap();
    f64::from(u32::try_from(units).unwrap()) / f64::from(u32::try_from(count).unwrap())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    AsTheyCame,
    Random,
}

#[tokio::test]
async fn an_event_costs_less_than_a_seventh_of_a_write_unit_at_a_hundred_a_second() {
    for order in [Order::AsTheyCame, Order::Random] {
        for events_per_second in [10, 100] {
            let units = units(events_per_second, order).await;
            let told = format_args!("{events_per_second} a second, {order:?}: {units:.3} units");
            writeln!(io::stderr(), "{told}").unwrap();
            assert!(events_per_second < 100 || units <= 0.15, "{told}");
        }
    }
}
