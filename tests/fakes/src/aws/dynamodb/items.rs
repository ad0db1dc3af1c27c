//! The items of one table and what `PutItem`, `GetItem` and `Query` do to them, as strict as DynamoDB, and what it would count for that.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::condition::Condition;

/// An item as DynamoDB writes it: attributes with their types.
pub(super) type Attributes = Map<String, Value>;
/// `pk` and `n`.
type Key = (String, i64);

/// What the operations here are given; anything else is not known here, and refused.
const PUT_MEMBERS: [&str; 6] = [
    "TableName",
    "Item",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    ON_FAILURE,
];
const GET_MEMBERS: [&str; 3] = ["TableName", "Key", "ConsistentRead"];
const QUERY_MEMBERS: [&str; 5] = [
    "TableName",
    "KeyConditionExpression",
    "ExpressionAttributeValues",
    "ConsistentRead",
    "ExclusiveStartKey",
];
const ON_FAILURE: &str = "ReturnValuesOnConditionCheckFailure";
/// What an item, and a page of a query, has at most.
const MAX_ITEM_BYTES: usize = 409_600;
const PAGE_BYTES: usize = 1_048_576;

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

/// All items, by their keys.
#[derive(Debug)]
pub(super) struct Items {
    by_key: BTreeMap<Key, Attributes>,
    pub(super) write_units: u64,
    pub(super) read_units: u64,
    /// What a page of a query has at most.
    pub(super) page_bytes: usize,
}

impl Default for Items {
    fn default() -> Self {
        Self {
            by_key: BTreeMap::new(),
            write_units: 0,
            read_units: 0,
            page_bytes: PAGE_BYTES,
        }
    }
}

impl Items {
    /// The items of a partition, in the order of their numbers.
    pub(super) fn of_partition(&self, partition: &str) -> impl Iterator<Item = &Attributes> {
        let first = (partition.to_owned(), i64::MIN);
        let rest = self.by_key.range(first..);
        let own = rest.take_while(move |((own, _), _)| own == partition);
        own.map(|(_, item)| item)
    }

    /// Does what a call asks for, all in one step.
    pub(super) fn perform(&mut self, operation: &str, input: &Value) -> Result<Value, Refused> {
        match operation {
            "PutItem" => self.put(members(input, &PUT_MEMBERS)?, input),
            "GetItem" => self.get(members(input, &GET_MEMBERS)?),
            "Query" => self.query(members(input, &QUERY_MEMBERS)?),
            _ => Err(Refused::new("UnknownOperationException")),
        }
    }

    fn put(&mut self, members: &Attributes, input: &Value) -> Result<Value, Refused> {
        let given = attributes(members.get("Item"))?;
        let key = key(given)?;
        let bytes = item_bytes(given);
        if bytes > MAX_ITEM_BYTES {
            return Err(Refused::invalid());
        }
        let condition = Condition::read(input).ok_or_else(Refused::invalid)?;
        let before = self.by_key.get(&key);
        let larger = before.map_or(0, item_bytes).max(bytes);
        self.write_units += units(larger, 1_024);
        if !condition.holds(before) {
            let wants_item = members.get(ON_FAILURE).and_then(Value::as_str) == Some("ALL_OLD");
            return Err(Refused {
                code: "ConditionalCheckFailedException",
                item: before.filter(|_| wants_item).cloned(),
            });
        }
        self.by_key.insert(key, given.clone());
        Ok(json!({}))
    }

    fn get(&mut self, members: &Attributes) -> Result<Value, Refused> {
        let given = attributes(members.get("Key"))?;
        // A key has nothing beside its two parts.
        let key = key(given).ok().filter(|_| given.len() == 2);
        let found = self.by_key.get(&key.ok_or_else(Refused::invalid)?);
        self.read_units += read_units(found.map_or(0, item_bytes), members);
        Ok(found.map_or_else(|| json!({}), |item| json!({ "Item": item })))
    }

    /// A page of a partition from a number on. A page ends after the item that fills it, as DynamoDB's does.
    fn query(&mut self, members: &Attributes) -> Result<Value, Refused> {
        let (partition, from) = key_condition(members).ok_or_else(Refused::invalid)?;
        let after = match members.get("ExclusiveStartKey") {
            Some(start) => Some(key(attributes(Some(start))?)?),
            None => None,
        };
        let from = (partition.clone(), from);
        let in_partition = self
            .by_key
            .range(from..)
            .take_while(|((own, _), _)| *own == partition);
        let mut rest =
            in_partition.skip_while(|(key, _)| after.as_ref().is_some_and(|after| *key <= after));
        let mut items: Vec<Value> = Vec::new();
        let mut bytes = 0;
        let mut last = None;
        for (key, item) in rest.by_ref() {
            bytes += item_bytes(item);
            items.push(Value::Object(item.clone()));
            if bytes >= self.page_bytes {
                last = Some(json!({"pk": {"S": key.0}, "n": {"N": key.1.to_string()}}));
                break;
            }
        }
        self.read_units += read_units(bytes, members);
        let mut page = json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items});
        if let (Some(last), Some(page)) = (last, page.as_object_mut()) {
            page.insert("LastEvaluatedKey".to_owned(), last);
        }
        Ok(page)
    }
}

fn members<'a>(input: &'a Value, known: &[&str]) -> Result<&'a Attributes, Refused> {
    let members = input.as_object().ok_or_else(Refused::invalid)?;
    let are_known = members.keys().all(|name| known.contains(&name.as_str()));
    are_known.then_some(members).ok_or_else(Refused::invalid)
}

fn attributes(given: Option<&Value>) -> Result<&Attributes, Refused> {
    let given = given.and_then(Value::as_object);
    let given = given.filter(|given| given.values().all(|value| value_bytes(value).is_some()));
    given.ok_or_else(Refused::invalid)
}

fn key(item: &Attributes) -> Result<Key, Refused> {
    let partition = item.get("pk").and_then(|key| key.get("S"));
    let partition = partition.and_then(Value::as_str);
    let partition = partition.filter(|key| (1..=2_048).contains(&key.len()));
    let number = item.get("n").and_then(number);
    let key = partition.map(str::to_owned).zip(number);
    key.ok_or_else(Refused::invalid)
}

/// The partition and the least number of `pk = :a AND n >= :b`; `None` if a value is not used or not given.
fn key_condition(members: &Attributes) -> Option<(String, i64)> {
    let text = members.get("KeyConditionExpression")?.as_str()?;
    let (partition, from) = text.strip_prefix("pk = ")?.split_once(" AND n >= ")?;
    let values = members.get("ExpressionAttributeValues")?.as_object()?;
    let is_placeholder = |name: &str| name.starts_with(':') && !name.contains(' ');
    if values.len() != 2 || !is_placeholder(partition) || !is_placeholder(from) {
        return None;
    }
    let partition = values.get(partition)?.get("S")?.as_str()?;
    Some((partition.to_owned(), number(values.get(from)?)?))
}

fn number(value: &Value) -> Option<i64> {
    value.get("N")?.as_str()?.parse().ok()
}

/// Bytes of an item: its names and its values.
fn item_bytes(item: &Attributes) -> usize {
    let bytes = item
        .iter()
        .map(|(name, value)| name.len() + value_bytes(value).unwrap_or(0));
    bytes.sum()
}

/// Bytes of a string, of a number (two digits a byte and one more), which is text too, or of a binary, which is base64 and
/// not empty; our items have nothing else.
fn value_bytes(value: &Value) -> Option<usize> {
    let mut members = value.as_object()?.iter();
    let (kind, value) = members.next()?;
    let text = value.as_str().filter(|_| members.next().is_none())?;
    match kind.as_str() {
        "S" => Some(text.len()),
        "N" => text
            .parse::<i128>()
            .ok()
            .map(|_| text.len().div_ceil(2) + 1),
        "B" => {
            let bytes = BASE64.decode(text).ok()?;
            (!bytes.is_empty()).then_some(bytes.len())
        }
        _ => None,
    }
}

fn read_units(bytes: usize, members: &Attributes) -> u64 {
    let is_consistent = members.get("ConsistentRead") == Some(&Value::Bool(true));
    let half_units = units(bytes.max(1), 4_096) * if is_consistent { 2 } else { 1 };
    half_units.div_ceil(2)
}

fn units(bytes: usize, unit: usize) -> u64 {
    u64::try_from(bytes.div_ceil(unit)).unwrap_or(u64::MAX)
}
