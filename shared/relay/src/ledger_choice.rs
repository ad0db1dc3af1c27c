//! Where it is kept which log events the sinks have: in a table that every copy of a function shares, or in this process.

use tokio::time::Instant;

use crate::journal::{Added, Journal, MemoryStore, Row, SeenRow, Store, StoreError, Wanted};
use crate::settings::Reader;

/// Days after which an entry is forgotten, unless `LEDGER_DAYS` says otherwise: a paused stream replays up to 30.
const DAYS: u16 = 35;

/// Where the ledger is: a table by its address, and how long it remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSettings<A> {
    /// None for this process's memory.
    table: Option<(A, u16)>,
}

impl<A> LedgerSettings<A> {
    /// Reads `LEDGER_DAYS` and the setting of this name, which says where the table is and parses to `want`; `None` if the
    /// reader noted a problem.
    pub fn read(
        reader: &mut Reader<'_>,
        name: &str,
        want: &str,
        parse: impl Fn(&str) -> Option<A>,
    ) -> Option<Self> {
        let days = reader.parsed("LEDGER_DAYS", "a whole number of days, 1 to 3650", days);
        if reader.optional(name).is_none() {
            if reader.optional("LEDGER_DAYS").is_some() {
                reader.problem("LEDGER_DAYS", format_args!("needs {name}"));
            }
            return Some(Self { table: None });
        }
        let address = reader.parsed(name, want, parse)?;
        Some(Self {
            table: Some((address, days.unwrap_or(DAYS))),
        })
    }

    /// A journal on the table that is named, which `table` makes of its address; if none is, in this process's memory,
    /// with a warning.
    pub fn open<T>(self, table: impl FnOnce(A) -> T) -> Journal<TableOrMemory<T>> {
        if let Some((address, days)) = self.table {
            return Journal::new(TableOrMemory::Table(table(address)), days);
        }
        tracing::warn!(
            "the ledger is in memory: it knows the last 100,000 deliveries of this process only"
        );
        Journal::new(TableOrMemory::Memory(MemoryStore::default()), DAYS)
    }
}

/// The ledger's rows on a table, or in this process.
#[derive(Debug)]
pub enum TableOrMemory<T> {
    /// On a table.
    Table(T),
    /// In this process, which forgets it.
    Memory(MemoryStore),
}

impl<T: Store> Store for TableOrMemory<T> {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        match self {
            Self::Table(store) => store.read(bucket, from, wanted, until).await,
            Self::Memory(store) => store.read(bucket, from, wanted, until).await,
        }
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        match self {
            Self::Table(store) => store.add(bucket, row, until).await,
            Self::Memory(store) => store.add(bucket, row, until).await,
        }
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        match self {
            Self::Table(store) => store.write(bucket, row, until).await,
            Self::Memory(store) => store.write(bucket, row, until).await,
        }
    }
}

/// No ledger, for functions whose sinks are at least once anyway: buses, queues and topics.
///
/// It cannot be made, so that [`crate::Relay`] without a ledger still names a type.
#[derive(Debug)]
pub enum NoLedger {}

impl Store for NoLedger {
    async fn read(
        &self,
        _: &str,
        _: u32,
        _: &Wanted,
        _: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        match *self {}
    }

    async fn add(&self, _: &str, _: &Row, _: Instant) -> Result<Added, StoreError> {
        match *self {}
    }

    async fn write(&self, _: &str, _: &Row, _: Instant) -> Result<(), StoreError> {
        match *self {}
    }
}

fn days(text: &str) -> Option<u16> {
    text.parse().ok().filter(|days| (1..=3_650).contains(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address and the days of a table.
    fn read(values: &[(&str, &str)]) -> Result<Option<(String, u16)>, String> {
        let lookup = |name: &str| {
            let found = values.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&lookup);
        let parse = |text: &str| (!text.contains(' ')).then(|| text.to_owned());
        let settings = LedgerSettings::read(&mut reader, "TABLE", "one word", parse);
        let settings = reader.finish(|| settings);
        let settings = settings.map_err(|error| error.to_string())?;
        let journal = settings.open(|address| address);
        match journal.store() {
            TableOrMemory::Table(address) => Ok(Some((address.clone(), journal.days()))),
            TableOrMemory::Memory(_) => Ok(None),
        }
    }

    #[test]
    fn without_a_table_the_ledger_is_in_memory() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("TABLE", "")]), Ok(None));
    }

    #[test]
    fn a_table_remembers_for_35_days_unless_told_otherwise() {
        let table = |days| Ok(Some(("ledger".to_owned(), days)));
        assert_eq!(read(&[("TABLE", "ledger")]), table(35));
        assert_eq!(read(&[("TABLE", "ledger"), ("LEDGER_DAYS", "7")]), table(7));
    }

    #[test]
    fn settings_that_cannot_be_right_are_named() {
        assert_eq!(
            read(&[("TABLE", "a table"), ("LEDGER_DAYS", "0")]).unwrap_err(),
            "2 settings are wrong:
  LEDGER_DAYS: cannot read `0` (want a whole number of days, 1 to 3650)
  TABLE: cannot read `a table` (want one word)"
        );
        assert_eq!(
            read(&[("LEDGER_DAYS", "35")]).unwrap_err(),
            "1 setting is wrong:\n  LEDGER_DAYS: needs TABLE"
        );
    }
}
