//! Where the scenarios run: a fake table, or a new table of moto's server.

use std::io::{self, Write as _};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use relay::settings::environment;

use super::super::fake_table::FakeTable;
use crate::connection::{AwsConnection, AwsSettings};
use crate::ledger::TableLedger;
use crate::test_endpoint::{TestEndpoint, read_settings};

/// A place with one empty table.
pub(super) struct Backend {
    connection: AwsConnection,
    table: String,
}

impl Backend {
    pub(super) async fn fake() -> Self {
        let table = FakeTable::new("ledger");
        let endpoint = TestEndpoint::start(move |call| table.answer(call)).await;
        Self {
            connection: endpoint.connection(),
            table: "ledger".to_owned(),
        }
    }

    /// A new table of moto's server; nothing where no server is named.
    pub(super) async fn moto(scenario: &str) -> Option<Self> {
        let Some(url) = environment("MOTO_URL") else {
            writeln!(io::stderr(), "skipped: MOTO_URL not set").unwrap();
            return None;
        };
        let settings = read_settings(&[("AWS_ENDPOINT_URL", &url)], AwsSettings::read);
        let connection = AwsConnection::new(settings.unwrap());
        // A server that serves two runs keeps the tables of the first.
        let table = format!("{scenario}-{:016x}", fastrand::u64(..));
        create(&connection, &table).await;
        Some(Self { connection, table })
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
