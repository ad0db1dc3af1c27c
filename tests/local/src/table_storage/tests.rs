//! The ledger on our table and, where `.ci/with-azurite` runs it, on Azurite's; then what only ours can do.

mod checkpoint;
mod faults;
mod journal;
mod scenarios;

use std::sync::atomic::{AtomicU64, Ordering};

use http_clients::{TableLedger, read_ledger};
use relay::TableOrMemory;

use super::*;
use crate::azurite::{App, azurite, read};

/// A table and an app that may use it.
struct Backend {
    app: App,
    endpoint: String,
    /// Our own table, where it is ours.
    table: Option<TableStorage>,
    /// Stands before every sink's name: Azurite's table is shared by all tests.
    prefix: String,
}

impl Backend {
    async fn local() -> Self {
        let app = App::start().await;
        let table = TableStorage::start("ledger", app.tokens(), Faults::healthy()).await;
        let table = table.unwrap();
        Self {
            endpoint: table.endpoint(),
            app,
            table: Some(table),
            prefix: String::new(),
        }
    }

    async fn azurite() -> Option<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let endpoint = azurite("AZURITE_TABLE_ENDPOINT")?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Some(Self {
            app: App::start().await,
            endpoint,
            table: None,
            prefix: format!("{}x{number}-", fastrand::u32(..)),
        })
    }

    fn ledger(&self) -> TableLedger {
        self.ledger_at(&self.endpoint)
    }

    fn ledger_at(&self, endpoint: &str) -> TableLedger {
        let values = vec![("LEDGER_TABLE_ENDPOINT".to_owned(), endpoint.to_owned())];
        let settings = read(&values, read_ledger);
        let identity = &self.app.identity;
        match settings.open(|table, days| TableLedger::new(identity, table, days)) {
            TableOrMemory::Table(ledger) => ledger,
            TableOrMemory::Memory(_) => panic!("in memory"),
        }
    }

    fn sink(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// Runs every scenario against both.
macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        mod on_the_local_table {
            use super::{Backend, scenarios};
            $(#[tokio::test]
            async fn $name() {
                scenarios::$name(&Backend::local().await).await;
            })+
        }

        mod on_azurite {
            use super::{Backend, scenarios};
            $(#[tokio::test]
            async fn $name() {
                if let Some(backend) = Backend::azurite().await {
                    scenarios::$name(&backend).await;
                }
            })+
        }
    };
}

scenarios! {
    a_delivered_event_is_known_at_its_sink_only,
    a_live_claim_is_busy_and_a_lapsed_one_is_taken_over,
    an_owner_claims_again_what_it_holds,
    a_claim_that_another_took_over_is_not_released,
    only_a_dead_letter_that_comes_back_claims_what_is_set_aside,
    what_is_delivered_is_never_set_aside_by_a_slow_worker,
    what_is_delivered_is_noted_even_after_another_took_over,
    an_entry_is_forgotten_after_its_days_although_it_is_still_there,
    any_log_id_has_an_entry_of_its_own,
    a_missing_table_is_named_and_nothing_is_claimed,
    of_many_workers_on_two_ledgers_each_event_is_claimed_by_one,
    a_purge_deletes_what_has_expired_and_nothing_else,
}
