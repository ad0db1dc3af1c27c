//! The ledger on our table and on Azurite's, each behind a proxy that injects faults; then what only ours can do.

mod faults;
mod on_our_table;
mod scenarios;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use fakes::azure::tables::{TableStorage, faulty_answer};
use fakes::faults::Faults;
use fakes::proxy::Proxy;
use http_clients::{TableLedger, read_ledger};
use relay::TableOrMemory;
use relay::settings::environment;

use crate::app::{App, read};

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
    ($($module:ident::$name:ident),+ $(,)?) => {
        mod on_the_local_table {
            use super::{Backend, faults, scenarios};
            $(#[tokio::test]
            async fn $name() {
                $module::$name(&Backend::local().await).await;
            })+
        }

        mod on_azurite {
            use super::{Backend, faults, scenarios};
            $(#[tokio::test]
            #[ignore = "needs AZURITE_TABLE_ENDPOINT"]
            async fn $name() {
                $module::$name(&Backend::azurite().await).await;
            })+
        }
    };
}

scenarios! {
    scenarios::a_delivered_event_is_known_at_its_sink_only,
    scenarios::a_live_claim_is_busy_and_a_lapsed_one_is_taken_over,
    scenarios::an_owner_claims_again_what_it_holds,
    scenarios::a_claim_that_another_took_over_is_not_released,
    scenarios::only_a_dead_letter_that_comes_back_claims_what_is_set_aside,
    scenarios::what_is_delivered_is_never_set_aside_by_a_slow_worker,
    scenarios::what_is_delivered_is_noted_even_after_another_took_over,
    scenarios::an_entry_is_forgotten_after_its_days_although_it_is_still_there,
    scenarios::any_log_id_has_an_entry_of_its_own,
    scenarios::a_missing_table_is_named_and_nothing_is_claimed,
    scenarios::of_many_workers_on_two_ledgers_each_event_is_claimed_by_one,
    scenarios::a_purge_deletes_what_has_expired_and_nothing_else,
    faults::a_busy_or_silent_table_is_asked_again,
    faults::a_claim_fails_as_a_whole_and_what_it_got_is_released,
    faults::a_table_that_hangs_ends_the_claim_while_there_is_time_to_answer,
}
