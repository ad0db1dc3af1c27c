use super::entity::Key;
use super::*;

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
fn a_table_is_named_by_its_endpoint() {
    let read = |value: &str| {
        let lookup = |name: &str| (name == "LEDGER_TABLE_ENDPOINT").then(|| value.to_owned());
        let mut reader = Reader::new(&lookup);
        let settings = read_ledger(&mut reader);
        let settings = reader.finish(|| settings);
        settings.map_err(|error| error.to_string())
    };
    assert!(read("https://acme.table.core.windows.net/ledger").is_ok());
    assert_eq!(
        read("ledger").unwrap_err(),
        "1 setting is wrong:\n  LEDGER_TABLE_ENDPOINT: cannot read `ledger` (want an https URL, or http on a loopback \
         address, without user, query and fragment)"
    );
}
