//! Where it is kept which log events the sinks have: in a table that every copy of a function shares, or in this process.

use crate::memory_ledger::MemoryLedger;
use crate::ports::{Claim, Lease, Ledger, PortError, Settled};
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

    /// The table that is named, by its address and the days that it remembers an entry; if none is, this process's
    /// memory, with a warning.
    pub fn open<T>(self, table: impl FnOnce(A, u16) -> T) -> TableOrMemory<T> {
        if let Some((address, days)) = self.table {
            return TableOrMemory::Table(table(address, days));
        }
        tracing::warn!(
            "the ledger is in memory: it knows the last 100,000 deliveries of this process only"
        );
        TableOrMemory::Memory(MemoryLedger::default())
    }
}

/// A ledger on a table, or in this process.
#[derive(Debug)]
pub enum TableOrMemory<T> {
    /// On a table.
    Table(T),
    /// In this process, which forgets it.
    Memory(MemoryLedger),
}

impl<T: Ledger> Ledger for TableOrMemory<T> {
    async fn claim(
        &self,
        sink: &str,
        log_ids: &[&str],
        lease: &Lease,
    ) -> Result<Vec<Claim>, PortError> {
        match self {
            Self::Table(ledger) => ledger.claim(sink, log_ids, lease).await,
            Self::Memory(ledger) => ledger.claim(sink, log_ids, lease).await,
        }
    }

    async fn commit(
        &self,
        sink: &str,
        log_ids: &[&str],
        settled: Settled,
    ) -> Result<(), PortError> {
        match self {
            Self::Table(ledger) => ledger.commit(sink, log_ids, settled).await,
            Self::Memory(ledger) => ledger.commit(sink, log_ids, settled).await,
        }
    }

    async fn release(&self, sink: &str, log_ids: &[&str], lease: &Lease) -> Result<(), PortError> {
        match self {
            Self::Table(ledger) => ledger.release(sink, log_ids, lease).await,
            Self::Memory(ledger) => ledger.release(sink, log_ids, lease).await,
        }
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
        match settings.open(|address, days| (address, days)) {
            TableOrMemory::Table(table) => Ok(Some(table)),
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
