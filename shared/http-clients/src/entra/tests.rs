use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use relay::settings::Reader;
use relay::{Remedy, chain};
use tokio::time::advance;

use super::*;
use crate::azure_service::AzureService;
use crate::test_settings::read_settings;
use fakes::test_server::{Answer, Call, TestServer};

const TIME: Duration = Duration::from_secs(20);
const GUID: &str = "5a6bbd62-0000-4000-8000-000000000001";

type Read = fn(&mut Reader<'_>) -> Option<EntraIdentity>;

const MANAGED: Read = EntraIdentity::read_managed;
const SECRET: Read = EntraIdentity::read_application;

fn read(how: Read, values: &[(&str, &str)]) -> Result<EntraIdentity, String> {
    read_settings(values, how).map_err(|error| error.to_string())
}

fn managed(server: &TestServer, more: &[(&str, &str)]) -> EntraIdentity {
    let endpoint = format!("http://{}/msi/token", server.address);
    let values = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", "h3ader"),
    ];
    let values: Vec<_> = values.iter().chain(more).copied().collect();
    read(MANAGED, &values).unwrap()
}

fn token(number: usize, seconds: &str) -> Answer {
    let body =
        format!(r#"{{"access_token":"t{number}","expires_in":"{seconds}","token_type":"Bearer"}}"#);
    Answer::Full(
        200,
        vec![("content-type", "application/json".to_owned())],
        body,
    )
}

/// A server whose tokens are numbered and live this long.
async fn numbered(seconds: &'static str) -> TestServer {
    let count = AtomicUsize::new(0);
    TestServer::start(move |_| token(count.fetch_add(1, Ordering::SeqCst), seconds)).await
}

async fn get(cache: &TokenCache, identity: &EntraIdentity) -> String {
    let token = cache
        .get(identity, None, Instant::now() + TIME)
        .await
        .unwrap();
    token.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_managed_identity_asks_the_platforms_endpoint() {
    let server = numbered("3600").await;
    let identity = managed(&server, &[("AZURE_CLIENT_ID", GUID)]);
    let cache = TokenCache::new("https://monitor.azure.com");
    assert_eq!(get(&cache, &identity).await, "Bearer t0");
    let [call] = server.calls().try_into().unwrap();
    assert_eq!(call.method, "GET");
    assert_eq!(
        call.path,
        format!(
            "/msi/token?resource=https%3A%2F%2Fmonitor.azure.com&api-version=2019-08-01&client_id={GUID}"
        )
    );
    assert_eq!(call.headers["x-identity-header"], "h3ader");
}

#[tokio::test]
async fn an_application_shows_its_secret() {
    let server = numbered("3600").await;
    let authority = format!("http://{}", server.address);
    let values = [
        ("ENTRA_TENANT_ID", "acme.example.com"),
        ("ENTRA_CLIENT_ID", GUID),
        ("ENTRA_CLIENT_SECRET", "s3cret&more"),
        ("AZURE_AUTHORITY_HOST", authority.as_str()),
    ];
    let identity = read(SECRET, &values).unwrap();
    let cache = TokenCache::new("https://monitor.azure.com");
    assert_eq!(get(&cache, &identity).await, "Bearer t0");
    let [call] = server.calls().try_into().unwrap();
    assert_eq!(call.method, "POST");
    assert_eq!(call.path, "/acme.example.com/oauth2/v2.0/token");
    assert_eq!(
        call.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        call.body,
        format!(
            "grant_type=client_credentials&client_id={GUID}&client_secret=s3cret%26more\
             &scope=https%3A%2F%2Fmonitor.azure.com%2F.default"
        )
    );
}

#[tokio::test]
async fn a_token_is_kept_and_fetched_by_one_call_at_a_time() {
    let server = numbered("3600").await;
    let identity = managed(&server, &[]);
    let cache = TokenCache::new("https://monitor.azure.com");
    let tokens = join_all((0..50).map(|_| get(&cache, &identity))).await;
    assert!(tokens.iter().all(|token| token == "Bearer t0"));
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_shortly_before_its_end() {
    for (life, fresh, stale) in [("3600", 3_200, 110), ("60", 10, 25)] {
        let server = numbered(life).await;
        let identity = managed(&server, &[]);
        let cache = TokenCache::new("https://monitor.azure.com");
        assert_eq!(get(&cache, &identity).await, "Bearer t0");
        tokio::time::pause();
        advance(Duration::from_secs(fresh)).await;
        tokio::time::resume();
        assert_eq!(get(&cache, &identity).await, "Bearer t0", "{life}");
        tokio::time::pause();
        advance(Duration::from_secs(stale)).await;
        tokio::time::resume();
        // Nobody waits for the new one while the old one holds.
        assert_eq!(get(&cache, &identity).await, "Bearer t0", "{life}");
        while get(&cache, &identity).await != "Bearer t1" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(server.calls().len(), 2, "{life}");
    }
}

#[tokio::test]
async fn a_token_that_still_holds_is_used_while_it_cannot_be_renewed() {
    let count = AtomicUsize::new(0);
    let server = TestServer::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => token(0, "3600"),
        _ => Answer::Status(503),
    })
    .await;
    let identity = managed(&server, &[]);
    let cache = TokenCache::new("https://monitor.azure.com");
    get(&cache, &identity).await;
    tokio::time::pause();
    advance(Duration::from_secs(3_500)).await;
    tokio::time::resume();
    while server.calls().len() < 2 {
        assert_eq!(get(&cache, &identity).await, "Bearer t0");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..3 {
        assert_eq!(get(&cache, &identity).await, "Bearer t0");
    }
    assert_eq!(server.calls().len(), 2, "nobody asks again at once");
    tokio::time::pause();
    advance(Duration::from_secs(101)).await;
    tokio::time::resume();
    let error = cache.get(&identity, None, Instant::now() + TIME).await;
    assert_eq!(error.unwrap_err().remedy(), Remedy::Retry);
}

#[tokio::test]
async fn an_endpoint_that_says_when_a_token_ends_is_understood() {
    let ends = tenant_logs::Timestamp::now().as_second() + 3_600;
    for field in [
        format!(r#""expires_on":"{ends}""#),
        format!(r#""expires_on":{ends}"#),
        r#""expires_in":3600,"expires_on":"11/21/2026 10:00:00 AM +00:00""#.to_owned(),
    ] {
        let body = format!(r#"{{"access_token":"t","resource":"r",{field}}}"#);
        let token = AccessToken::read(body.as_bytes(), Instant::now());
        assert!(token.is_some(), "{field}");
    }
    assert!(AccessToken::read(br#"{"token":"t"}"#, Instant::now()).is_none());
}

fn service(identity: &EntraIdentity) -> AzureService {
    let resource = "https://storage.azure.com";
    AzureService::new(identity, resource, "the service".to_owned(), "check it")
}

async fn call(service: &AzureService, url: &str) -> Result<u16, CallError> {
    let answer = service.call(Instant::now() + TIME, |client| client.get(url));
    answer.await.map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_renewed_once() {
    for (accepted, expected, calls) in [("Bearer t1", 200, 4), ("Bearer t9", 401, 4)] {
        let count = AtomicUsize::new(0);
        let server = TestServer::start(move |call: &Call| match call.path.as_str() {
            "/data" if call.headers["authorization"] == accepted => Answer::Status(200),
            "/data" => Answer::Status(401),
            _ => token(count.fetch_add(1, Ordering::SeqCst), "3600"),
        })
        .await;
        let service = service(&managed(&server, &[]));
        let url = format!("http://{}/data", server.address);
        assert_eq!(call(&service, &url).await.unwrap(), expected);
        assert_eq!(server.calls().len(), calls);
    }
}

#[tokio::test]
async fn why_there_is_no_token_is_said_without_a_secret() {
    let body = r#"{"error":"invalid_client","error_description":"s3cret h3ader"}"#;
    for (status, remedy, more) in [
        (
            401,
            Remedy::Stop,
            ": check that the app has the identity that AZURE_CLIENT_ID names, or one of its own",
        ),
        (
            400,
            Remedy::Stop,
            ": check that the app has the identity that AZURE_CLIENT_ID names, or one of its own",
        ),
        (503, Remedy::Retry, ""),
    ] {
        let server =
            TestServer::start(move |_| Answer::Full(status, Vec::new(), body.to_owned())).await;
        let service = service(&managed(&server, &[]));
        let error = call(&service, "http://127.0.0.1:9/").await.unwrap_err();
        let expected = format!(
            "no token for the service: the managed identity's endpoint answered {status} invalid_client{more}"
        );
        assert_eq!(chain(&error).to_string(), expected);
        assert_eq!(error.remedy(), remedy);
    }
}

#[test]
fn settings_that_cannot_be_right_are_named_and_debug_shows_no_secret() {
    let problems = |how, values: &[(&str, &str)]| read(how, values).unwrap_err();
    assert_eq!(
        problems(MANAGED, &[]),
        "1 setting is wrong:\n  IDENTITY_ENDPOINT: required, not set (the platform sets it for an app that has a \
         managed identity)"
    );
    assert_eq!(
        problems(
            SECRET,
            &[
                ("ENTRA_CLIENT_SECRET", "s3cret"),
                ("ENTRA_TENANT_ID", "a/b")
            ]
        ),
        "2 settings are wrong:\n  ENTRA_TENANT_ID: cannot read `a/b` (want the ID or a domain of an Entra tenant)\n  \
         ENTRA_CLIENT_ID: required, not set"
    );
    assert_eq!(
        problems(
            SECRET,
            &[("ENTRA_TENANT_ID", GUID), ("ENTRA_CLIENT_ID", GUID)]
        ),
        "1 setting is wrong:\n  ENTRA_CLIENT_SECRET: required, not set"
    );
    let values = [
        ("IDENTITY_ENDPOINT", "http://acme.example.com/"),
        ("IDENTITY_HEADER", "h3ader\n"),
    ];
    let problem = problems(MANAGED, &values);
    assert!(
        problem.contains("IDENTITY_ENDPOINT: cannot read"),
        "{problem}"
    );
    assert!(!problem.contains("h3ader"), "{problem}");
    let values = [
        ("ENTRA_TENANT_ID", GUID),
        ("ENTRA_CLIENT_ID", GUID),
        ("ENTRA_CLIENT_SECRET", "s3cret"),
    ];
    let shown = format!("{:?}", read(SECRET, &values).unwrap());
    assert!(!shown.contains("s3cret"), "{shown}");
}
