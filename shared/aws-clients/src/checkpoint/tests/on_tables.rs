//! The checkpoint's item in a fake table and in one of moto's server: who may replace it, and what is no checkpoint.

use fakes::faults::Fault;

use super::*;
use crate::ledger::tests::backend::Tables;

fn checkpoint(tables: &Tables) -> TableCheckpoint {
    let settings = CheckpointSettings {
        table: tables.table.clone(),
    };
    let tenant = TenantName::parse("acme").unwrap();
    TableCheckpoint::new(&tables.connection, settings, tenant)
}

async fn value(checkpoint: &TableCheckpoint) -> Option<String> {
    let stored = checkpoint.load(soon()).await.unwrap();
    stored.and_then(|stored| stored.value)
}

async fn only_whoever_has_read_it_replaces_it(tables: &Tables) {
    let checkpoint = checkpoint(tables);
    let save = async |value: &str, found| checkpoint.save(value, found, soon()).await.unwrap();
    assert_eq!(checkpoint.load(soon()).await.unwrap(), None);
    let first = save("log-1", None).await.unwrap();
    assert_eq!(save("log-2", None).await, None);
    let read = checkpoint.load(soon()).await.unwrap().unwrap();
    assert_eq!(read.tag, first);
    let second = save("log-2", Some(&first)).await.unwrap();
    assert_eq!(save("log-3", Some(&first)).await, None);
    assert_eq!(value(&checkpoint).await.as_deref(), Some("log-2"));
    // A save whose answer is lost is one all the same.
    tables.faults.script([Fault::DropAfter]);
    assert!(save("log-3", Some(&second)).await.is_some());
    assert_eq!(value(&checkpoint).await.as_deref(), Some("log-3"));
}

async fn an_item_without_a_value_is_replaced_as_it_is(tables: &Tables) {
    let checkpoint = checkpoint(tables);
    let client = tables.connection.dynamodb();
    let item = client
        .put_item()
        .table_name(tables.table.clone())
        .item("pk", AttributeValue::S("checkpoint#acme".to_owned()))
        .item("n", AttributeValue::N("0".to_owned()));
    item.send().await.unwrap();
    let found = checkpoint.load(soon()).await.unwrap().unwrap();
    assert_eq!(found.value, None);
    let saved = checkpoint.save("log-1", Some(&found.tag), soon()).await;
    assert!(saved.unwrap().is_some());
    let late = checkpoint.save("log-2", Some(&found.tag), soon()).await;
    assert_eq!(late.unwrap(), None);
    assert_eq!(value(&checkpoint).await.as_deref(), Some("log-1"));
}

/// Runs each on both.
macro_rules! on_both {
    ($($name:ident)+) => {
        mod on_the_fake_table {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&super::Tables::fake().await).await;
            })+
        }

        mod on_moto {
            $(#[tokio::test]
            #[ignore = "needs MOTO_URL"]
            async fn $name() {
                super::$name(&super::Tables::moto().await).await;
            })+
        }
    };
}

on_both! {
    only_whoever_has_read_it_replaces_it
    an_item_without_a_value_is_replaced_as_it_is
}
