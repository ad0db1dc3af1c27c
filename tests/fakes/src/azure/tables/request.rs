//! What a call of Table storage asks for; it is refused where the real service would refuse it.

use bytes::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, IF_MATCH};
use hyper::{Method, Request};
use serde_json::{Map, Value};

use super::ACCOUNT;
use super::filter::Filter;
use crate::azure::entra::{decode, form};

/// The keys of an entity, as they are stored.
pub(super) type Key = (String, String);
/// A status and a code.
pub(super) type Problem = (u16, &'static str);

/// The first version that takes tokens for tables.
const FIRST_VERSION: &str = "2020-12-06";
/// A key has at most 1 KiB in UTF-16.
const MAX_KEY_CHARACTERS: usize = 512;
/// A string has at most 64 KiB in UTF-16.
const MAX_STRING_CHARACTERS: usize = 32_768;

pub(super) enum Operation {
    Insert {
        key: Key,
        properties: Map<String, Value>,
    },
    Get {
        key: Key,
    },
    Put {
        key: Key,
        properties: Map<String, Value>,
        tag: Option<String>,
    },
    Delete {
        key: Key,
        tag: String,
    },
    Query {
        filter: Filter,
        from: Option<Key>,
    },
}

pub(super) fn read(request: &Request<Bytes>, table: &str) -> Result<Operation, Problem> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if header("x-ms-version").is_none_or(|version| version < FIRST_VERSION) {
        return Err((403, "AuthenticationFailed"));
    }
    if header("x-ms-date").is_none_or(|date| !date.ends_with(" GMT")) {
        return Err((403, "AuthenticationFailed"));
    }
    if !header(ACCEPT.as_str()).is_some_and(|accept| accept.contains("application/json")) {
        return Err((415, "AtomFormatNotSupported"));
    }
    let path = request.uri().path();
    let path = path
        .strip_prefix(&format!("/{ACCOUNT}/"))
        .unwrap_or_default();
    let (name, keys) = path.split_once('(').map_or((path, None), |(name, rest)| {
        (name, Some(rest.strip_suffix(')').unwrap_or(rest)))
    });
    if name != table {
        return Err((404, "TableNotFound"));
    }
    let tag = header(IF_MATCH.as_str()).map(str::to_owned);
    match (request.method(), keys) {
        (&Method::POST, None) => {
            let properties = entity(request)?;
            let key = key_of(&properties)?;
            Ok(Operation::Insert { key, properties })
        }
        (&Method::GET, Some("")) => query(request),
        (&Method::GET, Some(keys)) => Ok(Operation::Get { key: key(keys)? }),
        (&Method::PUT, Some(keys)) => {
            let properties = entity(request)?;
            let key = key(keys)?;
            if key_of(&properties)? != key {
                return Err((400, "PropertiesNeedValue"));
            }
            Ok(Operation::Put {
                key,
                properties,
                tag,
            })
        }
        (&Method::DELETE, Some(keys)) => Ok(Operation::Delete {
            key: key(keys)?,
            tag: tag.ok_or((400, "MissingRequiredHeader"))?,
        }),
        _ => Err((405, "MethodNotAllowed")),
    }
}

/// `PartitionKey='…',RowKey='…'`, decoded once.
fn key(keys: &str) -> Result<Key, Problem> {
    let value = |text: &str, name: &str| {
        let quoted = text.strip_prefix(name)?.strip_prefix('=')?;
        decode(quoted.strip_prefix('\'')?.strip_suffix('\'')?)
    };
    let key = keys.split_once(',').and_then(|(partition, row)| {
        Some((value(partition, "PartitionKey")?, value(row, "RowKey")?))
    });
    check_key(key.ok_or((400, "InvalidInput"))?)
}

fn key_of(properties: &Map<String, Value>) -> Result<Key, Problem> {
    let text = |name: &str| {
        properties
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let key = text("PartitionKey").zip(text("RowKey"));
    check_key(key.ok_or((400, "PropertiesNeedValue"))?)
}

fn check_key(key: Key) -> Result<Key, Problem> {
    for text in [&key.0, &key.1] {
        let is_forbidden = |c: char| matches!(c, '/' | '\\' | '#' | '?') || c.is_control();
        if text.contains(is_forbidden) {
            return Err((400, "OutOfRangeInput"));
        }
        if text.encode_utf16().count() > MAX_KEY_CHARACTERS {
            return Err((400, "KeyValueTooLarge"));
        }
    }
    Ok(key)
}

fn entity(request: &Request<Bytes>) -> Result<Map<String, Value>, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|value| value.starts_with("application/json")) {
        return Err((415, "MediaTypeNotSupported"));
    }
    let entity = serde_json::from_slice(request.body());
    let entity: Map<String, Value> = entity.map_err(|_syntax| (400, "InvalidInput"))?;
    for (name, value) in &entity {
        let is_right = match entity
            .get(&format!("{name}@odata.type"))
            .and_then(Value::as_str)
        {
            Some("Edm.Int64") => value
                .as_str()
                .is_some_and(|text| text.parse::<i64>().is_ok()),
            Some(_) => return Err((400, "InvalidInput")),
            None => match value {
                Value::String(text) => text.encode_utf16().count() <= MAX_STRING_CHARACTERS,
                Value::Bool(_) => true,
                Value::Number(number) => number
                    .as_i64()
                    .is_some_and(|number| i32::try_from(number).is_ok()),
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            },
        };
        if !is_right {
            return Err((400, "InvalidInput"));
        }
    }
    Ok(entity)
}

fn query(request: &Request<Bytes>) -> Result<Operation, Problem> {
    let query = form(request.uri().query().unwrap_or_default());
    let filter = query.get("$filter").map_or("", String::as_str);
    let filter = Filter::parse(filter).ok_or((400, "InvalidInput"))?;
    let from = query.get("NextPartitionKey").map(|partition| {
        let row = query.get("NextRowKey").cloned().unwrap_or_default();
        (partition.clone(), row)
    });
    Ok(Operation::Query { filter, from })
}
