use tracing::level_filters::LevelFilter;

use super::*;

fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| {
        let found = pairs.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

fn read_common(pairs: &[(&str, &str)]) -> Result<CommonSettings, SettingsError> {
    let lookup = with(pairs);
    let mut reader = Reader::new(&lookup);
    let settings = CommonSettings::read(&mut reader);
    reader.finish(|| settings)
}

#[test]
fn every_problem_is_reported_at_once() {
    let error = read_common(&[
        ("TENANT_NAME", ""),
        ("LOG_LEVEL", "loud"),
        ("INCLUDE_TYPES", "g*d"),
        ("EXCLUDE_CATEGORIES", "logins"),
        ("REDACT", "ip=hmac"),
        ("REDACT_KEY_SECRET_ARN", "arn:aws:secretsmanager:x"),
    ])
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "6 settings are wrong:
  TENANT_NAME: required, not set
  LOG_LEVEL: cannot read `loud` (want off, error, warn, info, debug or trace)
  INCLUDE_TYPES: cannot read `g*d` (want a type code, or its beginning and `*`)
  EXCLUDE_CATEGORIES: cannot read `logins` (want one of Auth0's category names)
  REDACT_KEY_SECRET_ARN: cannot be read here (Secrets Manager is read by the AWS functions)
  REDACT: hmac needs REDACT_KEY"
    );
}

#[test]
fn a_list_that_names_nothing_is_no_list() {
    let names = ["EXCLUDE_TYPES", "INCLUDE_CATEGORIES", "REDACT"];
    let mut pairs = vec![("TENANT_NAME", "acme")];
    pairs.extend(names.map(|name| (name, " ,")));
    let problems = names
        .map(|name| format!("\n  {name}: names nothing"))
        .concat();
    let error = read_common(&pairs).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("3 settings are wrong:{problems}")
    );
}

#[test]
fn every_entry_of_a_list_is_looked_at() {
    let error = read_common(&[
        ("TENANT_NAME", "acme"),
        ("INCLUDE_TYPES", "a*b,s,c*d"),
        ("EXCLUDE_CATEGORIES", "nope,bad"),
        ("REDACT", "foo,x=hmac,y=hmac,x=mask,bar=baz"),
    ]);
    let want = "want a dotted path, `=` and drop, mask or hmac; a backslash escapes a dot, comma, equals sign";
    assert_eq!(
        error.unwrap_err().to_string(),
        format!(
            "3 settings are wrong:
  INCLUDE_TYPES: cannot read `a*b` (want a type code, or its beginning and `*`)
  INCLUDE_TYPES: cannot read `c*d` (want a type code, or its beginning and `*`)
  EXCLUDE_CATEGORIES: cannot read `nope` (want one of Auth0's category names)
  EXCLUDE_CATEGORIES: cannot read `bad` (want one of Auth0's category names)
  REDACT: cannot read `foo` ({want})
  REDACT: names `x` twice
  REDACT: cannot read `bar=baz` ({want})
  REDACT: hmac needs REDACT_KEY"
        )
    );
}

#[test]
fn what_is_not_utf_8_is_not_taken_for_missing() {
    let broken = String::from_utf8_lossy(b"user_name=mask\xff");
    let error = read_common(&[("TENANT_NAME", &broken), ("REDACT", &broken)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 settings are wrong:\n  TENANT_NAME: is not UTF-8\n  REDACT: is not UTF-8"
    );
    // Nor where two parts read it.
    let pairs = [("TENANT_NAME", &*broken)];
    let lookup = with(&pairs);
    let mut reader = Reader::new(&lookup);
    for _ in 0..2 {
        assert_eq!(reader.required("TENANT_NAME"), None);
    }
    let error = reader.finish(|| Some(())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 setting is wrong:\n  TENANT_NAME: is not UTF-8"
    );
}

#[test]
fn one_problem_is_named_in_the_singular() {
    let error = read_common(&[("TENANT_NAME", "a/b")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 setting is wrong:
  TENANT_NAME: cannot read `a/b` (want 1 to 63 letters, digits, `-`, `_` or `.`)"
    );
}

#[test]
fn what_is_not_set_has_its_default() {
    let settings = read_common(&[("TENANT_NAME", "acme")]).unwrap();
    assert_eq!(settings.log_level, LevelFilter::INFO);
    assert!(settings.filter.passes(Some("s")));
    assert!(settings.redaction.is_empty());
}

#[test]
fn a_secret_is_never_printed() {
    let pairs = [
        ("TENANT_NAME", "acme"),
        ("REDACT", "ip=hmac"),
        ("REDACT_KEY", "s3cret"),
    ];
    let settings = read_common(&pairs).unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"));
}

fn read_key(
    pairs: &[(&str, &str)],
    stored: Result<Vec<Secret>, String>,
) -> Result<Option<SecretSetting>, SettingsError> {
    let lookup = with(pairs);
    let mut secrets = StoredSecrets::default();
    secrets.note("REDACT_KEY_SECRET_ARN".to_owned(), stored);
    let mut reader = Reader::with_secrets(&lookup, &secrets);
    let key = reader.secret_setting("REDACT_KEY");
    reader.finish(|| Some(key))
}

fn check_key(pairs: &[(&str, &str)], stored: Result<Vec<Secret>, String>, expected: &str) {
    let error = read_key(pairs, stored).unwrap_err();
    let expected = format!("1 setting is wrong:\n  {expected}");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_secret_is_given_by_its_value_or_by_its_reference() {
    let versions = || Ok(vec![Secret::new("new"), Secret::new("old")]);
    let key = read_key(&[("REDACT_KEY", "s3cret")], versions()).unwrap();
    assert!(matches!(key, Some(SecretSetting::Value(secret)) if secret.expose() == "s3cret"));
    let key = read_key(&[("REDACT_KEY_SECRET_ARN", "arn:x")], versions()).unwrap();
    let Some(SecretSetting::Stored {
        reference,
        versions,
    }) = key
    else {
        panic!("not stored: {key:?}");
    };
    assert_eq!(reference, "arn:x");
    assert_eq!(versions, [Secret::new("new"), Secret::new("old")]);
    assert!(read_key(&[], Ok(versions)).unwrap().is_none());
}

#[test]
fn the_newest_version_is_the_value() {
    let mut secrets = StoredSecrets::default();
    let versions = vec![Secret::new("new"), Secret::new("old")];
    secrets.note("REDACT_KEY_SECRET_ARN".to_owned(), Ok(versions));
    let pairs = [("REDACT_KEY_SECRET_ARN", "arn:x")];
    let lookup = with(&pairs);
    let mut reader = Reader::with_secrets(&lookup, &secrets);
    assert_eq!(reader.secret("REDACT_KEY"), Some(Secret::new("new")));
}

#[test]
fn a_secret_that_cannot_be_read_is_a_problem_of_the_setting_that_names_it() {
    check_key(
        &[("REDACT_KEY_SECRET_ARN", "arn:x")],
        Err("secret `arn:x` answered AccessDeniedException".to_owned()),
        "REDACT_KEY_SECRET_ARN: secret `arn:x` answered AccessDeniedException",
    );
}

#[test]
fn a_secret_is_given_once_and_only_from_a_store_that_is_read_here() {
    let versions = || Ok(vec![Secret::new("new")]);
    check_key(
        &[("REDACT_KEY", "k3y"), ("REDACT_KEY_SECRET_ARN", "arn:x")],
        versions(),
        "REDACT_KEY_SECRET_ARN: REDACT_KEY is set too (want one)",
    );
    check_key(
        &[("REDACT_KEY_SECRET_URI", "https://vault.example.com/x")],
        versions(),
        "REDACT_KEY_SECRET_URI: cannot be read here (Key Vault is read by the Azure functions)",
    );
}

#[test]
fn what_of_a_wrong_url_may_be_a_secret_is_not_shown() {
    let check = |value: &str, shown: &str| {
        let pairs = [("ENDPOINT", value)];
        let lookup = with(&pairs);
        let mut reader = Reader::new(&lookup);
        let nothing = reader.parsed("ENDPOINT", "a URL", |_| None::<()>);
        let problems = reader.finish(|| nothing).unwrap_err().to_string();
        let expected =
            format!("1 setting is wrong:\n  ENDPOINT: cannot read `{shown}` (want a URL)");
        assert_eq!(problems, expected);
    };
    check("ftp://host.example.com/a", "ftp://host.example.com/a");
    check(
        "https://user:p4ss@host.example.com/a",
        "[secret]@host.example.com/a",
    );
    check(
        "https:/user:p@ss?x#y@host.example.com",
        "[secret]@host.example.com",
    );
    check(
        "https://host.example.com/a?sig=p4ss#x",
        "https://host.example.com/a?[secret]",
    );
    check("user:p4ss@", "[secret]@");
    check("acme@2", "[secret]@2");
}
