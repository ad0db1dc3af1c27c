//! How far a poller has come, on our table and on Azurite's.

use std::time::Duration;

use fakes::faults::Fault;
use http_clients::{CheckpointSettings, TableCheckpoint};
use relay::chain;
use relay::poll::{CheckpointStore, StoredCheckpoint};
use serde_json::json;
use tenant_logs::TenantName;
use tokio::time::Instant;

use crate::app::read;
use crate::ledger::Backend;

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// A tenant with the table of its checkpoint.
struct At {
    table: TableCheckpoint,
}

impl At {
    fn new(backend: &Backend, endpoint: &str) -> Self {
        let values = vec![("CHECKPOINT_TABLE_ENDPOINT".to_owned(), endpoint.to_owned())];
        let settings = read(&values, CheckpointSettings::read);
        let tenant = TenantName::parse(&format!("{}acme", backend.prefix)).unwrap();
        Self {
            table: TableCheckpoint::new(&backend.app.identity, settings, tenant),
        }
    }

    async fn load(&self) -> Result<Option<StoredCheckpoint<String>>, String> {
        let loaded = self.table.load(soon()).await;
        loaded.map_err(|error| chain(&error).to_string())
    }

    /// Returns the tag under which a value is saved; `None` if another one is there.
    async fn save(&self, value: &str, found: Option<&String>) -> Option<String> {
        self.table.save(value, found, soon()).await.unwrap()
    }
}

fn stored(value: &str, tag: &str) -> StoredCheckpoint<String> {
    StoredCheckpoint {
        value: Some(value.to_owned()),
        tag: tag.to_owned(),
    }
}

async fn check_conditions(backend: &Backend) {
    let at = At::new(backend, &backend.endpoint);
    assert_eq!(at.load().await, Ok(None));
    let first = at.save("log-1", None).await.unwrap();
    assert_eq!(at.load().await.unwrap(), Some(stored("log-1", &first)));
    let second = at.save("log-2", Some(&first)).await.unwrap();
    // Whoever has not seen the second one changes nothing.
    for found in [None, Some(&first)] {
        assert_eq!(at.save("log-0", found).await, None);
    }
    assert_eq!(at.load().await.unwrap(), Some(stored("log-2", &second)));
}

async fn check_lost_answers(backend: &Backend) {
    let at = At::new(backend, &backend.endpoint);
    backend.faults.script([Fault::DropAfter]);
    let first = at.save("log-1", None).await.unwrap();
    backend
        .faults
        .script([Fault::Status(500), Fault::DropAfter]);
    let second = at.save("log-2", Some(&first)).await.unwrap();
    assert_eq!(at.load().await.unwrap(), Some(stored("log-2", &second)));
}

#[tokio::test]
async fn only_whoever_has_read_a_checkpoint_replaces_it() {
    check_conditions(&Backend::local().await).await;
}

#[tokio::test]
#[ignore = "needs AZURITE_TABLE_ENDPOINT"]
async fn on_azurite_only_whoever_has_read_a_checkpoint_replaces_it() {
    check_conditions(&Backend::azurite().await).await;
}

#[tokio::test]
async fn a_checkpoint_whose_answer_was_lost_is_saved_all_the_same() {
    check_lost_answers(&Backend::local().await).await;
}

#[tokio::test]
#[ignore = "needs AZURITE_TABLE_ENDPOINT"]
async fn on_azurite_a_checkpoint_whose_answer_was_lost_is_saved_all_the_same() {
    check_lost_answers(&Backend::azurite().await).await;
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_is_never_taken_for_none() {
    let backend = Backend::local().await;
    let at = At::new(&backend, &backend.endpoint);
    for row in [json!({}), json!({ "Value": "" }), json!({ "Value": 7 })] {
        backend.table().put("checkpoint", "acme", row);
        let found = at.load().await.unwrap().unwrap();
        assert_eq!(found.value, None);
        // It can be replaced by whoever has seen it.
        assert_eq!(at.save("log-1", None).await, None);
        assert!(at.save("log-1", Some(&found.tag)).await.is_some());
    }
    backend.faults.always(Fault::Denied);
    let error = at.load().await.unwrap_err();
    assert!(error.contains("Storage Table Data Contributor"), "{error}");
    let missing = format!("{}none", backend.endpoint);
    backend.faults.clear();
    let error = At::new(&backend, &missing).load().await.unwrap_err();
    assert!(error.contains("CHECKPOINT_TABLE_ENDPOINT"), "{error}");
}
