//! A DynamoDB table with partition key `pk` and sort key `n`: `PutItem` under its condition, `GetItem` and `Query`, as ledger
//! and checkpoint use them.

mod condition;
mod items;

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::Request;
use serde_json::{Map, Value, json};

use crate::aws::json::Service;
use crate::faults::{Fault, Faults, inject};
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
    /// Write units: a kilobyte of the larger of the old and the new item, refused puts too.
    pub write_units: u64,
    /// Read units: four kilobytes of a page.
    pub read_units: u64,
}

/// A running table with its endpoint.
#[derive(Debug)]
pub struct Table {
    shared: Arc<Shared>,
    server: Server,
}

#[derive(Debug)]
struct Shared {
    contents: Contents,
    faults: Faults,
    counts: Mutex<TableCounts>,
}

/// A table without an endpoint, for a test that answers calls itself. Clones share the items.
#[derive(Debug, Clone)]
pub struct Contents {
    name: String,
    items: Arc<Mutex<Items>>,
}

impl Contents {
    /// An empty table.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            items: Arc::default(),
        }
    }

    /// The items of a partition as they are stored, attributes with their types, in the order of their numbers.
    pub fn items(&self, partition: &str) -> Vec<Map<String, Value>> {
        lock(&self.items).of_partition(partition).cloned().collect()
    }

    /// Puts an item there as somebody else would.
    pub fn put(&self, item: &Value) {
        let input = json!({ "Item": item });
        // What DynamoDB would refuse stays out.
        drop(lock(&self.items).perform("PutItem", &input));
    }

    /// How many bytes fill a page of a query.
    pub fn page_by(&self, bytes: usize) {
        lock(&self.items).page_bytes = bytes;
    }

    /// Does what a call asks for, all in one step as DynamoDB does; an error is the body of the refusal, whose status
    /// is 400.
    pub fn perform(&self, operation: &str, input: &Value) -> Result<Value, Value> {
        let done = match input.get("TableName").and_then(Value::as_str) {
            Some(name) if name == self.name => lock(&self.items).perform(operation, input),
            Some(_) | None => Err(Refused::new("ResourceNotFoundException")),
        };
        done.map_err(refusal)
    }
}

impl Table {
    /// Starts an empty table.
    pub async fn start(name: impl Into<String>, faults: Faults) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            contents: Contents::new(name),
            faults,
            counts: Mutex::default(),
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
        &self.shared.contents.name
    }

    /// What is stored.
    pub fn contents(&self) -> &Contents {
        &self.shared.contents
    }

    /// What it has done so far.
    pub fn counts(&self) -> TableCounts {
        let items = lock(&self.shared.contents.items);
        TableCounts {
            write_units: items.write_units,
            read_units: items.read_units,
            ..*lock(&self.shared.counts)
        }
    }
}

/// What a faulty table answers, which did nothing.
pub fn faulty_answer(fault: &Fault) -> Answer {
    DYNAMODB.faulty_answer(fault)
}

async fn answer(request: &Request<Bytes>, shared: &Shared) -> Answer {
    lock(&shared.counts).calls += 1;
    let fault = shared.faults.next_with(request.body());
    let work = async {
        match DYNAMODB.read(request) {
            Ok((operation, input)) => perform(&operation, &input, shared),
            Err(refusal) => DYNAMODB.refuse(&refusal),
        }
    };
    inject(&fault, faulty_answer, work).await
}

fn perform(operation: &str, input: &Value, shared: &Shared) -> Answer {
    match shared.contents.perform(operation, input) {
        Ok(output) => DYNAMODB.accept(&output),
        Err(body) => Answer::with_type(400, DYNAMODB.content_type, body.to_string()),
    }
}

fn refusal(refused: Refused) -> Value {
    let mut body = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{}", refused.code),
        "message": "refused by the table",
    });
    if let (Some(item), Some(body)) = (refused.item, body.as_object_mut()) {
        body.insert("Item".to_owned(), Value::from(item));
    }
    body
}
