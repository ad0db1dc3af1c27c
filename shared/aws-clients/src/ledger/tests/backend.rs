//! Where the scenarios run: a fake table, or a new table of moto's server, behind a proxy that injects faults.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use fakes::aws::dynamodb::{Table, faulty_answer};
use fakes::faults::Faults;
use fakes::proxy::Proxy;
use relay::journal::{Journal, Store};
use relay::settings::environment;

use super::faulty_store::FaultyBackend;
use super::scenarios::{Backend, DAYS};
use crate::connection::AwsConnection;
use crate::ledger::JournalTable;
use crate::test_endpoint::connection;

/// A place with one empty table.
pub(crate) struct Tables {
    pub(crate) connection: AwsConnection,
    pub(crate) table: String,
    /// What the proxy injects.
    pub(crate) faults: Faults,
    _proxy: Proxy,
    /// Our own table, where it is ours.
    _served: Option<Table>,
}

impl Tables {
    pub(crate) async fn fake() -> Self {
        let table = Table::start("ledger", Faults::healthy()).await.unwrap();
        let tables = Self::before(&table.url(), "ledger".to_owned()).await;
        Self {
            _served: Some(table),
            ..tables
        }
    }

    /// A new table of moto's server.
    pub(crate) async fn moto() -> Self {
        let url = environment("MOTO_URL").unwrap();
        let table = format!("journal-{:016x}", fastrand::u64(..));
        create(&connection(&url, &[]), &table).await;
        Self::before(&url, table).await
    }

    async fn before(url: &str, table: String) -> Self {
        let faults = Faults::healthy();
        let proxy = Proxy::before(url, faults.clone(), faulty_answer).await;
        let proxy = proxy.unwrap();
        Self {
            connection: connection(&proxy.url(), &[]),
            table,
            faults,
            _proxy: proxy,
            _served: None,
        }
    }
}

impl Backend for Tables {
    fn journal(&self) -> Journal<impl Store> {
        Journal::new(
            JournalTable::new(&self.connection, self.table.clone()),
            DAYS,
        )
    }

    fn sink(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl FaultyBackend for Tables {
    fn faults(&self) -> &Faults {
        &self.faults
    }
}

async fn create(connection: &AwsConnection, table: &str) {
    let mut call = connection.dynamodb().create_table().table_name(table);
    for (name, key_type, attribute_type) in [
        ("pk", KeyType::Hash, ScalarAttributeType::S),
        ("n", KeyType::Range, ScalarAttributeType::N),
    ] {
        let key = KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(key_type);
        let attribute = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(attribute_type);
        call = call
            .key_schema(key.build().unwrap())
            .attribute_definitions(attribute.build().unwrap());
    }
    let call = call.billing_mode(BillingMode::PayPerRequest);
    call.send().await.unwrap();
}
