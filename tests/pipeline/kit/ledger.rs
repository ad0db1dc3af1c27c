//! What a ledger's table says of a log event, read without the product's own reader.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fakes::aws::dynamodb::Contents;
use serde_json::{Map, Value};
use tenant_logs::{sha256, sha256_hex};

/// The log events that no row of the sink `http` says to be delivered; each bucket is read once.
pub(crate) fn undelivered<'i>(
    table: &Contents,
    log_ids: impl IntoIterator<Item = &'i String>,
) -> Vec<&'i String> {
    let mut delivered: HashMap<String, HashSet<Vec<u8>>> = HashMap::new();
    let is_undelivered = |log_id: &&String| {
        let bucket = bucket(log_id);
        let of_bucket = delivered.entry(bucket).or_insert_with_key(|bucket| {
            let rows = table.items(bucket);
            rows.iter().flat_map(delivered_ids).collect()
        });
        !of_bucket.contains(&sha256(log_id.as_bytes())[..16])
    };
    log_ids.into_iter().filter(is_undelivered).collect()
}

/// What a row says to be delivered.
fn delivered_ids(row: &Map<String, Value>) -> Vec<Vec<u8>> {
    let ids = row.get("ids").map_or("", |ids| ids["B"].as_str().unwrap());
    let ids = BASE64.decode(ids).unwrap();
    let letters = row
        .get("outcome")
        .map_or("-", |outcome| outcome["S"].as_str().unwrap());
    let letters: Vec<char> = letters.chars().collect();
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
    let is_auth0s = log_id.len() > 17 && log_id.bytes().all(|byte| byte.is_ascii_digit());
    if is_auth0s {
        return format!("http@{}", log_id.get(..16).unwrap());
    }
    format!("http@{}", sha256_hex(log_id.as_bytes()))
}
