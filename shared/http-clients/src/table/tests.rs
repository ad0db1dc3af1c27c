use super::entity::Key;
use super::*;

fn read(values: &[(&str, &str)]) -> Result<LedgerSettings, String> {
    let lookup = |name: &str| {
        let found = values.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let mut reader = Reader::new(&lookup);
    let settings = LedgerSettings::read(&mut reader);
    reader
        .finish(|| settings)
        .map_err(|error| error.to_string())
}

#[test]
fn keys_are_encoded_and_a_long_one_is_a_hash() {
    let key = Key::new("log-analytics", "900202611210000123456789");
    assert_eq!(key.partition, "log-analytics-90020261121");
    assert_eq!(key.row, "900202611210000123456789");

    let key = Key::new("http", "a/b#c?d\\é%");
    assert_eq!(key.partition, "http-a%2Fb%23c%3Fd%5C%C3%A9%25");
    assert_eq!(key.row, "a%2Fb%23c%3Fd%5C%C3%A9%25");
    let table = endpoint("https://acme.table.core.windows.net/ledger").unwrap();
    assert_eq!(
        key.url(&table).as_str(),
        "https://acme.table.core.windows.net/ledger(PartitionKey='http-a%252Fb%2523c%253Fd%255C%25C3%25A9%2525',\
         RowKey='a%252Fb%2523c%253Fd%255C%25C3%25A9%2525')"
    );

    let longest = "x".repeat(512);
    assert_eq!(Key::new("http", &longest).row, longest);
    let over = "x".repeat(513);
    assert_eq!(
        Key::new("http", &over).row,
        tenant_logs::sha256_hex(over.as_bytes())
    );
}

#[test]
fn without_a_table_the_ledger_is_in_memory() {
    assert!(read(&[]).unwrap().is_in_memory());
    let endpoint = "https://acme.table.core.windows.net/ledger";
    let named = [("LEDGER_TABLE_ENDPOINT", endpoint), ("LEDGER_DAYS", "7")];
    assert!(!read(&named).unwrap().is_in_memory());
}

#[test]
fn settings_that_cannot_be_right_are_named() {
    assert_eq!(
        read(&[("LEDGER_DAYS", "35")]).unwrap_err(),
        "1 setting is wrong:\n  LEDGER_DAYS: needs LEDGER_TABLE_ENDPOINT"
    );
    let wrong = [("LEDGER_TABLE_ENDPOINT", "ledger"), ("LEDGER_DAYS", "0")];
    assert_eq!(
        read(&wrong).unwrap_err(),
        "2 settings are wrong:\n  LEDGER_DAYS: cannot read `0` (want a whole number of days, 1 to 3650)\n  \
         LEDGER_TABLE_ENDPOINT: cannot read `ledger` (want an https URL, or http on a loopback address, without user, \
         query and fragment)"
    );
}
