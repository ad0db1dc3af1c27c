//! A poller that is set up wrong, or gets what is no page: one clear sentence, a failed run, nothing stored.

use super::*;

/// Each of these settings is wrong: a failed run with one clear sentence, nothing sent, nothing stored.
async fn check_refused(changes: &[(&str, &str)], scopes: &[&'static str], sentence: &str) {
    let polling = Polling::start(5, changes).await;
    polling
        .tenant
        .set(|options| options.scopes = scopes.to_vec());
    let error = polling.failed().await;
    assert!(error.contains(sentence), "{error}");
    assert!(!error.contains('\n'), "{error}");
    assert_eq!(polling.checkpoint(), None);
    assert_eq!(polling.cloud.logs.log_ids().len(), 0);
    assert_eq!(polling.poller.host.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_one_sentence_and_a_failed_run() {
    check_refused(
        &[("AUTH0_CLIENT_SECRET", "wrong")],
        &["read:logs"],
        "Auth0 answered 401 access_denied: check AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_scope_is_one_sentence_and_a_failed_run() {
    check_refused(
        &[],
        &["read:users"],
        "Auth0 answered 403 insufficient_scope: the application of AUTH0_CLIENT_ID lacks the scope read:logs",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_domain_is_one_sentence_and_a_failed_run() {
    check_refused(
        &[("AUTH0_DOMAIN", "other.eu.auth0.com")],
        &["read:logs"],
        "Auth0 answered 403 access_denied: authorize the application of AUTH0_CLIENT_ID for the Auth0 Management API",
    )
    .await;
    // Nothing listens there.
    check_refused(
        &[("AUTH0_API_URL", "http://127.0.0.1:9")],
        &["read:logs"],
        "check AUTH0_DOMAIN, and that it can be reached from here",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_fails_each_run_until_there_are_pages_again() {
    // Refusals by the rate limit last as long as a run.
    let polling = Polling::start(40, &[("INVOCATION_SECONDS", "20")]).await;
    polling.run().await.unwrap();
    let before = polling.checkpoint();
    polling.log_more(10);
    for (page, sentence) in [
        (
            r#"{"statusCode":429,"error":"Too Many Requests","errorCode":"too_many_requests"}"#,
            "Auth0 answered what is no JSON array",
        ),
        (r#"{"logs":[]}"#, "Auth0 answered what is no JSON array"),
        (
            "<html></html>",
            "what answered 200 is not Auth0: check AUTH0_DOMAIN, and for a proxy",
        ),
        ("", "Auth0 answered what is no JSON array"),
    ] {
        polling.tenant.set(|options| options.page = Some(page));
        let error = polling.failed().await;
        assert!(error.contains(sentence), "{page}: {error}");
        assert_eq!(polling.checkpoint(), before, "{page}");
    }
    polling.tenant.set(|options| options.page = None);
    // The page of an ill front end, in the place of a token too, and refusals for the rate limit without an end.
    polling.tenant.revoke_tokens();
    for fault in [Fault::Status(200), Fault::Status(503), Fault::Throttle] {
        polling.faults.always(fault.clone());
        let error = polling.failed().await;
        assert!(
            error.starts_with("the run failed: cannot pull the log"),
            "{error}"
        );
        assert_eq!(polling.checkpoint(), before, "{}", fault.name());
    }
    polling.faults.clear();
    polling.run().await.unwrap();
    polling.assert_all_once();
    assert_eq!(polling.poller.host.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_sink_that_no_ledger_knows_ends_the_app_with_its_name() {
    for (changes, sentence) in [
        (
            ("GAP_SINKS", "firehose"),
            "GAP_SINKS: cannot read `firehose` (want one of ",
        ),
        (
            ("RESUME_FROM", "yesterday evening"),
            "RESUME_FROM: cannot read `yesterday evening`",
        ),
        (
            ("CHECKPOINT_TABLE_ENDPOINT", ""),
            "CHECKPOINT_TABLE_ENDPOINT: required, not set",
        ),
    ] {
        let polling = Polling::start(1, &[changes]).await;
        assert!(!polling.poller.host.is_ready().await);
        let output = polling.poller.host.output();
        assert!(output.contains(sentence), "{output}");
    }
    // The ledger's table is what tells of gaps.
    let without = [
        ("GAP_SINKS", "log-analytics"),
        ("LEDGER_TABLE_ENDPOINT", ""),
    ];
    let polling = Polling::start(1, &without).await;
    assert!(!polling.poller.host.is_ready().await);
    let output = polling.poller.host.output();
    assert!(
        output.contains("GAP_SINKS: needs LEDGER_TABLE_ENDPOINT"),
        "{output}"
    );
}
