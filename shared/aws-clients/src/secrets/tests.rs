//! Against an endpoint that says what the test wants, and against moto's server.

use std::sync::atomic::{AtomicUsize, Ordering};

use relay::settings::environment;
use relay::{StoredSecrets, WantedSecret, chain};
use serde_json::json;

use super::*;
use crate::test_endpoint::{Answer, Call, TestEndpoint, connection};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tokens-AbCdEf";

const CURRENT: WantedSecret = WantedSecret::current("REDACT_KEY");

fn refuse(code: &str) -> Answer {
    Answer::Json(
        400,
        json!({"__type": code, "Message": "first-webhook-token"}),
    )
}

/// Returns the current version, and the previous one if there is one.
fn versions(call: &Call, current: &str, previous: Option<&str>) -> Answer {
    assert_eq!(call.operation, "secretsmanager.GetSecretValue");
    assert_eq!(call.body["SecretId"], ARN);
    let value = match call.body["VersionStage"].as_str() {
        Some("AWSCURRENT") => Some(current),
        Some("AWSPREVIOUS") => previous,
        _ => None,
    };
    match value {
        Some(value) => Answer::Json(200, json!({"SecretString": value})),
        None => refuse("ResourceNotFoundException"),
    }
}

async fn live(
    answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
) -> (Result<Vec<String>, String>, usize) {
    let endpoint = TestEndpoint::start(answer).await;
    let manager = SecretsManager::new(&endpoint.connection());
    (read(&manager, ARN).await, endpoint.calls().len())
}

async fn read(manager: &SecretsManager, arn: &str) -> Result<Vec<String>, String> {
    match manager.live_versions(arn).await {
        Ok(versions) => Ok(versions.iter().map(|v| v.expose().to_owned()).collect()),
        Err(error) => Err(chain(&error).to_string()),
    }
}

#[tokio::test]
async fn the_current_and_the_previous_version_are_live() {
    let (versions, _) = live(|call| versions(call, "second", Some("first"))).await;
    assert_eq!(versions.unwrap(), ["second", "first"]);
}

#[tokio::test]
async fn a_secret_that_never_changed_has_one_version() {
    let (versions, _) = live(|call| versions(call, "first", None)).await;
    assert_eq!(versions.unwrap(), ["first"]);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_named_and_never_shown() {
    let check = async |code: &'static str, expected: &str| {
        let (versions, _) = live(move |_| refuse(code)).await;
        let expected = format!("cannot read `{ARN}`: secret `{ARN}` answered {expected}");
        assert_eq!(versions.unwrap_err(), expected);
    };
    let hint = "check its name, its region, permissions and credentials";
    let code = "ResourceNotFoundException";
    check(code, &format!("{code}: {hint}")).await;
    let code = "AccessDeniedException";
    check(code, &format!("{code}: {hint}")).await;
    check("DecryptionFailure", "DecryptionFailure").await;
    let (bytes, _) = live(|_| Answer::Json(200, json!({"SecretBinary": "AAAA"}))).await;
    let expected = format!("cannot read `{ARN}`: it holds no string");
    assert_eq!(bytes.unwrap_err(), expected);
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_three_times_at_most() {
    let faults = AtomicUsize::new(0);
    let (read, calls) = live(move |call| match faults.fetch_add(1, Ordering::Relaxed) {
        0 => refuse("ThrottlingException"),
        1 => Answer::Json(500, json!({"__type": "InternalServiceError"})),
        _ => versions(call, "second", Some("first")),
    })
    .await;
    assert_eq!((read.unwrap().len(), calls), (2, 4));
    let (read, calls) = live(|_| refuse("ThrottlingException")).await;
    assert!(read.unwrap_err().ends_with("answered ThrottlingException"));
    assert_eq!(calls, 6);
}

async fn noted(
    endpoint: &TestEndpoint,
    values: &[(&str, &str)],
    wanted: WantedSecret,
) -> Result<Option<Secret>, String> {
    let mut values = values.to_vec();
    values.push(("AWS_ENDPOINT_URL", &endpoint.url));
    let usual = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example-secret"),
    ];
    let lookup = |name: &str| {
        let mut all = values.iter().chain(&usual);
        let found = all.find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let secrets = StoredSecrets::read(&lookup, &[wanted], SecretsManager::read).await;
    let mut reader = Reader::with_secrets(&lookup, &secrets);
    let key = reader.secret("REDACT_KEY");
    let read = reader.finish(|| Some(key));
    read.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_setting_gets_what_its_arn_names_and_only_the_versions_it_wants() {
    let endpoint = TestEndpoint::start(|call| versions(call, "k3y", Some("old"))).await;
    let arn = [("REDACT_KEY_SECRET_ARN", ARN)];
    let current = noted(&endpoint, &arn, CURRENT).await;
    assert_eq!(current.unwrap(), Some(Secret::new("k3y")));
    assert_eq!(endpoint.calls().len(), 1);
    let live = noted(&endpoint, &arn, WantedSecret::live("REDACT_KEY")).await;
    assert_eq!(live.unwrap(), Some(Secret::new("k3y")));
    assert_eq!(endpoint.calls().len(), 3);
}

#[tokio::test]
async fn nobody_is_asked_where_no_setting_names_a_secret() {
    let endpoint = TestEndpoint::start(|_| refuse("AccessDeniedException")).await;
    let plain = [("REDACT_KEY", "k3y")];
    let key = noted(&endpoint, &plain, CURRENT).await;
    assert_eq!(key.unwrap(), Some(Secret::new("k3y")));
    assert_eq!(endpoint.calls().len(), 0);
}

#[tokio::test]
async fn what_is_no_arn_is_refused_without_being_shown_or_sent() {
    let endpoint = TestEndpoint::start(|_| refuse("AccessDeniedException")).await;
    let pasted = [("REDACT_KEY_SECRET_ARN", "k3y")];
    let problem = noted(&endpoint, &pasted, CURRENT).await;
    assert_eq!(
        problem.unwrap_err(),
        "1 setting is wrong:\n  REDACT_KEY_SECRET_ARN: want the ARN of a secret in Secrets Manager"
    );
    assert_eq!(endpoint.calls().len(), 0);
}

#[tokio::test]
async fn an_unreadable_secret_is_one_problem_among_all() {
    let endpoint = TestEndpoint::start(|_| refuse("AccessDeniedException")).await;
    let arn = [("REDACT_KEY_SECRET_ARN", ARN)];
    let problem = noted(&endpoint, &arn, CURRENT).await;
    let expected = format!(
        "1 setting is wrong:\n  REDACT_KEY_SECRET_ARN: cannot read `{ARN}`: secret `{ARN}` \
        answered AccessDeniedException: check its name, its region, permissions and credentials"
    );
    assert_eq!(problem.unwrap_err(), expected);
    let no_region = [("REDACT_KEY_SECRET_ARN", ARN), ("AWS_REGION", "")];
    let problem = noted(&endpoint, &no_region, CURRENT).await;
    let expected = "1 setting is wrong:\n  REDACT_KEY_SECRET_ARN: cannot be read while other \
        settings are wrong";
    assert_eq!(problem.unwrap_err(), expected);
}

#[tokio::test]
#[ignore = "needs MOTO_URL"]
async fn on_moto_two_rotations_revoke_a_token() {
    let connection = connection(&environment("MOTO_URL").unwrap(), &[]);
    let client = connection.secrets_manager();
    let create = client
        .create_secret()
        .name(format!("tokens-{:016x}", fastrand::u64(..)))
        .secret_string("first");
    let arn = create.send().await.unwrap().arn.unwrap();
    assert!(is_arn(&arn), "{arn}");
    let manager = SecretsManager::new(&connection);
    assert_eq!(read(&manager, &arn).await.unwrap(), ["first"]);
    for (value, live) in [
        ("second", ["second", "first"]),
        ("third", ["third", "second"]),
    ] {
        let put = client.put_secret_value().secret_id(&arn);
        put.secret_string(value).send().await.unwrap();
        assert_eq!(read(&manager, &arn).await.unwrap(), live);
    }
    let missing = read(&manager, ARN).await.unwrap_err();
    assert!(missing.contains("ResourceNotFoundException"), "{missing}");
}
