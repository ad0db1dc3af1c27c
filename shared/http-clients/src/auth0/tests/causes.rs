//! What an answer that brings nothing says: one sentence for each cause.

use super::*;

/// What stands between answers in Auth0's place.
const STRANGER: &str =
    "is not Auth0: check AUTH0_DOMAIN, and for a proxy, a firewall or a sign-in page on the way";
const WEB_PAGE: &str = "\n<!DOCTYPE html><html>alice@example.com: please sign in</html>";

/// An endpoint that answers anything with this.
async fn check_token(status: u16, body: &'static str, expected: &str) {
    let tenant = Tenant::start(move |_| full(status, Vec::new(), body)).await;
    let text = failed(&tenant).await;
    assert!(text.contains("no token for the Management API: "), "{text}");
    assert!(text.contains(expected), "{status} {body}: {text}");
}

/// The Management API behind an endpoint that hands out tokens.
async fn check_api(answer: impl Fn() -> Answer + Send + Sync + 'static, expected: &str) {
    let tenant = Tenant::start(move |call| match call.path.as_str() {
        "/oauth/token" => token(TOKEN),
        _ => answer(),
    })
    .await;
    let text = failed(&tenant).await;
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn a_missing_scope_and_a_wrong_domain_are_named() {
    for (answer, expected) in [
        (
            refused(403, "insufficient_scope"),
            "Auth0 answered 403 insufficient_scope: the application of AUTH0_CLIENT_ID lacks the scope read:logs",
        ),
        (
            refused(401, "invalid_token"),
            "Auth0 answered 401 invalid_token: it does not accept its own token: check that AUTH0_DOMAIN",
        ),
        (
            refused(418, "a text, no code"),
            "Auth0 answered 418: check AUTH0_DOMAIN",
        ),
    ] {
        let answers = Mutex::new(Some(answer));
        let tenant = Tenant::start(move |call| {
            if call.path == "/oauth/token" {
                return token(TOKEN);
            }
            let answer = answers.lock().unwrap().take();
            answer.unwrap_or(refused(401, "invalid_token"))
        })
        .await;
        let text = failed(&tenant).await;
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn what_refuses_a_token_is_named() {
    for (status, body, expected) in [
        (
            401,
            r#"{"error":"access_denied","error_description":"alice@example.com"}"#,
            "Auth0 answered 401 access_denied: check AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET",
        ),
        (
            403,
            r#"{"error":"access_denied","error_description":"alice@example.com"}"#,
            "Auth0 answered 403 access_denied: authorize the application of AUTH0_CLIENT_ID for the Auth0 Management API \
             with the scope read:logs",
        ),
        (
            403,
            r#"{"error":"invalid_client"}"#,
            "403 invalid_client: check AUTH0_CLIENT_ID and",
        ),
        (
            404,
            "<html>alice@example.com</html>",
            "Auth0 answered 404: check AUTH0_DOMAIN",
        ),
    ] {
        let tenant = Tenant::start(move |_| full(status, Vec::new(), body)).await;
        let text = failed(&tenant).await;
        assert!(text.contains("no token for the Management API"), "{text}");
        assert!(text.contains(expected), "{text}");
        assert_eq!(tenant.server.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_array_is_never_taken_for_a_page() {
    for body in [
        "",
        r#"{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached"}"#,
        r#"{"logs":[],"total":0}"#,
        "null",
    ] {
        let tenant = Tenant::start(move |call| match call.path.as_str() {
            "/oauth/token" => token(TOKEN),
            _ => ok(body),
        })
        .await;
        let text = failed(&tenant).await;
        assert!(
            text.ends_with("Auth0 answered what is no JSON array"),
            "{text}"
        );
        assert_eq!(tenant.asked().len(), 6, "{body}");
    }
}

/// Pages that are cut where the far end says that they end, or that something follows.
#[tokio::test(start_paused = true)]
async fn a_page_that_is_cut_or_has_something_behind_it_is_asked_for_again() {
    for body in [
        r#"[{"_id":"9002"},{"_id":"90"#,
        r#"[{"_id":"9002"}"#,
        "[",
        "[] x",
        "[]\0",
        "[][]",
    ] {
        let tenant = Tenant::answering([ok(body), ok("[7]\n")]).await;
        assert_eq!(tenant.pull().await.unwrap().text, "[7]\n", "{body}");
        assert_eq!(tenant.asked().len(), 2, "{body}");
        check_api(move || ok(body), "Auth0 answered what is no JSON array").await;
    }
    let tenant = Tenant::answering([ok(r#"{"_id":"900"#), ok(r#"{"_id":"9001"}"#)]).await;
    let found = tenant.api.find("9001", Instant::now() + TIME).await;
    assert_eq!(found.unwrap().as_deref(), Some(r#"{"_id":"9001"}"#));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_does_not_come_has_one_sentence_for_each_cause() {
    for (status, body, expected) in [
        (200, WEB_PAGE, format!("what answered 200 {STRANGER}")),
        (403, WEB_PAGE, format!("what answered 403 {STRANGER}")),
        (407, "", format!("what answered 407 {STRANGER}")),
        (
            200,
            r#"{"token_type":"Bearer"}"#,
            "Auth0 answered what is no token".to_owned(),
        ),
        (
            404,
            WEB_PAGE,
            "Auth0 answered 404: check AUTH0_DOMAIN (no tenant".to_owned(),
        ),
        (
            302,
            "",
            "Auth0 answered 302: check AUTH0_DOMAIN, and for a proxy".to_owned(),
        ),
        (
            503,
            WEB_PAGE,
            "Auth0 answered 503: it is out of order for now".to_owned(),
        ),
        (
            429,
            WEB_PAGE,
            "Auth0 answered 429: its rate limit is used up".to_owned(),
        ),
    ] {
        check_token(status, body, &expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_proxy_is_neither_a_missing_scope_nor_an_expired_checkpoint() {
    for status in [200, 400, 401, 403, 404, 418] {
        let page = move || full(status, Vec::new(), WEB_PAGE);
        check_api(page, &format!("what answered {status} {STRANGER}")).await;
    }
    // Nor does it tell that a log event is gone.
    check_find(404, WEB_PAGE).await;
}

/// A search for a log event fails with this answer, and the log event is not taken for gone.
async fn check_find(status: u16, body: &'static str) {
    let tenant = Tenant::start(move |call| match call.path.as_str() {
        "/oauth/token" => token(TOKEN),
        _ => full(status, Vec::new(), body),
    })
    .await;
    let found = tenant.api.find("9001", Instant::now() + TIME).await;
    assert!(matches!(found, Err(PullError::Failed(_))), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn json_of_a_gateway_is_neither_a_missing_scope_nor_an_expired_checkpoint() {
    for (status, body) in [
        (404, r#"{"message":"no Route matched with those values"}"#),
        (400, r#"{"detail":"alice@example.com"}"#),
        (403, r#"{"message":"Forbidden"}"#),
        (404, r#"{"statusCode":404,"message":"Resource not found"}"#),
        (404, r#"{"error":"Not Found"}"#),
        (400, r#"{"statusCode":"400","error":"Bad Request"}"#),
        (401, r#"{"error":{"code":401}}"#),
        (400, "{}"),
    ] {
        let expected = format!("what answered {status} {STRANGER}");
        check_api(move || full(status, Vec::new(), body), &expected).await;
        check_find(status, body).await;
    }
    for (status, body) in [
        (401, r#"{"message":"Unauthorized"}"#),
        (403, r#"{"statusCode":403,"detail":"policy"}"#),
        (400, r#"{"errorCode":"bad_request"}"#),
    ] {
        check_token(status, body, &format!("what answered {status} {STRANGER}")).await;
    }
}

#[tokio::test]
async fn a_page_above_our_own_limit_is_asked_for_once_and_said_to_be_too_long() {
    let tenant = Tenant::start(|call| match call.path.as_str() {
        "/oauth/token" => token(TOKEN),
        _ => ok(&format!("[{}]", " ".repeat(67_108_863))),
    })
    .await;
    let text = tenant.pull_for(Duration::from_mins(5)).await.unwrap_err();
    let text = chain(&text).to_string();
    let expected = "Auth0's answer is longer than the 64 MiB that are read";
    assert!(text.ends_with(expected), "{text}");
    assert_eq!(tenant.asked().len(), 1);
}
