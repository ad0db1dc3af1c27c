mod causes;
mod rate_limit;

use std::collections::VecDeque;
use std::sync::Mutex;

use fakes::test_server::{Answer, Call, TestServer};
use relay::chain;

use super::*;
use crate::test_settings::read_settings;

const TIME: Duration = Duration::from_secs(20);
const DOMAIN: &str = "acme.eu.auth0.com";
const SECRET: &str = "s3cret-of-the-application";
const TOKEN: &str = "token-of-the-api";

type Headers = Vec<(&'static str, String)>;

fn full(status: u16, headers: Headers, body: &str) -> Answer {
    Answer::Full(status, headers, body.to_owned())
}

fn ok(body: &str) -> Answer {
    full(200, Vec::new(), body)
}

fn token(name: &str) -> Answer {
    ok(&format!(
        r#"{{"access_token":"{name}","expires_in":86400,"scope":"read:logs","token_type":"Bearer"}}"#
    ))
}

fn refused(status: u16, code: &str) -> Answer {
    let body = format!(
        r#"{{"statusCode":{status},"error":"Some Words","message":"alice@example.com","errorCode":"{code}"}}"#
    );
    full(status, Vec::new(), &body)
}

/// Auth0: a token to whoever asks, and then these answers.
struct Tenant {
    server: TestServer,
    api: ManagementApi,
}

fn read(values: &[(&str, &str)]) -> Result<ManagementApi, String> {
    read_settings(values, ManagementApi::read).map_err(|error| error.to_string())
}

impl Tenant {
    async fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let server = TestServer::start(answer).await;
        let url = format!("http://{}", server.address);
        let api = read(&[
            ("AUTH0_DOMAIN", DOMAIN),
            ("AUTH0_CLIENT_ID", "app-1"),
            ("AUTH0_CLIENT_SECRET", SECRET),
            ("AUTH0_API_URL", &url),
        ]);
        Self {
            server,
            api: api.unwrap(),
        }
    }

    /// A token, and these answers of the API in their order, the last one again and again.
    async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Arc<Mutex<VecDeque<Answer>>> =
            Arc::new(Mutex::new(answers.into_iter().collect()));
        Self::start(move |call| {
            if call.path == "/oauth/token" {
                return token(TOKEN);
            }
            answers.lock().unwrap().pop_front().unwrap_or(ok("[]"))
        })
        .await
    }

    async fn pull(&self) -> Result<Page, PullError> {
        self.pull_for(TIME).await
    }

    async fn pull_for(&self, time: Duration) -> Result<Page, PullError> {
        let cursor = Cursor::After("9001".to_owned());
        self.api.pull(&cursor, Instant::now() + time).await
    }

    /// Paths of what was asked of the API.
    fn asked(&self) -> Vec<String> {
        let calls = self.server.calls().into_iter();
        calls
            .map(|call| call.path)
            .filter(|path| path != "/oauth/token")
            .collect()
    }
}

async fn failed(tenant: &Tenant) -> String {
    let error = tenant.pull().await.unwrap_err();
    let text = chain(&error).to_string();
    for secret in [SECRET, TOKEN, "alice@example.com"] {
        assert!(!text.contains(secret), "{text}");
    }
    text
}

#[tokio::test]
async fn a_page_is_asked_for_with_a_token_of_the_application() {
    let tenant = Tenant::answering([ok(r#"[{"_id":"9002"}]"#)]).await;
    let page = tenant.pull().await.unwrap();
    assert_eq!(page.text, r#"[{"_id":"9002"}]"#);
    assert_eq!(page.next, None);
    let [asked, got] = tenant.server.calls().try_into().unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/oauth/token")
    );
    let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
    let expected = json!({
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": SECRET,
        "audience": "https://acme.eu.auth0.com/api/v2/",
    });
    assert_eq!(body, expected);
    assert_eq!(got.path, "/api/v2/logs?from=9001&take=100");
    assert_eq!(got.headers["authorization"], format!("Bearer {TOKEN}"));
}

#[tokio::test]
async fn a_token_serves_many_pages() {
    let tenant = Tenant::answering([]).await;
    for _ in 0..5 {
        tenant.pull().await.unwrap();
    }
    assert_eq!(tenant.server.calls().len(), 6);
}

#[tokio::test]
async fn the_next_page_is_where_the_link_header_says() {
    let next = "/api/v2/logs?from=9002&take=50&more=1";
    let link = format!(r#"<{next}>; rel="next""#);
    let tenant = Tenant::answering([full(200, vec![("link", link)], "[{}]")]).await;
    let page = tenant.pull().await.unwrap();
    let cursor = Cursor::Next(page.next.unwrap());
    tenant
        .api
        .pull(&cursor, Instant::now() + TIME)
        .await
        .unwrap();
    assert_eq!(tenant.asked()[1], next);
}

#[tokio::test]
async fn a_page_that_names_itself_names_no_next_one() {
    let itself = "/api/v2/logs?from=9001&take=100";
    let other = "/api/v2/logs?from=9001&take=100&more=1";
    for (link, expected) in [(itself, false), (other, true)] {
        let link = format!(r#"<{link}>; rel="next""#);
        let tenant = Tenant::answering([full(200, vec![("link", link)], "[]")]).await;
        assert_eq!(tenant.pull().await.unwrap().next.is_some(), expected);
    }
}

#[tokio::test]
async fn no_token_goes_to_another_origin() {
    let other = TestServer::start(|_| ok("[]")).await;
    let link = format!(r#"<http://{}/api/v2/logs>; rel="next""#, other.address);
    let tenant = Tenant::answering([full(200, vec![("link", link)], "[{}]")]).await;
    let text = failed(&tenant).await;
    assert!(text.contains("another origin"), "{text}");
    assert!(text.contains("AUTH0_DOMAIN"), "{text}");
    assert_eq!(other.calls().len(), 0);
    // A redirect is not followed either.
    let tenant = Tenant::answering([Answer::Redirect("http://127.0.0.1:1/")]).await;
    let text = failed(&tenant).await;
    assert!(
        text.contains("Auth0 answered 307: check AUTH0_DOMAIN"),
        "{text}"
    );
}

#[tokio::test]
async fn a_log_event_is_found_by_its_log_id_or_not_known() {
    let tenant = Tenant::answering([
        ok(r#"{"_id":"a/b"}"#),
        refused(404, "log_not_found"),
        refused(400, "invalid_uri"),
        refused(403, "insufficient_scope"),
    ])
    .await;
    let until = Instant::now() + TIME;
    let find = || tenant.api.find("a/b", until);
    assert_eq!(find().await.unwrap().as_deref(), Some(r#"{"_id":"a/b"}"#));
    assert_eq!(tenant.asked(), ["/api/v2/logs/a%2Fb"]);
    assert_eq!(find().await.unwrap(), None);
    assert_eq!(find().await.unwrap(), None);
    assert!(matches!(find().await, Err(PullError::Failed(_))));
}

#[tokio::test]
async fn a_search_is_ascending_by_date() {
    let tenant = Tenant::answering([ok("[]")]).await;
    let since = "2026-11-01T10:00:00.1234Z".parse().unwrap();
    let found = tenant.api.search(since, Instant::now() + TIME).await;
    assert_eq!(found.unwrap(), "[]");
    assert_eq!(
        tenant.asked(),
        [
            "/api/v2/logs?q=date%3A%5B2026-11-01T10%3A00%3A00.123Z+TO+*%5D&sort=date%3A1&page=0&per_page=100"
        ]
    );
}

#[tokio::test]
async fn a_position_that_auth0_does_not_know_is_told_apart() {
    for status in [400, 404] {
        let tenant = Tenant::answering([refused(status, "invalid_query_string")]).await;
        let error = tenant.pull().await.unwrap_err();
        assert!(matches!(error, PullError::UnknownPosition(_)), "{error:?}");
        assert_eq!(tenant.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let tenant = Tenant::start(|call| {
        let bearer = call.headers.get("authorization");
        match (
            call.path.as_str(),
            bearer.map(|value| value.to_str().unwrap()),
        ) {
            ("/oauth/token", _) => token(if call.body.is_empty() { "" } else { "new" }),
            (_, Some("Bearer new")) => ok("[]"),
            _ => refused(401, "invalid_token"),
        }
    })
    .await;
    tenant.pull().await.unwrap();
    let old = AccessToken::read(
        br#"{"access_token":"old","expires_in":3600}"#,
        Instant::now(),
    );
    let api = ManagementApi {
        token: HeldToken::new(),
        ..tenant.api
    };
    let until = Instant::now() + TIME;
    let held = api.token.get(None, until, |_| async { Ok(old.unwrap()) });
    assert_eq!(held.await.unwrap(), "Bearer old");
    let page = api.pull(&Cursor::After("9001".to_owned()), until).await;
    assert_eq!(page.unwrap().text, "[]");
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_tried_again() {
    let broken = "<html>bad gateway</html>";
    let tenant = Tenant::answering([
        full(502, Vec::new(), broken),
        Answer::Drop,
        ok(broken),
        refused(503, "service_unavailable"),
        ok("[7]"),
    ])
    .await;
    assert_eq!(tenant.pull().await.unwrap().text, "[7]");
    assert_eq!(tenant.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_far_end_that_hangs_is_waited_for_as_long_as_there_is_time() {
    let tenant = Tenant::start(|_| Answer::Hang).await;
    let begun = Instant::now();
    let error = tenant.pull_for(Duration::from_secs(3)).await.unwrap_err();
    assert!(matches!(error, PullError::OutOfTime(_)), "{error:?}");
    let text = chain(&error).to_string();
    assert!(text.contains("AUTH0_DOMAIN"), "{text}");
    assert!(begun.elapsed() <= Duration::from_secs(4));
}

#[test]
fn every_setting_that_is_wrong_is_named() {
    let error = read(&[]).unwrap_err();
    let names = ["AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"];
    assert!(error.starts_with("3 settings are wrong:"), "{error}");
    for name in names {
        assert!(
            error.contains(&format!("  {name}: required, not set")),
            "{error}"
        );
    }
    let with = |domain, url| {
        read(&[
            ("AUTH0_DOMAIN", domain),
            ("AUTH0_CLIENT_ID", "app-1"),
            ("AUTH0_CLIENT_SECRET", SECRET),
            ("AUTH0_API_URL", url),
        ])
    };
    for domain in [
        "https://acme.eu.auth0.com",
        "acme.eu.auth0.com/",
        "acme",
        "a..b",
    ] {
        let error = with(domain, "").unwrap_err();
        assert!(error.contains("AUTH0_DOMAIN: cannot read"), "{error}");
    }
    let error = with(DOMAIN, "http://auth0.example.com").unwrap_err();
    assert!(error.contains("AUTH0_API_URL: cannot read"), "{error}");
    let api = with("Acme.EU.auth0.com", "").unwrap();
    assert_eq!(api.settings.api.as_str(), "https://acme.eu.auth0.com/");
    assert!(!format!("{api:?}").contains(SECRET));
}
