//! The ledger on our table and on Azurite's, each behind a proxy that injects faults; then what only ours can do.

mod density;
#[path = "../../../relay/tests/journal/faulty_store.rs"]
mod faulty_store;
mod on_our_table_only;
mod purge;
#[path = "../../../relay/tests/journal/scenarios.rs"]
mod scenarios;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use fakes::azure::tables::{TableStorage, faulty_answer};
use fakes::faults::Faults;
use fakes::proxy::Proxy;
use http_clients::{JournalTable, read_ledger};
use relay::TableOrMemory;
use relay::journal::{Journal, Store};
use relay::settings::environment;

use crate::app::{App, read};
use faulty_store::FaultyBackend;
use scenarios::DAYS;

/// A table and an app that may use it.
pub(crate) struct Backend {
    pub(crate) app: App,
    /// The table's URL, which is the proxy's.
    pub(crate) endpoint: String,
    /// What the proxy injects.
    pub(crate) faults: Faults,
    /// Our own table, where it is ours.
    table: Option<TableStorage>,
    /// Stands before every sink's name: Azurite's table is shared by all tests.
    pub(crate) prefix: String,
    _proxy: Proxy,
}

impl Backend {
    pub(crate) async fn local() -> Self {
        let app = App::start().await;
        let table = TableStorage::start("ledger", app.tokens(), Faults::healthy()).await;
        let table = table.unwrap();
        let faults = Faults::healthy();
        let proxy = Proxy::before(&table.endpoint(), faults.clone(), faulty_answer).await;
        let proxy = proxy.unwrap();
        Self {
            app,
            endpoint: proxy.url(),
            faults,
            table: Some(table),
            prefix: String::new(),
            _proxy: proxy,
        }
    }

    /// The table that `.ci/with-azurite` made.
    pub(crate) async fn azurite() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [url, roots] =
            ["AZURITE_TABLE_ENDPOINT", "SSL_CERT_FILE"].map(|name| environment(name).unwrap());
        let faults = Faults::healthy();
        let (roots, injected) = (Path::new(&roots), faults.clone());
        let proxy = Proxy::before_tls(&url, roots, injected, faulty_answer).await;
        let proxy = proxy.unwrap();
        Self {
            app: App::start().await,
            endpoint: proxy.url(),
            faults,
            table: None,
            prefix: format!("{}x{number}-", fastrand::u32(..)),
            _proxy: proxy,
        }
    }

    /// Our own table.
    pub(crate) fn table(&self) -> &TableStorage {
        self.table.as_ref().unwrap()
    }

    fn rows(&self) -> JournalTable {
        self.rows_at(&self.endpoint)
    }

    fn rows_at(&self, endpoint: &str) -> JournalTable {
        let values = vec![("LEDGER_TABLE_ENDPOINT".to_owned(), endpoint.to_owned())];
        let settings = read(&values, read_ledger);
        let journal = settings.open(|table| table);
        match journal.store() {
            TableOrMemory::Table(table) => JournalTable::new(&self.app.identity, table.clone()),
            TableOrMemory::Memory(_) => panic!("in memory"),
        }
    }
}

impl scenarios::Backend for Backend {
    fn journal(&self) -> Journal<impl Store> {
        Journal::new(self.rows(), DAYS)
    }

    fn sink(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl FaultyBackend for Backend {
    fn faults(&self) -> &Faults {
        &self.faults
    }
}

scenarios::on!(on_our_table, cfg(test), Backend::local());
scenarios::on!(
    on_azurite,
    ignore = "needs AZURITE_TABLE_ENDPOINT",
    Backend::azurite()
);

/// Runs what is about faults, and the purge, against both.
macro_rules! both {
    ($($module:ident::$name:ident)+) => {
        mod more_on_our_table {
            use super::{Backend, density, faulty_store, purge};
            $(#[tokio::test]
            async fn $name() {
                $module::$name(&Backend::local().await).await;
            })+
        }

        mod more_on_azurite {
            use super::{Backend, density, faulty_store, purge};
            $(#[tokio::test]
            #[ignore = "needs AZURITE_TABLE_ENDPOINT"]
            async fn $name() {
                $module::$name(&Backend::azurite().await).await;
            })+
        }
    };
}

both! {
    faulty_store::a_busy_or_silent_table_is_asked_again
    faulty_store::of_many_claims_the_one_that_cannot_pass_hands_back_its_own_and_the_others_go_on
    faulty_store::a_claim_whose_answer_never_came_lapses
    faulty_store::a_table_that_hangs_ends_the_claim_in_time
    purge::a_bucket_with_a_younger_row_is_kept_whole
    density::an_event_costs_less_than_a_seventh_of_a_transaction_at_a_hundred_a_second
}
