//! What a check finds in log streams, and what a webhook answers it.

use fakes::test_server::{Answer, TestServer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::{Ran, Rig, TOKEN, changed, webhook_stream};

const NOTHING_RECEIVED: &str = r#"{"received":0,"delivered":0,"filtered":0,"set_aside":0}"#;

/// A webhook on loopback that answers everything alike, by TLS with a certificate that the program trusts.
struct Webhook {
    rig: Rig,
    server: TestServer,
    url: String,
    _folder: TempDir,
}

impl Webhook {
    async fn answering(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Self {
        let (server, certificate) = TestServer::start_tls(move |_| answer()).await;
        let folder = tempfile::tempdir().unwrap();
        let roots = folder.path().join("roots.pem");
        std::fs::write(&roots, certificate).unwrap();
        let mut rig = Rig::start().await;
        rig.set("SSL_CERT_FILE", roots.to_str().unwrap());
        let url = format!("https://{}/webhook", server.address);
        rig.tenant.add_log_stream(webhook_stream(&url));
        Self {
            rig,
            server,
            url,
            _folder: folder,
        }
    }
}

fn nothing_received() -> Answer {
    Answer::Full(200, Vec::new(), NOTHING_RECEIVED.to_owned())
}

/// Checks a stream to a webhook that is not asked.
async fn offline(changes: Value) -> Ran {
    let rig = Rig::start().await;
    let stream = changed(webhook_stream("https://logs.example.com/"), &changes);
    rig.tenant.add_log_stream(stream);
    rig.run("check --offline").await
}

/// What is found in it.
async fn check_offline(changes: Value, parts: &[&str]) {
    offline(changes).await.expect(1, parts);
}

#[tokio::test]
async fn a_webhook_that_takes_an_empty_array_with_the_streams_own_headers_is_in_order() {
    let webhook = Webhook::answering(nothing_received).await;
    let ran = webhook.rig.run("check").await;
    ran.expect(0, &["lst_0000000000000001 (relay): nothing found"]);
    let [call] = webhook.server.calls().try_into().unwrap();
    assert_eq!(
        (call.method.as_str(), call.path.as_str(), call.body.as_str()),
        ("POST", "/webhook", "[]")
    );
    assert_eq!(call.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(call.headers["content-type"], "application/json");
    let again = webhook.rig.run("check --id lst_0000000000000001").await;
    again.expect(0, &["nothing found"]);
}

#[tokio::test]
async fn each_answer_of_a_webhook_has_a_sentence_of_its_own() {
    for (status, part) in [
        (
            200,
            "answers 200: it takes the stream's requests, yet it is none of our functions",
        ),
        (302, "answers 302: it leads elsewhere"),
        (
            401,
            "answers 401: it does not take the stream's Authorization",
        ),
        (403, "answers 403: it lets nobody in"),
        (404, "answers 404: it is no webhook"),
        (405, "answers 405: it takes no POST"),
        (413, "answers 413: it finds an empty array too large"),
        (418, "answers 418: it refuses the stream's requests"),
        (429, "answers 429: it has more requests than it may run"),
        (502, "answers 502: it fails"),
        (503, "answers 503: it can neither hand on nor set aside"),
    ] {
        let webhook = Webhook::answering(move || Answer::Status(status)).await;
        let ran = webhook.rig.run("check").await;
        ran.expect(
            1,
            &[&format!(
                "lst_0000000000000001 (relay): `{}` {part}",
                webhook.url
            )],
        );
        assert_eq!(webhook.server.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_or_is_not_trusted_is_found() {
    let webhook = Webhook::answering(|| Answer::Drop).await;
    let expected = format!("`{}` does not answer (", webhook.url);
    webhook
        .rig
        .run("check")
        .await
        .expect(1, &[&expected, "check the URL"]);

    let mut webhook = Webhook::answering(nothing_received).await;
    webhook.rig.set("SSL_CERT_FILE", "");
    let expected = format!("`{}` does not answer (", webhook.url);
    webhook.rig.run("check").await.expect(1, &[&expected]);
    assert_eq!(webhook.server.calls().len(), 0);
}

#[tokio::test]
async fn offline_no_webhook_is_asked() {
    let webhook = Webhook::answering(|| Answer::Status(500)).await;
    let ran = webhook.rig.run("check --offline").await;
    ran.expect(0, &["nothing found"]);
    assert_eq!(webhook.server.calls().len(), 0);
}

#[tokio::test]
async fn a_stream_that_is_not_active_is_found_with_what_becomes_of_its_events() {
    check_offline(
        json!({ "status": "paused" }),
        &["it is paused, and its events wait at Auth0 as long as"],
    )
    .await;
    check_offline(
        json!({ "status": "suspended" }),
        &["Auth0 has suspended it (Disabled in the dashboard)"],
    )
    .await;
    check_offline(
        json!({ "status": "resting" }),
        &["its status is resting, which is neither"],
    )
    .await;
}

#[tokio::test]
async fn filters_are_found_by_what_they_leave_out() {
    let category = |name: &str| json!({ "type": "category", "name": name });
    let filters = json!({ "filters": [category("auth.login.fail")] });
    check_offline(
        filters,
        &[
            "leave out actions, auth.login.notification, ",
            " (`other`, which holds detections: pwd_leak",
        ],
    )
    .await;
    let all = tenant_logs_names().map(category);
    let but_one: Vec<Value> = all
        .filter(|filter| *filter != category("scim.event"))
        .collect();
    check_offline(
        json!({ "filters": but_one }),
        &["its filters leave out scim.event: remove"],
    )
    .await;
}

fn tenant_logs_names() -> impl Iterator<Item = &'static str> {
    tenant_logs::Category::ALL
        .into_iter()
        .map(tenant_logs::Category::name)
}

#[tokio::test]
async fn filters_that_name_every_category_leave_nothing_out() {
    let all = tenant_logs_names().map(|name| json!({ "type": "category", "name": name }));
    let changes = json!({ "filters": all.collect::<Vec<Value>>() });
    offline(changes).await.expect(0, &["nothing found"]);
}

#[tokio::test]
async fn pii_settings_are_found_with_the_members_that_they_change() {
    for (method, how) in [
        ("mask", "asterisks in the place of"),
        ("hash", "an xxHash, which has no key, in the place of"),
    ] {
        let pii =
            json!({ "log_fields": ["username", "phone"], "method": method, "algorithm": "xxhash" });
        let expected = format!("let Auth0 put {how} user_name, username, phone, phone_number");
        check_offline(
            json!({ "pii_config": pii }),
            &[&expected, "ActorUsername in Sentinel", "REDACT"],
        )
        .await;
    }
}

#[tokio::test]
async fn what_keeps_a_webhook_from_taking_requests_is_found_without_asking_it() {
    check_offline(
        json!({ "sink": { "httpAuthorization": null } }),
        &["it sends no Authorization, so the webhook answers 401"],
    )
    .await;
    check_offline(
        json!({ "sink": { "httpContentFormat": "XML" } }),
        &["its content format is XML"],
    )
    .await;
    let url = "http://someone:x@192.0.2.7/webhook";
    let found = ["its URL `[secret]@192.0.2.7/webhook` is not https"];
    check_offline(json!({ "sink": { "httpEndpoint": url } }), &found).await;
}

#[tokio::test]
async fn no_token_is_sent_in_the_clear() {
    let server = TestServer::start(|_| nothing_received()).await;
    let rig = Rig::start().await;
    rig.tenant
        .add_log_stream(webhook_stream(&format!("http://{}/", server.address)));
    rig.run("check").await.expect(1, &["is not https"]);
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test]
async fn each_content_format_of_auth0s_is_in_order() {
    for format in [
        json!("JSONARRAY"),
        json!("JSONLINES"),
        json!("JSONOBJECT"),
        Value::Null,
    ] {
        let changes = json!({ "sink": { "httpContentFormat": format } });
        offline(changes).await.expect(0, &["nothing found"]);
    }
}

#[tokio::test]
async fn streams_of_others_are_left_alone_and_a_tenant_with_none_of_ours_is_told() {
    let rig = Rig::start().await;
    rig.run("check").await.expect(
        1,
        &["The tenant has no log stream to a webhook, EventBridge or Event Grid"],
    );
    rig.tenant.add_log_stream(
        json!({ "id": "lst_9", "name": "dogs", "type": "datadog", "status": "paused", "sink": {} }),
    );
    rig.run("check")
        .await
        .expect(1, &["The tenant has no log stream to"]);
    rig.run("check --id lst_9").await.expect(
        1,
        &["lst_9 (dogs): it is of the type datadog, which none of our functions"],
    );
    rig.run("create eventbridge --account 123456789012 --region eu-central-1")
        .await
        .expect(0, &[]);
    let ran = rig.run("check").await;
    ran.expect(0, &["(auth0-log-relay): nothing found"]);
    assert!(!ran.output.contains("lst_9"), "{ran:?}");
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_a_wrong_use() {
    let rig = Rig::start().await;
    rig.run("check --id lst_404").await.expect(
        2,
        &["the tenant has no log stream lst_404: `auth0-stream status` lists"],
    );
}
