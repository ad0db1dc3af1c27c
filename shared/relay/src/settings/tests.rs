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
  REDACT_KEY_SECRET_ARN: cannot be read by this version (give the value as REDACT_KEY)
  REDACT: hmac needs REDACT_KEY"
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
