//! The journal's scenarios on moto's server; then what a call looks like and which faults it survives.

#[path = "../../../relay/tests/journal/scenarios.rs"]
mod scenarios;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use relay::journal::Journal;
use relay::settings::environment;

use super::*;
use crate::connection::AwsSettings;
use crate::test_endpoint::read_settings;
use scenarios::{Backend, DAYS};

/// A server with one empty table.
struct Tables {
    connection: AwsConnection,
    table: String,
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

/// A new table of moto's server.
async fn moto() -> Tables {
    let url = environment("MOTO_URL").unwrap();
    let settings = read_settings(&[("AWS_ENDPOINT_URL", &url)], AwsSettings::read);
    let connection = AwsConnection::new(settings.unwrap());
    let table = format!("journal-{:016x}", fastrand::u64(..));
    create(&connection, &table).await;
    Tables { connection, table }
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

scenarios::on!(on_moto, ignore = "needs MOTO_URL", moto());
