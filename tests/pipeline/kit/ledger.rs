//! What a ledger's table says of a log event, read without the product's own reader.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fakes::aws::dynamodb::Contents;
use fakes::azure::tables::TableStorage;
use serde_json::{Map, Value};
use tenant_logs::{sha256, sha256_hex};

/// The log events that no row of the sink `http` says to be delivered; each bucket is read once.
pub(crate) fn undelivered<'i>(
    table: &Contents,
    log_ids: impl IntoIterator<Item = &'i String>,
) -> Vec<&'i String> {
    let text = |row: &Map<String, Value>, name: &str, of: &str| {
        let value = row.get(name)?[of].as_str();
        value.map(str::to_owned)
    };
    undelivered_at("http", log_ids, |bucket| {
        let rows = table.items(bucket);
        let rows = rows.iter();
        rows.map(|row| (text(row, "ids", "B"), text(row, "outcome", "S")))
            .collect()
    })
}

/// The same of the sink `log-analytics` in a table of Azure's.
pub(crate) fn undelivered_on_azure<'i>(
    table: &TableStorage,
    log_ids: impl IntoIterator<Item = &'i String>,
) -> Vec<&'i String> {
    let text = |row: &Map<String, Value>, name: &str| {
        let value = row.get(name)?.as_str();
        value.map(str::to_owned)
    };
    undelivered_at("log-analytics", log_ids, |bucket| {
        let rows = table.partition(&bucket.replace('@', "%40"));
        let rows = rows.iter();
        rows.map(|row| (text(row, "ids"), text(row, "outcome")))
            .collect()
    })
}

/// The log events that no row of a sink says to be delivered; `rows` has `ids` and `outcome` of each row of a bucket.
fn undelivered_at<'i>(
    sink: &str,
    log_ids: impl IntoIterator<Item = &'i String>,
    rows: impl Fn(&str) -> Vec<(Option<String>, Option<String>)>,
) -> Vec<&'i String> {
    let mut delivered: HashMap<String, HashSet<Vec<u8>>> = HashMap::new();
    let is_undelivered = |log_id: &&String| {
        let bucket = bucket_at(sink, log_id);
        let of_bucket = delivered.entry(bucket).or_insert_with_key(|bucket| {
            let rows = rows(bucket).into_iter();
            rows.flat_map(|(ids, outcome)| delivered_ids(ids.as_deref(), outcome.as_deref()))
                .collect()
        });
        !of_bucket.contains(&sha256(log_id.as_bytes())[..16])
    };
    log_ids.into_iter().filter(is_undelivered).collect()
}

/// What a row says to be delivered.
fn delivered_ids(ids: Option<&str>, outcome: Option<&str>) -> Vec<Vec<u8>> {
    let ids = BASE64.decode(ids.unwrap_or_default()).unwrap();
    let letters: Vec<char> = outcome.unwrap_or("-").chars().collect();
    let letter = |index: usize| letters.get(index).unwrap_or(&letters[0]);
    let ids = ids.chunks(16).enumerate();
    let ids = ids.filter(|(index, _)| *letter(*index) == 'd');
    ids.map(|(_, id)| id.to_vec()).collect()
}

/// The rows of the bucket that a log event has at the sink `http`.
pub(crate) fn rows_of(table: &Contents, log_id: &str) -> Vec<Map<String, Value>> {
    table.items(&bucket(log_id))
}

/// The letters that the rows of a log event have for it at the sink `http`, the youngest row last; `-` for a claim.
pub(crate) fn outcomes(table: &Contents, log_id: &str) -> String {
    let rows = table.items(&bucket(log_id));
    let letters = rows.iter().filter_map(|row| outcome(row, log_id));
    letters.collect()
}

/// The letter of a log event in a row; `None` where the row does not hold it.
pub(crate) fn outcome(row: &Map<String, Value>, log_id: &str) -> Option<char> {
    let ids = BASE64.decode(row.get("ids")?["B"].as_str()?).unwrap();
    let wanted = &sha256(log_id.as_bytes())[..16];
    let index = ids.chunks(16).position(|id| id == wanted)?;
    let Some(outcome) = row.get("outcome") else {
        return Some('-');
    };
    let letters = outcome["S"].as_str().unwrap();
    Some(match letters.len() {
        1 => letters.chars().next().unwrap(),
        _ => letters.chars().nth(index).unwrap(),
    })
}

/// The key of its rows at the sink `http`.
pub(crate) fn bucket(log_id: &str) -> String {
    bucket_at("http", log_id)
}

fn bucket_at(sink: &str, log_id: &str) -> String {
    let is_auth0s = log_id.len() > 17 && log_id.bytes().all(|byte| byte.is_ascii_digit());
    if is_auth0s {
        return format!("{sink}@{}", log_id.get(..16).unwrap());
    }
    format!("{sink}@{}", sha256_hex(log_id.as_bytes()))
}
