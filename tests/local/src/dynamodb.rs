//! A DynamoDB table: single items by `PutItem` and `DeleteItem`, each under its condition, as the ledger uses them.

// The tests of `aws-clients` play the same table. They may not use this package, so the file is theirs and included here.
#[path = "../../../shared/aws-clients/src/ledger/fake_table/condition.rs"]
mod condition;
#[path = "../../../shared/aws-clients/src/ledger/fake_table/items.rs"]
mod items;

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::aws_json::Service;
use crate::faults::{Faults, suffer};
use crate::lock::lock;
use crate::server::{Answer, Server};
use items::{Items, Refused};

const DYNAMODB: Service = Service {
    target: "DynamoDB_20120810",
    signing_name: "dynamodb",
    content_type: "application/x-amz-json-1.0",
    throttled: "ProvisionedThroughputExceededException",
};

/// What a table has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableCounts {
    /// Calls, those refused or lost too.
    pub calls: u64,
    /// Calls whose condition did not hold.
    pub conditions_failed: u64,
}

/// A running table with its endpoint.
#[derive(Debug)]
pub struct Table {
    shared: Arc<Shared>,
    server: Server,
}

#[derive(Debug)]
struct Shared {
    name: String,
    faults: Faults,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    items: Items,
    counts: TableCounts,
}

impl Table {
    /// Starts an empty table whose partition key is `pk`.
    pub async fn start(name: impl Into<String>, faults: Faults) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            name: name.into(),
            faults,
            state: Mutex::default(),
        });
        let handle = Arc::clone(&shared);
        let server = Server::start(move |request| {
            let shared = Arc::clone(&handle);
            async move { answer(&request, &shared).await }
        });
        Ok(Self {
            shared,
            server: server.await?,
        })
    }

    /// Where the SDK finds the service.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The value of an item's attribute that is text.
    pub fn text(&self, key: &str, attribute: &str) -> Option<String> {
        let state = lock(&self.shared.state);
        let value = state.items.get(key)?.get(attribute)?.get("S")?.as_str()?;
        Some(value.to_owned())
    }

    /// What it has done so far.
    pub fn counts(&self) -> TableCounts {
        lock(&self.shared.state).counts
    }
}

async fn answer(request: &Request<Bytes>, shared: &Shared) -> Answer {
    lock(&shared.state).counts.calls += 1;
    let fault = shared.faults.next();
    let work = async {
        match DYNAMODB.read(request) {
            Ok((operation, input)) => perform(&operation, &input, shared),
            Err(refusal) => DYNAMODB.refuse(&refusal),
        }
    };
    suffer(&fault, |fault| DYNAMODB.suffer(fault), work).await
}

fn perform(operation: &str, input: &Value, shared: &Shared) -> Answer {
    if input.get("TableName").and_then(Value::as_str) != Some(&shared.name) {
        return refuse(Refused::new("ResourceNotFoundException"));
    }
    let mut state = lock(&shared.state);
    match state.items.perform(operation, input) {
        Ok(()) => DYNAMODB.accept(&json!({})),
        Err(refused) => {
            let is_condition = refused.code == "ConditionalCheckFailedException";
            state.counts.conditions_failed += u64::from(is_condition);
            refuse(refused)
        }
    }
}

fn refuse(refused: Refused) -> Answer {
    let mut body = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{}", refused.code),
        "message": "refused by the table",
    });
    if let (Some(item), Some(body)) = (refused.item, body.as_object_mut()) {
        body.insert("Item".to_owned(), Value::from(item));
    }
    Answer::with_type(400, DYNAMODB.content_type, body.to_string())
}

#[cfg(test)]
mod tests;
