use relay::{StoredSecrets, WantedSecret};
use serde_json::{Value, json};

use super::*;
use fakes::test_server::{Answer, Call, TestServer};

const NAME: &str = "/secrets/tokens";

/// A vault with versions of one secret: name, whether it is enabled, when it was made; two a page.
async fn vault(versions: &'static [(&'static str, bool, i64)]) -> TestServer {
    TestServer::start(move |call| answer(call, versions)).await
}

/// As the vault refuses a version that is not enabled.
fn disabled() -> Value {
    let inner = json!({"code": "SecretDisabled"});
    json!({"error": {"code": "Forbidden", "message": "x", "innererror": inner}})
}

fn answer(call: &Call, versions: &[(&str, bool, i64)]) -> Answer {
    let reply = |status, body: Value| Answer::Full(status, Vec::new(), body.to_string());
    let (path, query) = call.path.split_once('?').unwrap();
    if path == "/msi/token" {
        assert!(
            query.contains("resource=https%3A%2F%2Fvault.azure.net&"),
            "{query}"
        );
        return reply(200, json!({"access_token": "t", "expires_in": 3600}));
    }
    assert_eq!(call.headers["authorization"], "Bearer t");
    assert!(query.starts_with("api-version=7.4"), "{query}");
    let host = call.headers["host"].to_str().unwrap();
    match path.strip_prefix(NAME) {
        Some("/versions") => {
            let page: usize = query
                .split("page=")
                .nth(1)
                .map_or(0, |page| page.parse().unwrap());
            let listed = versions
                .iter()
                .skip(page * 2)
                .take(2)
                .map(|(name, enabled, created)| {
                    json!({
                        "id": format!("https://vault.example.com{NAME}/{name}"),
                        "attributes": {"enabled": enabled, "created": created},
                    })
                });
            let has_more = versions.len() > (page + 1) * 2;
            let next = format!(
                "http://{host}{NAME}/versions?api-version=7.4&page={}",
                page + 1
            );
            let next = has_more.then_some(next);
            reply(
                200,
                json!({"value": listed.collect::<Vec<_>>(), "nextLink": next}),
            )
        }
        Some(version) => {
            let version = version.trim_start_matches('/');
            let newest = versions.iter().max_by_key(|(_, _, created)| *created);
            let found = versions.iter().find(|(name, ..)| *name == version);
            match found.or(newest.filter(|_| version.is_empty())) {
                Some((_, false, _)) => reply(403, disabled()),
                Some((name, true, _)) => reply(200, json!({"value": format!("value of {name}")})),
                None => reply(
                    404,
                    json!({"error": {"code": "SecretNotFound", "message": "x"}}),
                ),
            }
        }
        None => reply(
            404,
            json!({"error": {"code": "SecretNotFound", "message": "x"}}),
        ),
    }
}

async fn read(
    server: &TestServer,
    path: &str,
    wanted: fn(&'static str) -> WantedSecret,
) -> Result<Vec<String>, String> {
    let uri = format!("http://{}{path}", server.address);
    let endpoint = format!("http://{}/msi/token", server.address);
    let lookup = |name: &str| match name {
        "TOKENS_SECRET_URI" => Some(uri.clone()),
        "IDENTITY_ENDPOINT" => Some(endpoint.clone()),
        "IDENTITY_HEADER" => Some("h".to_owned()),
        _ => None,
    };
    let wanted = [wanted("TOKENS"), wanted("OTHER")];
    let secrets = StoredSecrets::read(&lookup, &wanted, KeyVault::read).await;
    let mut reader = Reader::with_secrets(&lookup, &secrets);
    let setting = reader.required_secret_setting("TOKENS");
    let setting = reader.finish(|| setting).map_err(|error| {
        let text = error.to_string();
        text.replace(&server.address, "VAULT")
    })?;
    match setting {
        relay::settings::SecretSetting::Stored { versions, .. } => Ok(versions
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect()),
        relay::settings::SecretSetting::Value(_) => panic!("not from the vault"),
    }
}

#[tokio::test]
async fn the_newest_two_enabled_versions_are_live() {
    let server = vault(&[
        ("a", true, 1),
        ("d", false, 4),
        ("c", true, 3),
        ("b", true, 2),
        ("e", true, 5),
    ])
    .await;
    let live = read(&server, NAME, WantedSecret::live).await.unwrap();
    assert_eq!(live, ["value of e", "value of c"]);
}

#[tokio::test]
async fn a_secret_that_never_changed_has_one() {
    let server = vault(&[("a", true, 1)]).await;
    for wanted in [WantedSecret::live, WantedSecret::current] {
        let live = read(&server, NAME, wanted).await.unwrap();
        assert_eq!(live, ["value of a"]);
    }
}

#[tokio::test]
async fn a_uri_with_a_version_names_that_one() {
    let server = vault(&[("a", true, 1), ("b", true, 2)]).await;
    for wanted in [WantedSecret::live, WantedSecret::current] {
        let live = read(&server, "/secrets/tokens/a", wanted).await.unwrap();
        assert_eq!(live, ["value of a"]);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_of_the_setting() {
    let server = vault(&[("a", false, 1)]).await;
    let problem = read(&server, NAME, WantedSecret::live).await.unwrap_err();
    assert_eq!(
        problem,
        "1 setting is wrong:\n  TOKENS_SECRET_URI: cannot read `http://VAULT/secrets/tokens`: no version of it is enabled"
    );
    let problem = read(&server, "/secrets/other", WantedSecret::current).await;
    assert_eq!(
        problem.unwrap_err(),
        "1 setting is wrong:\n  TOKENS_SECRET_URI: cannot read `http://VAULT/secrets/other`: Key Vault answered 404 \
         SecretNotFound: check the URI, that the version is enabled, and that the identity has the role Key Vault Secrets \
         User"
    );
    let problem = read(&server, "/keys/tokens", WantedSecret::current).await;
    assert_eq!(
        problem.unwrap_err(),
        "1 setting is wrong:\n  TOKENS_SECRET_URI: want the URI of a secret in Key Vault, \
         `https://<vault>/secrets/<name>`"
    );
}

#[tokio::test]
async fn nobody_is_asked_where_no_setting_names_a_secret() {
    let wanted = [WantedSecret::live("TOKENS")];
    let secrets = StoredSecrets::read(&|_| None, &wanted, KeyVault::read).await;
    assert!(format!("{secrets:?}").contains("{}"), "{secrets:?}");
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let server = TestServer::start(|call| {
        let body = if call.path.starts_with("/msi/token") {
            json!({"access_token": "t", "expires_in": 3600})
        } else if call.path.contains("/versions") {
            let version = json!({"id": "https://v/secrets/tokens/a", "attributes": {}});
            json!({"value": [version], "nextLink": "http://127.0.0.1:9/steal"})
        } else {
            json!({"value": "value of a"})
        };
        Answer::Full(200, Vec::new(), body.to_string())
    })
    .await;
    let live = read(&server, NAME, WantedSecret::live).await.unwrap();
    assert_eq!(live, ["value of a"]);
}
