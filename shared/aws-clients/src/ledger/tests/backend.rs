//! Where the scenarios run: a fake table, or a new table of moto's server.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use fakes::aws::dynamodb::Table;
use fakes::faults::Faults;
use relay::settings::environment;

use crate::connection::AwsConnection;
use crate::ledger::TableLedger;
use crate::test_endpoint::connection;

/// A place with one empty table.
pub(super) struct Backend {
    connection: AwsConnection,
    table: String,
    /// Our own table, where it is ours.
    _served: Option<Table>,
}

impl Backend {
    pub(super) async fn fake() -> Self {
        let table = Table::start("ledger", Faults::healthy()).await.unwrap();
        Self {
            connection: connection(&table.url(), &[]),
            table: "ledger".to_owned(),
            _served: Some(table),
        }
    }

    /// A new table of moto's server.
    pub(super) async fn moto(scenario: &str) -> Self {
        let connection = connection(&environment("MOTO_URL").unwrap(), &[]);
        // A server that serves two runs keeps the tables of the first.
        let table = format!("{scenario}-{:016x}", fastrand::u64(..));
        create(&connection, &table).await;
        Self {
            connection,
            table,
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
