use std::collections::VecDeque;
use std::sync::Mutex as StdMutex;

use super::*;
use crate::secrets::{References, StoredSecrets};

/// A store that answers what the test says, one answer a reading; then it is out of reach.
#[derive(Default)]
struct TestStore {
    answers: StdMutex<VecDeque<Vec<&'static str>>>,
    readings: StdMutex<usize>,
}

impl SecretStore for TestStore {
    const REFERENCES: References = References {
        suffix: "ARN",
        want: "an ARN",
        is_reference: |text| text.starts_with("arn:"),
    };

    async fn current(&self, reference: &str) -> Result<Secret, PortError> {
        let mut versions = self.live_versions(reference).await?;
        Ok(versions.swap_remove(0))
    }

    async fn live_versions(&self, reference: &str) -> Result<Vec<Secret>, PortError> {
        assert_eq!(reference, "arn:x");
        *self.readings.lock().unwrap() += 1;
        let answer = self.answers.lock().unwrap().pop_front();
        let versions = answer.ok_or_else(|| PortError {
            step: "read secret `arn:x`".to_owned(),
            source: "out of reach".into(),
        })?;
        Ok(versions.into_iter().map(Secret::new).collect())
    }
}

/// Tokens of which `first` is known, before a store with these answers.
fn stored<const N: usize>(answers: [Vec<&'static str>; N]) -> StoredTokens<TestStore> {
    let store = TestStore {
        answers: StdMutex::new(answers.into()),
        ..TestStore::default()
    };
    let first = FixedTokens::of_versions(&[Secret::new("first")]).unwrap();
    StoredTokens::new(store, "arn:x".to_owned(), first)
}

/// Lets time pass.
async fn after(tokens: &StoredTokens<TestStore>, time: Duration) {
    let mut known = tokens.known.lock().await;
    known.read_at -= time;
    known.asked_at -= time;
}

async fn is_live(tokens: &StoredTokens<TestStore>, token: &str) -> bool {
    tokens.is_live(token.as_bytes()).await.unwrap()
}

fn readings(tokens: &StoredTokens<TestStore>) -> usize {
    *tokens.store.readings.lock().unwrap()
}

#[tokio::test]
async fn a_known_token_asks_nobody_for_five_minutes() {
    let tokens = stored([]);
    assert!(is_live(&tokens, "first").await);
    after(&tokens, Duration::from_secs(299)).await;
    assert!(is_live(&tokens, "Bearer first").await);
    assert_eq!(readings(&tokens), 0);
}

#[tokio::test]
async fn after_one_rotation_both_versions_are_live_and_after_two_the_first_is_revoked() {
    let tokens = stored([vec!["second", "first"], vec!["third", "second"]]);
    after(&tokens, READ_EVERY).await;
    assert!(is_live(&tokens, "first").await);
    assert!(is_live(&tokens, "second").await);
    after(&tokens, READ_EVERY).await;
    assert!(!is_live(&tokens, "first").await);
    assert!(is_live(&tokens, "second").await);
    assert!(is_live(&tokens, "third").await);
    assert_eq!(readings(&tokens), 2);
}

#[tokio::test]
async fn an_unknown_token_is_looked_up_at_once_but_not_again_and_again() {
    let rotated = || vec!["second", "first"];
    let tokens = stored([vec!["first"], rotated(), rotated(), rotated()]);
    assert!(!is_live(&tokens, "wrong").await);
    assert!(is_live(&tokens, "second").await, "after a wrong one");
    assert_eq!(readings(&tokens), 2);
    for _ in 0..100 {
        assert!(!is_live(&tokens, "wrong").await);
    }
    assert_eq!(readings(&tokens), 3);
    after(&tokens, READ_AGAIN_AFTER).await;
    assert!(!is_live(&tokens, "wrong").await);
    assert_eq!(readings(&tokens), 4);
}

#[tokio::test]
async fn a_token_that_rotates_right_after_the_start_is_live_at_once() {
    let tokens = stored([vec!["second", "first"]]);
    assert!(is_live(&tokens, "second").await);
}

#[tokio::test]
async fn while_the_store_is_out_of_reach_known_tokens_stay_live_and_unknown_ones_are_refused() {
    let tokens = stored([]);
    after(&tokens, READ_EVERY).await;
    assert!(is_live(&tokens, "first").await);
    assert!(!is_live(&tokens, "second").await);
    assert_eq!(readings(&tokens), 1);
    after(&tokens, READ_AGAIN_AFTER).await;
    assert!(is_live(&tokens, "first").await);
    assert_eq!(readings(&tokens), 2);
}

#[tokio::test]
async fn a_secret_without_a_token_closes_nothing_and_opens_nothing() {
    let tokens = stored([vec!["", " Bearer "]]);
    after(&tokens, READ_EVERY).await;
    assert!(!is_live(&tokens, "").await);
    assert!(!is_live(&tokens, "Bearer").await);
    assert!(is_live(&tokens, "first").await);
}

#[tokio::test]
async fn a_clock_that_was_set_back_only_makes_us_ask() {
    let tokens = stored([vec!["second"]]);
    let mut known = tokens.known.lock().await;
    known.read_at += READ_EVERY;
    known.asked_at += READ_EVERY;
    drop(known);
    assert!(!is_live(&tokens, "first").await);
    assert!(is_live(&tokens, "second").await);
}

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
    let list = read(&[("WEBHOOK_TOKENS", "a,b")], &[]).unwrap();
    assert!(matches!(list, TokenSettings::Fixed(tokens) if tokens.has(b"a") && tokens.has(b"b")));
    let arn = [("WEBHOOK_TOKENS_SECRET_ARN", "arn:x")];
    let stored = read(&arn, &["Bearer a,b\n", "c"]).unwrap();
    let TokenSettings::Stored { reference, tokens } = stored else {
        panic!("not stored: {stored:?}");
    };
    assert_eq!(reference, "arn:x");
    assert!(tokens.has(b"a,b") && tokens.has(b"c") && !tokens.has(b"a"));
    assert!(!format!("{tokens:?}").contains("a,b"));
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
