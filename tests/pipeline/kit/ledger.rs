//! What a ledger's table says of a log event, read without the product's own reader.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fakes::aws::dynamodb::Contents;
use serde_json::{Map, Value};
use tenant_logs::{sha256, sha256_hex};

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
    let place = ids.chunks(16).position(|id| id == wanted)?;
    let Some(outcome) = row.get("outcome") else {
        return Some('-');
    };
    let letters = outcome["S"].as_str().unwrap();
    Some(match letters.len() {
        1 => letters.chars().next().unwrap(),
        _ => letters.chars().nth(place).unwrap(),
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
