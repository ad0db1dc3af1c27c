//! What Auth0 refuses: one sentence that says what to do.

use fakes::auth0::TenantOptions;
use fakes::faults::Fault;
use fakes::test_server::{Answer, TestServer};

use crate::rig::Rig;

const EVENT_BRIDGE: &str = "create eventbridge --account 123456789012 --region eu-central-1";

async fn with_scopes(scopes: Vec<&'static str>) -> Rig {
    let options = TenantOptions {
        scopes,
        ..TenantOptions::default()
    };
    Rig::with(options).await
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let rig = with_scopes(vec!["read:users"]).await;
    let lacks = "cannot list the log streams: Auth0 answered 403 insufficient_scope: the application of AUTH0_CLIENT_ID lacks \
                 the scope read:log_streams of the Auth0 Management API\n";
    for line in ["status", "check", EVENT_BRIDGE] {
        rig.run(line).await.expect(4, &[lacks]);
    }
    let rig = with_scopes(vec!["read:log_streams"]).await;
    rig.run("status").await.expect(0, &[]);
    let ran = rig.run(EVENT_BRIDGE).await;
    ran.expect(
        4,
        &[
            "cannot create the log stream: Auth0 answered 403",
            "lacks the scope create:log_streams of",
        ],
    );
    assert_eq!(rig.tenant.log_streams().len(), 0);
}

#[tokio::test]
async fn a_wrong_secret_or_domain_is_named() {
    let mut rig = Rig::start().await;
    rig.set("AUTH0_CLIENT_SECRET", "another");
    let ran = rig.run("status").await;
    ran.expect(
        4,
        &["Auth0 answered 401 access_denied: check AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET\n"],
    );
    let mut rig = Rig::start().await;
    rig.set("AUTH0_DOMAIN", "other.eu.auth0.com");
    let ran = rig.run("status").await;
    ran.expect(
        4,
        &[
            "authorize the application of AUTH0_CLIENT_ID",
            "with the scope read:log_streams",
        ],
    );
}

#[tokio::test]
async fn settings_that_are_wrong_are_told_all_at_once() {
    let mut rig = Rig::start().await;
    for name in ["AUTH0_DOMAIN", "AUTH0_CLIENT_SECRET", "WEBHOOK_TOKENS"] {
        rig.set(name, "");
    }
    let ran = rig
        .run("create webhook --url https://logs.example.com/")
        .await;
    let parts = [
        "3 settings are wrong:",
        "AUTH0_DOMAIN: required",
        "AUTH0_CLIENT_SECRET: required",
        "WEBHOOK_TOKENS: required",
    ];
    ran.expect(2, &parts);
    rig.run("status")
        .await
        .expect(2, &["2 settings are wrong:"]);
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_but_never_a_creation() {
    let rig = Rig::start().await;
    rig.faults
        .script([Fault::Healthy, Fault::Status(503), Fault::Throttle]);
    rig.run("status")
        .await
        .expect(0, &["The tenant has no log stream."]);
    rig.faults
        .script([Fault::Healthy, Fault::Healthy, Fault::Status(503)]);
    let ran = rig.run(EVENT_BRIDGE).await;
    ran.expect(
        4,
        &[
            "cannot tell whether the log stream was made",
            "Auth0 answered 503",
        ],
    );
    rig.faults
        .script([Fault::Healthy, Fault::Healthy, Fault::Throttle]);
    rig.run(EVENT_BRIDGE).await.expect(0, &["Made "]);
    assert_eq!(rig.tenant.log_streams().len(), 1);
}

#[tokio::test]
async fn what_is_not_auth0_is_told_apart() {
    let rig = Rig::start().await;
    rig.faults.by(|call| {
        if call == 0 {
            Fault::Healthy
        } else {
            Fault::Denied
        }
    });
    let ran = rig.run("status").await;
    ran.expect(4, &["is not Auth0: check AUTH0_DOMAIN"]);
}

#[tokio::test]
async fn a_stream_that_auth0_does_not_take_is_told_without_its_words() {
    let server = TestServer::start(|call| {
        let (status, body) = match (call.method.as_str(), call.path.as_str()) {
            (_, "/oauth/token") => (200, r#"{"access_token":"made-up-token-1","expires_in":86400}"#),
            ("GET", _) => (200, "[]"),
            _ => (
                400,
                r#"{"statusCode":400,"error":"Bad Request","message":"made-up-token-1","errorCode":"invalid_body"}"#,
            ),
        };
        Answer::Full(status, Vec::new(), body.to_owned())
    })
    .await;
    let mut rig = Rig::start().await;
    rig.set("AUTH0_API_URL", &format!("http://{}", server.address));
    let sentence = "cannot create the log stream: Auth0 answered 400 invalid_body: it does not take the log stream: check the \
                    region, and for Event Grid that the resource group authorizes Auth0 as a partner\n";
    rig.run(EVENT_BRIDGE).await.expect(4, &[sentence]);
    assert_eq!(server.calls().len(), 3);
}
