//! The rate limit as the headers of an answer tell it.

use super::*;

/// The second this long from now, as the headers of a rate limit name it.
fn second(from_now: i64) -> String {
    (Timestamp::now().as_second() + from_now).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_rate_limit_is_waited_out_as_its_headers_say() {
    let refused_until = |header, value| {
        full(
            429,
            vec![(header, value), ("x-ratelimit-remaining", "0".to_owned())],
            "[]",
        )
    };
    let tenant = Tenant::answering([
        refused_until("x-ratelimit-reset", second(5)),
        refused_until("retry-after", "4".to_owned()),
        refused_until("x-ratelimit-reset", "soon".to_owned()),
        ok("[7]"),
    ])
    .await;
    let begun = Instant::now();
    assert_eq!(tenant.pull().await.unwrap().text, "[7]");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(8), "{waited:?}");
    assert!(waited <= Duration::from_secs(10), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_while_none_is_left() {
    let last = vec![
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", second(3)),
    ];
    let more = vec![("x-ratelimit-remaining", "1".to_owned())];
    let tenant = Tenant::answering([full(200, last, "[1]"), full(200, more, "[2]")]).await;
    tenant.pull().await.unwrap();
    let begun = Instant::now();
    assert_eq!(tenant.pull().await.unwrap().text, "[2]");
    assert!(begun.elapsed() >= Duration::from_secs(2));
    let begun = Instant::now();
    tenant.pull().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_wait_longer_than_there_is_time_ends_the_pull_at_once() {
    let headers = vec![("x-ratelimit-reset", second(60))];
    let tenant = Tenant::answering([full(429, headers, "[]")]).await;
    let begun = Instant::now();
    let error = tenant.pull().await.unwrap_err();
    assert!(matches!(error, PullError::OutOfTime(_)), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(tenant.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_name_no_moment_are_followed_by_fewer_and_fewer_calls() {
    for headers in [Vec::new(), vec![("x-ratelimit-reset", second(-300))]] {
        let tenant = Tenant::start(move |call| match call.path.as_str() {
            "/oauth/token" => token(TOKEN),
            _ => full(429, headers.clone(), "[]"),
        })
        .await;
        let error = tenant.pull_for(Duration::from_mins(1)).await.unwrap_err();
        assert!(matches!(error, PullError::OutOfTime(_)), "{error:?}");
        let calls = tenant.asked().len();
        assert!((10..200).contains(&calls), "{calls}");
    }
}

/// An endpoint for tokens that answers so at first, and then hands them out; pages whenever they are asked for.
async fn refusing_tokens(first: Vec<Headers>) -> Tenant {
    let refusals = Mutex::new(VecDeque::from(first));
    Tenant::start(move |call| match call.path.as_str() {
        "/oauth/token" => match refusals.lock().unwrap().pop_front() {
            Some(headers) => full(429, headers, r#"{"error":"too_many_requests"}"#),
            None => token(TOKEN),
        },
        _ => ok("[7]"),
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_for_a_token_is_waited_out_as_its_headers_say() {
    let until = |from_now| vec![("x-ratelimit-reset", second(from_now))];
    let tenant = refusing_tokens(vec![until(30), Vec::new(), until(4)]).await;
    let begun = Instant::now();
    let page = tenant.pull_for(Duration::from_mins(1)).await;
    assert_eq!(page.unwrap().text, "[7]");
    assert!(begun.elapsed() >= Duration::from_secs(20));
    assert_eq!(tenant.server.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn no_token_is_asked_for_while_the_rate_limit_leaves_no_call() {
    let day = vec![("x-ratelimit-reset", second(86_400))];
    let tenant = refusing_tokens(vec![day]).await;
    for _ in 0..2 {
        let error = tenant.pull().await.unwrap_err();
        assert!(matches!(error, PullError::OutOfTime(_)), "{error:?}");
        let text = chain(&error).to_string();
        let expected =
            "no token for the Management API: Auth0's rate limit leaves no call for at least 2";
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(tenant.server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_of_tokens_holds_no_page_up() {
    let last: Headers = vec![
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", second(86_400)),
    ];
    let tenant = Tenant::start(move |call| match call.path.as_str() {
        "/oauth/token" => {
            let body = r#"{"access_token":"a","expires_in":86400}"#;
            full(200, last.clone(), body)
        }
        _ => ok("[7]"),
    })
    .await;
    assert_eq!(tenant.pull().await.unwrap().text, "[7]");
}
