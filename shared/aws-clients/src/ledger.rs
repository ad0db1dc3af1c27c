//! Which log events the sinks have: a DynamoDB table that every copy of a function shares.

mod row;
mod table;

#[cfg(test)]
pub(crate) mod tests;

use relay::settings::Reader;

pub use table::JournalTable;

/// Where the ledger is: a table by its name or ARN, or this process.
pub type LedgerSettings = relay::LedgerSettings<String>;

/// Reads `LEDGER_TABLE` and `LEDGER_DAYS`; `None` if the reader noted a problem.
pub fn read_ledger(reader: &mut Reader<'_>) -> Option<LedgerSettings> {
    let want = "the name or ARN of a DynamoDB table";
    LedgerSettings::read(reader, "LEDGER_TABLE", want, table_name)
}

/// A name or an ARN (`PutItem`, `TableName`); anything else would fail every claim.
pub(crate) fn table_name(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_name = (3..=255).contains(&text.len()) && text.bytes().all(is_allowed);
    let is_arn = text.starts_with("arn:")
        && text.len() <= 1_024
        && text.contains(":dynamodb:")
        && text
            .bytes()
            .all(|byte| is_allowed(byte) || b":/".contains(&byte));
    (is_name || is_arn).then(|| text.to_owned())
}
