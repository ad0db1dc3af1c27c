//! `auth0-stream check` against the real webhooks: what it is answered, and that nothing is delivered by it.

use auth0_stream::{Ending, Options, run};
use cargo_local::azure_cloud::AzureOptions;
use cargo_local::cloud::TOKEN as AZURE_TOKEN;
use clap::Parser as _;
use fakes::auth0::{Auth0, TenantOptions};
use fakes::client::post;
use fakes::faults::Faults;
use fakes::server::{Answer, Server};
use serde_json::json;

use crate::kit::azure::{azure, dead_letters};
use crate::kit::ingest::{Ingest, TOKEN};

/// How a check of a stream to the webhook at a URL ends, with what it writes; the stream sends this as its `Authorization`.
async fn check(webhook: String, authorization: &str) -> (Ending, String) {
    // Auth0 posts to https alone.
    let front = Server::start_tls(move |request| {
        let webhook = webhook.clone();
        async move {
            let value = request.headers()["authorization"].to_str().unwrap();
            let headers = [
                ("authorization", value),
                ("content-type", "application/json"),
            ];
            let answer = post(&webhook, &headers, request.body().clone()).await;
            answer.map_or(Answer::Drop, Answer::Respond)
        }
    });
    let (front, certificate) = front.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, certificate).unwrap();

    let tenant = TenantOptions {
        scopes: vec!["read:log_streams"],
        ..TenantOptions::default()
    };
    let tenant = Auth0::start(tenant, Faults::healthy()).await.unwrap();
    let url = format!("https://{}/", front.address());
    tenant.add_log_stream(json!({
        "id": "lst_1", "name": "relay", "type": "http", "status": "active",
        "sink": { "httpEndpoint": url, "httpContentFormat": "JSONARRAY", "httpAuthorization": authorization },
    }));
    let mut settings = tenant.settings();
    settings.push((
        "SSL_CERT_FILE".to_owned(),
        roots.to_str().unwrap().to_owned(),
    ));
    let lookup = |name: &str| {
        let found = settings.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone())
    };
    let options = Options::try_parse_from(["auth0-stream", "check"]).unwrap();
    let mut output = Vec::new();
    let ending = run(&options, &lookup, &mut output).await.unwrap();
    (ending, String::from_utf8(output).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_taken_by_the_webhook_on_aws_and_leaves_nothing_behind() {
    let ingest = Ingest::start(&[("SINKS", "event-queue,event-bus")]).await;
    let (ending, output) = check(ingest.url(), &format!("Bearer {TOKEN}")).await;
    assert_eq!(
        (ending, output.as_str()),
        (Ending::Done, "lst_1 (relay): nothing found\n")
    );
    assert_eq!(ingest.log_ids().len(), 0);
    assert_eq!(ingest.deliver.bodies().len(), 0);
    assert_eq!(ingest.dead_letters().len(), 0);
    let lines = |output: &str| output.matches("\"message\":\"relayed log events\"").count();
    let output = ingest
        .function
        .output_when(|output| lines(output) > 0)
        .await;
    for counter in ["received", "delivered"] {
        let at_zero = format!("\"{counter}\":0,");
        assert_eq!(
            output.matches(&at_zero).count(),
            lines(&output),
            "{counter}"
        );
    }
    for counter in [
        "unreadable",
        "set_aside",
        "unauthorized",
        "refused",
        "retried",
    ] {
        assert!(!output.contains(&format!("\"{counter}\":")), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_taken_by_the_webhook_on_azure_and_leaves_nothing_behind() {
    let cloud = azure(AzureOptions::default()).await;
    let (ending, output) = check(cloud.webhook_url(), &format!("Bearer {AZURE_TOKEN}")).await;
    assert_eq!(
        (ending, output.as_str()),
        (Ending::Done, "lst_1 (relay): nothing found\n")
    );
    assert_eq!(cloud.topic.published().len(), 0);
    assert_eq!(dead_letters(&cloud).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_with_a_token_that_is_not_live_is_found() {
    let ingest = Ingest::start(&[]).await;
    let (ending, output) = check(ingest.url(), "another-token-of-a-webhook").await;
    assert_eq!(ending, Ending::Found);
    assert!(
        output.contains("answers 401: it does not take the stream's Authorization"),
        "{output}"
    );
    assert!(!output.contains("another-token"), "{output}");
}
