//! A table that plays DynamoDB for one test: it evaluates conditions, and refuses what DynamoDB refuses.

mod condition;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use crate::test_endpoint::{Answer, Call};
use condition::Condition;

/// An item as DynamoDB writes it: attributes with their types.
pub(super) type Attributes = Map<String, Value>;

/// One table and its items. Clones share them.
#[derive(Clone)]
pub(super) struct FakeTable {
    name: &'static str,
    items: Arc<Mutex<HashMap<String, Attributes>>>,
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
        let body = &call.body;
        if body["TableName"] != self.name {
            return refuse("ResourceNotFoundException");
        }
        match call.operation.as_str() {
            "DynamoDB_20120810.PutItem" => {
                let item = body["Item"].as_object().unwrap();
                self.write(body, item, Some(item.clone()))
            }
            "DynamoDB_20120810.DeleteItem" => {
                self.write(body, body["Key"].as_object().unwrap(), None)
            }
            _ => refuse("UnknownOperationException"),
        }
    }

    fn write(&self, body: &Value, key: &Attributes, item: Option<Attributes>) -> Answer {
        let Some(key) = key["pk"]["S"].as_str().filter(|key| is_key(key)) else {
            return refuse("ValidationException");
        };
        let Ok(condition) = Condition::read(body) else {
            return refuse("ValidationException");
        };
        let mut items = self.items.lock().unwrap();
        let before = items.get(key).cloned();
        if condition.is_some_and(|condition| !condition.holds(before.as_ref())) {
            let mut error = json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
            });
            if body["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD" {
                error["Item"] = before.into();
            }
            return Answer::Json(400, error);
        }
        match item {
            Some(item) => drop(items.insert(key.to_owned(), item)),
            None => drop(items.remove(key)),
        }
        Answer::Json(200, json!({}))
    }
}

/// A partition key has 1 to 2,048 bytes.
fn is_key(key: &str) -> bool {
    (1..=2_048).contains(&key.len())
}

pub(super) fn refuse(code: &str) -> Answer {
    let error_type = format!("com.amazonaws.dynamodb.v20120810#{code}");
    Answer::Json(400, json!({"__type": error_type, "message": "no"}))
}
