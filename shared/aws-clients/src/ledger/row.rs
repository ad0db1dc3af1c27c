//! A row of the journal as an item of the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use relay::journal::{Row, SeenRow, StoredRow, Wanted};

/// Attributes with their values.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A row as it is written. What is handed back whole has no `ids`, and what is claimed no `outcome`.
pub(super) fn item(bucket: &str, row: &Row) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), text(bucket)),
        ("n".to_owned(), number(row.number)),
        ("owner".to_owned(), number(row.owner)),
        ("lease_ends".to_owned(), number(row.lease_ends)),
        ("expires_at".to_owned(), number(row.expires_at)),
    ]);
    let ids = row.id_bytes();
    if !ids.is_empty() {
        item.insert("ids".to_owned(), AttributeValue::B(Blob::new(ids)));
    }
    if let Some(outcome) = row.outcome() {
        item.insert("outcome".to_owned(), text(outcome));
    }
    item
}

/// What is seen of an item by whoever looks for some log events; `None` where nobody here wrote it.
pub(super) fn seen(item: &Item, wanted: &Wanted) -> Option<SeenRow> {
    let ids = match item.get("ids") {
        Some(ids) => ids.as_b().ok()?.as_ref(),
        None => &[],
    };
    let outcome = match item.get("outcome") {
        Some(outcome) => Some(outcome.as_s().ok()?.as_str()),
        None => None,
    };
    let stored = StoredRow {
        number: read(item, "n")?,
        owner: read(item, "owner")?,
        lease_ends: read(item, "lease_ends")?,
        expires_at: read(item, "expires_at")?,
        ids,
        outcome,
    };
    stored.seen(wanted)
}

fn read<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl Into<i128>) -> AttributeValue {
    let value: i128 = value.into();
    AttributeValue::N(value.to_string())
}
