//! A table that plays DynamoDB for one test: it evaluates conditions, and refuses what DynamoDB refuses.

mod condition;
mod items;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::test_endpoint::{Answer, Call};
use items::{Attributes, Items, Refused};

/// One table and its items. Clones share them.
#[derive(Clone)]
pub(super) struct FakeTable {
    name: &'static str,
    items: Arc<Mutex<Items>>,
}

impl FakeTable {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            items: Arc::default(),
        }
    }

    pub(super) fn item(&self, key: &str) -> Option<Attributes> {
        self.items.lock().unwrap().get(key).cloned()
    }

    /// Does what a call asks for, all in one step as DynamoDB does.
    pub(super) fn answer(&self, call: &Call) -> Answer {
        if call.body["TableName"] != self.name {
            return refuse("ResourceNotFoundException");
        }
        let operation = call.operation.strip_prefix("DynamoDB_20120810.").unwrap();
        match self.items.lock().unwrap().perform(operation, &call.body) {
            Ok(()) => Answer::Json(200, json!({})),
            Err(refused) => refuse_with(refused),
        }
    }
}

pub(super) fn refuse(code: &'static str) -> Answer {
    refuse_with(Refused::new(code))
}

fn refuse_with(refused: Refused) -> Answer {
    let error_type = format!("com.amazonaws.dynamodb.v20120810#{}", refused.code);
    let mut error = json!({"__type": error_type, "message": "no"});
    if let Some(item) = refused.item {
        error["Item"] = Value::from(item);
    }
    Answer::Json(400, error)
}
