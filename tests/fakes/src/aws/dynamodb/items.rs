//! The items of one table and what `PutItem` and `DeleteItem` do to them, as strict as DynamoDB.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::condition::Condition;

/// An item as DynamoDB writes it: attributes with their types.
pub(super) type Attributes = Map<String, Value>;

/// What the two operations here are given; anything else is not known here, and refused.
const MEMBERS: [&str; 6] = [
    "TableName",
    "Item",
    "Key",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
];
/// The code of a call whose condition did not hold.
pub(super) const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
const ON_FAILURE: &str = "ReturnValuesOnConditionCheckFailure";

/// A call that was refused: the code of the error and, where the call asks for it, the item as it is.
#[derive(Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) item: Option<Attributes>,
}

impl Refused {
    pub(super) fn new(code: &'static str) -> Self {
        Self { code, item: None }
    }

    fn invalid() -> Self {
        Self::new("ValidationException")
    }
}

/// All items, by their partition key.
#[derive(Debug, Default)]
pub(super) struct Items {
    by_key: HashMap<String, Attributes>,
}

impl Items {
    pub(super) fn get(&self, key: &str) -> Option<&Attributes> {
        self.by_key.get(key)
    }

    /// Does what a call asks for, all in one step.
    pub(super) fn perform(&mut self, operation: &str, input: &Value) -> Result<(), Refused> {
        let is_put = match operation {
            "PutItem" => true,
            "DeleteItem" => false,
            _ => return Err(Refused::new("UnknownOperationException")),
        };
        let members = input.as_object().ok_or_else(Refused::invalid)?;
        let is_known = |name: &String| MEMBERS.contains(&name.as_str()) || name == ON_FAILURE;
        if !members.keys().all(is_known) {
            return Err(Refused::invalid());
        }
        let given = members.get(if is_put { "Item" } else { "Key" });
        let given = given
            .and_then(Value::as_object)
            .filter(|given| given.values().all(is_attribute) && (is_put || given.len() == 1))
            .ok_or_else(Refused::invalid)?;
        let key = given.get("pk").and_then(|key| key.get("S"));
        let key = key
            .and_then(Value::as_str)
            .filter(|key| (1..=2_048).contains(&key.len()))
            .ok_or_else(Refused::invalid)?;
        let condition = Condition::read(input).ok_or_else(Refused::invalid)?;

        let before = self.by_key.get(key);
        if !condition.holds(before) {
            let wants_item = members.get(ON_FAILURE).and_then(Value::as_str) == Some("ALL_OLD");
            return Err(Refused {
                code: CONDITION_FAILED,
                item: before.filter(|_| wants_item).cloned(),
            });
        }
        if is_put {
            self.by_key.insert(key.to_owned(), given.clone());
        } else {
            self.by_key.remove(key);
        }
        Ok(())
    }
}

/// Strings and numbers, the latter as text too; our entries have nothing else.
fn is_attribute(value: &Value) -> bool {
    let mut members = value.as_object().into_iter().flatten();
    let (first, second) = (members.next(), members.next());
    let is_right = first.is_some_and(|(name, value)| match name.as_str() {
        "S" => value.is_string(),
        "N" => value
            .as_str()
            .is_some_and(|text| text.parse::<i128>().is_ok()),
        _ => false,
    });
    is_right && second.is_none()
}
