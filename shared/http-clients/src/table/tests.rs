use super::key::Key;
use super::*;
use crate::test_settings::read_settings;

#[test]
fn keys_are_encoded_and_numbers_have_ten_digits() {
    let key = Key::of_row("log-analytics@9002026112110000", 7);
    assert_eq!(key.partition, "log-analytics%409002026112110000");
    assert_eq!(key.row, "0000000007");
    assert_eq!(Key::of_row("http@a", u32::MAX).row, "4294967295");
    let table = endpoint("https://acme.table.core.windows.net/ledger").unwrap();
    assert_eq!(
        key.url(&table).as_str(),
        "https://acme.table.core.windows.net/ledger(PartitionKey='log-analytics%25409002026112110000',RowKey='0000000007')"
    );
}

#[test]
fn a_long_key_is_a_hash() {
    let longest = "x".repeat(512);
    assert_eq!(Key::of_checkpoint(&longest).row, longest);
    let over = "x".repeat(513);
    let hash = tenant_logs::sha256_hex(over.as_bytes());
    assert_eq!(Key::of_checkpoint(&over).row, hash);
}

#[test]
fn a_table_is_named_by_its_endpoint() {
    let read = |value: &str| {
        let settings = read_settings(&[("LEDGER_TABLE_ENDPOINT", value)], read_ledger);
        settings.map_err(|error| error.to_string())
    };
    assert!(read("https://acme.table.core.windows.net/ledger").is_ok());
    assert_eq!(
        read("ledger").unwrap_err(),
        "1 setting is wrong:\n  LEDGER_TABLE_ENDPOINT: cannot read `ledger` (want an https URL, or http on a loopback \
         address, without user, query and fragment)"
    );
}
