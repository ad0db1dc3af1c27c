//! Where the scenarios run: a fake table, or a new table of moto's server, behind a proxy that injects faults.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use fakes::aws::dynamodb::{Table, faulty_answer};
use fakes::faults::Faults;
use fakes::proxy::Proxy;
use relay::settings::environment;

use crate::connection::AwsConnection;
use crate::ledger::TableLedger;
use crate::test_endpoint::connection;

/// A service with one empty table.
pub(super) struct Backend {
    connection: AwsConnection,
    pub(super) table: String,
    /// What the proxy injects.
    pub(super) faults: Faults,
    _proxy: Proxy,
    /// Our own table, where it is ours.
    _served: Option<Table>,
}

impl Backend {
    pub(super) async fn fake() -> Self {
        let table = Table::start("ledger", Faults::healthy()).await.unwrap();
        let backend = Self::before(&table.url(), "ledger".to_owned()).await;
        Self {
            _served: Some(table),
            ..backend
        }
    }

    /// A new table of moto's server.
    pub(super) async fn moto(scenario: &str) -> Self {
        let url = environment("MOTO_URL").unwrap();
        // A server that serves two runs keeps the tables of the first.
        let table = format!("{scenario}-{:016x}", fastrand::u64(..));
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

    /// A ledger on the table, with connections of its own, as another copy of the function has.
    pub(super) fn ledger(&self) -> TableLedger {
        self.ledger_on(&self.table)
    }

    pub(super) fn ledger_on(&self, table: &str) -> TableLedger {
        TableLedger::new(&self.connection, table.to_owned(), 35)
    }
}

async fn create(connection: &AwsConnection, table: &str) {
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S);
    connection
        .dynamodb()
        .create_table()
        .table_name(table)
        .key_schema(key.build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
}
