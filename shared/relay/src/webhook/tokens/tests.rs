use tenant_logs::Secret;

use super::*;
use crate::secrets::StoredSecrets;

fn read(pairs: &[(&str, &str)], versions: &[&str]) -> Result<TokenSettings, String> {
    let mut secrets = StoredSecrets::default();
    let versions = versions.iter().copied().map(Secret::new).collect();
    secrets.note("WEBHOOK_TOKENS_SECRET_ARN".to_owned(), Ok(versions));
    let lookup = |name: &str| {
        let found = pairs.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let mut reader = Reader::with_secrets(&lookup, &secrets);
    let settings = TokenSettings::read(&mut reader);
    reader
        .finish(|| settings)
        .map_err(|error| error.to_string())
}

#[test]
fn each_version_of_a_secret_is_one_token_and_a_value_is_a_list() {
    let list = read(
        &[("WEBHOOK_TOKENS", "sixteen-letters1,sixteen-letters2")],
        &[],
    )
    .unwrap();
    let TokenSettings::Fixed(tokens) = list else {
        panic!("not fixed: {list:?}");
    };
    assert!(tokens.has(b"sixteen-letters1") && tokens.has(b"sixteen-letters2"));
    let arn = [("WEBHOOK_TOKENS_SECRET_ARN", "arn:x")];
    let (one, other) = ("one-token,with-a-comma", "another-long-token");
    let stored = read(&arn, &[&format!("Bearer {one}\n"), other, "short"]).unwrap();
    let TokenSettings::Stored {
        reference,
        tokens,
        left_out,
    } = stored
    else {
        panic!("not stored: {stored:?}");
    };
    assert_eq!((reference.as_str(), left_out.count), ("arn:x", 1));
    assert!(!left_out.has_json);
    let opens = |token: &str| tokens.has(token.as_bytes());
    assert!(opens(one) && opens(other) && !opens("one-token") && !opens("short"));
    assert!(!format!("{tokens:?}").contains("one-token"));
}

#[test]
fn a_json_object_of_several_members_is_one_token_that_is_named_and_is_not_split() {
    let console = r#" {"a":"0123456789abcdef0123","b":"x"} "#;
    let read = read(&[("WEBHOOK_TOKENS", console)], &[]).unwrap();
    let TokenSettings::Fixed(tokens) = read else {
        panic!("not fixed: {read:?}");
    };
    assert!(tokens.has_json() && tokens.has(console.as_bytes()));
    assert!(!tokens.has(br#"{"a":"0123456789abcdef0123""#));
}

#[test]
fn a_json_object_is_named_as_such_however_short_it_is() {
    let named = "1 setting is wrong:\n  WEBHOOK_TOKENS: is a JSON object, as a console writes keys and values \
        (want the token alone, as plain text)";
    let arn = [("WEBHOOK_TOKENS_SECRET_ARN", "arn:x")];
    let (short, long) = (r#" {"k":"secret"} "#, "another-long-token");
    for console in [short, r#"{"key":"value"}"#, "{}"] {
        assert_eq!(
            read(&[("WEBHOOK_TOKENS", console)], &[]).unwrap_err(),
            named
        );
        let list = format!("{long},{console}");
        assert_eq!(read(&[("WEBHOOK_TOKENS", &list)], &[]).unwrap_err(), named);
        assert_eq!(read(&arn, &[console, long]).unwrap_err(), named);
    }
    let TokenSettings::Stored { left_out, .. } = read(&arn, &[long, short]).unwrap() else {
        panic!("not stored");
    };
    assert!(left_out.has_json && left_out.count == 1);
}

#[test]
fn settings_without_a_token_are_refused() {
    let nothing = "1 setting is wrong:\n  WEBHOOK_TOKENS: names no token (want one or more)";
    assert_eq!(
        read(&[("WEBHOOK_TOKENS", " , ")], &[]).unwrap_err(),
        nothing
    );
    let arn = [("WEBHOOK_TOKENS_SECRET_ARN", "arn:x")];
    assert_eq!(read(&arn, &[" "]).unwrap_err(), nothing);
    let missing = "1 setting is wrong:\n  WEBHOOK_TOKENS: required, not set";
    assert_eq!(read(&[], &[]).unwrap_err(), missing);
}

#[test]
fn a_current_token_under_sixteen_characters_is_a_settings_error() {
    let short = "1 setting is wrong:\n  WEBHOOK_TOKENS: holds a token of fewer than 16 characters";
    let (fifteen, sixteen) = ("fifteen-letters", "sixteen-letters1");
    let check = |list: &str| read(&[("WEBHOOK_TOKENS", list)], &[]).unwrap_err();
    assert_eq!(check(fifteen), short);
    assert_eq!(check(&format!("{sixteen}, Bearer {fifteen}")), short);
    let arn = [("WEBHOOK_TOKENS_SECRET_ARN", "arn:x")];
    let check = |versions: &[&str]| read(&arn, versions).unwrap_err();
    assert_eq!(check(&[fifteen, sixteen]), short);
    assert_eq!(check(&["", sixteen]), short);
    // Fifteen letters of more bytes.
    assert_eq!(check(&["żółćżółćżółćżół"]), short);
}
