use std::collections::VecDeque;

use tokio::time::{sleep, timeout};

use super::*;
use crate::secrets::References;

/// A store that answers what the test says, one answer a reading, each after some time; then it is out of reach.
#[derive(Default)]
struct TestStore {
    answers: Mutex<VecDeque<Vec<&'static str>>>,
    readings: Mutex<usize>,
    takes: Mutex<Duration>,
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
        let takes = *self.takes.lock().unwrap();
        sleep(takes).await;
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
        answers: Mutex::new(answers.into()),
        ..TestStore::default()
    };
    let first = FixedTokens::parse(&Secret::new(FIRST)).unwrap();
    StoredTokens::new(store, "arn:x", first)
}

/// Lets time pass by the clock of the wall.
fn after(tokens: &StoredTokens<TestStore>, time: Duration) {
    let mut known = lock(&tokens.known);
    known.read_at -= time;
    known.asked_at -= time;
}

/// Lets the reading end that is under way.
async fn read(tokens: &StoredTokens<TestStore>) {
    let end = lock(&tokens.known).reading.as_ref().map(CallBeside::end);
    end.unwrap().await;
}

fn takes(tokens: &StoredTokens<TestStore>, time: Duration) {
    *tokens.store.takes.lock().unwrap() = time;
}

async fn is_live(tokens: &StoredTokens<TestStore>, token: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    tokens.is_live(token.as_bytes(), until).await
}

/// Whether a token is known, told before anything else can happen.
async fn is_live_at_once(tokens: &StoredTokens<TestStore>, token: &str) -> bool {
    let told = timeout(Duration::ZERO, is_live(tokens, token)).await;
    told.expect("it waits")
}

fn readings(tokens: &StoredTokens<TestStore>) -> usize {
    *tokens.store.readings.lock().unwrap()
}

const FIRST: &str = "first-token-of-the-store";
const SECOND: &str = "second-token-of-the-store";
const THIRD: &str = "third-token-of-the-store";
const WRONG: &str = "a-token-of-a-stranger";

#[tokio::test(start_paused = true)]
async fn a_known_token_asks_nobody_for_five_minutes() {
    let tokens = stored([]);
    assert!(is_live(&tokens, FIRST).await);
    after(&tokens, Duration::from_secs(299));
    assert!(is_live(&tokens, &format!("Bearer {FIRST}")).await);
    assert_eq!(readings(&tokens), 0);
}

#[tokio::test(start_paused = true)]
async fn after_one_rotation_both_versions_are_live_and_after_two_the_first_is_revoked() {
    let tokens = stored([vec![SECOND, FIRST], vec![THIRD, SECOND]]);
    after(&tokens, READ_EVERY);
    assert!(is_live(&tokens, FIRST).await);
    assert!(is_live(&tokens, SECOND).await);
    after(&tokens, READ_EVERY);
    assert!(is_live(&tokens, SECOND).await);
    read(&tokens).await;
    assert!(is_live(&tokens, THIRD).await);
    assert!(!is_live(&tokens, FIRST).await);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_passes_until_a_reading_has_ended_that_began_after_its_end() {
    let tokens = stored([vec![THIRD, SECOND]]);
    takes(&tokens, Duration::from_secs(2));
    after(&tokens, READ_EVERY);
    assert!(is_live_at_once(&tokens, FIRST).await, "it begins a reading");
    assert!(is_live_at_once(&tokens, FIRST).await, "which is under way");
    read(&tokens).await;
    takes(&tokens, Duration::ZERO);
    assert!(!is_live(&tokens, FIRST).await);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_token_is_looked_up_at_once_but_not_again_and_again() {
    let rotated = || vec![SECOND, FIRST];
    let tokens = stored([vec![FIRST], rotated(), rotated(), rotated()]);
    assert!(!is_live(&tokens, WRONG).await);
    assert!(is_live(&tokens, SECOND).await, "after a wrong one");
    assert_eq!(readings(&tokens), 2);
    for _ in 0..100 {
        assert!(!is_live(&tokens, WRONG).await);
    }
    assert_eq!(readings(&tokens), 3);
    after(&tokens, READ_AGAIN_AFTER);
    assert!(!is_live(&tokens, WRONG).await);
    assert_eq!(readings(&tokens), 4);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_rotates_right_after_the_start_is_live_at_once() {
    let tokens = stored([vec![SECOND, FIRST]]);
    assert!(is_live(&tokens, SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_rotates_while_the_versions_are_read_for_another_one_is_looked_up_again() {
    let tokens = stored([vec![FIRST], vec![SECOND, FIRST]]);
    takes(&tokens, Duration::from_secs(1));
    let second = async {
        sleep(Duration::from_millis(500)).await;
        is_live(&tokens, SECOND).await
    };
    let (wrong, second) = tokio::join!(is_live(&tokens, WRONG), second);
    assert_eq!((wrong, second, readings(&tokens)), (false, true, 2));
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_out_of_reach_known_tokens_stay_live_and_unknown_ones_are_refused() {
    let tokens = stored([]);
    after(&tokens, READ_EVERY);
    assert!(is_live(&tokens, FIRST).await);
    read(&tokens).await;
    assert!(!is_live(&tokens, SECOND).await);
    assert_eq!(readings(&tokens), 1);
    after(&tokens, READ_AGAIN_AFTER);
    assert!(is_live(&tokens, FIRST).await);
    read(&tokens).await;
    assert_eq!(readings(&tokens), 2);
}

#[tokio::test(start_paused = true)]
async fn a_known_token_waits_neither_for_a_store_that_hangs_nor_for_a_stranger() {
    let tokens = stored([]);
    takes(&tokens, Duration::from_hours(1));
    after(&tokens, READ_EVERY);
    assert!(is_live_at_once(&tokens, FIRST).await);
    let known = async {
        for _ in 0..10 {
            assert!(is_live_at_once(&tokens, FIRST).await);
            sleep(Duration::from_secs(1)).await;
        }
    };
    let (wrong, ()) = tokio::join!(is_live(&tokens, WRONG), known);
    assert_eq!((wrong, readings(&tokens)), (false, 1));
}

#[tokio::test(start_paused = true)]
async fn who_looks_up_an_unknown_token_waits_no_longer_than_there_is_time_and_counts_as_having_asked()
 {
    let tokens = stored([]);
    takes(&tokens, Duration::from_hours(1));
    let began = Instant::now();
    let until = began + Duration::from_secs(2);
    assert!(!tokens.is_live(WRONG.as_bytes(), until).await);
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    let cut_off = timeout(Duration::from_secs(1), is_live(&tokens, WRONG)).await;
    assert!(cut_off.is_err());
    read(&tokens).await;
    for _ in 0..10 {
        assert!(!is_live(&tokens, WRONG).await);
    }
    assert_eq!(
        readings(&tokens),
        1,
        "the store is left alone for ten seconds"
    );
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_was_frozen_beyond_its_time_counts_as_failed_and_another_one_begins() {
    let tokens = stored([vec![SECOND, FIRST]]);
    takes(&tokens, Duration::from_hours(1));
    after(&tokens, READ_EVERY);
    assert!(is_live_at_once(&tokens, FIRST).await);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(readings(&tokens), 1);
    // The function sleeps for an hour, and its own clock with it.
    let frozen = Duration::from_hours(1);
    lock(&tokens.known).reading.as_mut().unwrap().freeze(frozen);
    after(&tokens, frozen);
    takes(&tokens, Duration::ZERO);
    assert!(is_live_at_once(&tokens, FIRST).await);
    read(&tokens).await;
    assert!(is_live(&tokens, SECOND).await);
    assert_eq!(readings(&tokens), 2);
}

#[tokio::test(start_paused = true)]
async fn a_secret_without_a_token_closes_nothing_and_opens_nothing() {
    let tokens = stored([vec!["", " Bearer "]]);
    after(&tokens, READ_EVERY);
    assert!(!is_live(&tokens, "").await);
    assert!(!is_live(&tokens, "Bearer").await);
    assert!(is_live(&tokens, FIRST).await);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_short_opens_nothing() {
    let tokens = stored([vec!["fifteen-letters", SECOND]]);
    assert!(is_live(&tokens, SECOND).await);
    assert!(!is_live(&tokens, "fifteen-letters").await);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_only_makes_us_ask() {
    let tokens = stored([vec![SECOND]]);
    {
        let mut known = lock(&tokens.known);
        known.read_at += READ_EVERY;
        known.asked_at += READ_EVERY;
    }
    assert!(is_live(&tokens, FIRST).await);
    read(&tokens).await;
    assert!(!is_live(&tokens, FIRST).await);
    assert!(is_live(&tokens, SECOND).await);
}
