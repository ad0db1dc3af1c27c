//! The webhook behind a host that does not pass requests on: the same answers, and 503 for a body that the host loses.

use std::io::Write;

use bytes::Bytes;
use cargo_local::azure_cloud::{AzureCloud, AzureOptions};
use cargo_local::cloud::TOKEN;
use fakes::client;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::Request;

use crate::kit::azure::{azure, dead_letters, settled};
use crate::kit::target::{event, once_each};

async fn unproxied(settings: &[(&str, &str)]) -> AzureCloud {
    azure(AzureOptions {
        is_proxied: false,
        environment: crate::kit::settings(settings),
        ..AzureOptions::default()
    })
    .await
}

/// What the sender gets: the status, a header, the body.
async fn ask(
    cloud: &AzureCloud,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> (u16, String, String) {
    let answer = client::post(&cloud.webhook_url(), headers, body.into()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let names = ["allow", "www-authenticate", "retry-after"];
    let header = names.iter().find_map(|name| answer.headers().get(*name));
    let header = header
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    (answer.status().as_u16(), header, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_host_does_not_pass_on_is_answered_in_the_order_of_the_contract() {
    let cloud = unproxied(&[("MAX_BODY_BYTES", "10000")]).await;
    let get = Request::get(cloud.webhook_url())
        .body(Bytes::new())
        .unwrap();
    let answer = client::send(get).await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["allow"].as_bytes()
        ),
        (405, &b"POST"[..])
    );
    for headers in [&[][..], &[("authorization", "Bearer wrong")]] {
        let (status, header, _) = ask(&cloud, headers, "{").await;
        assert_eq!((status, header.as_str()), (401, "Bearer"));
    }
    let token = [("authorization", TOKEN)];
    let (status, _, text) = ask(&cloud, &token, "[{]").await;
    assert_eq!(
        (status, text.contains(r#""offset":2"#)),
        (400, true),
        "{text}"
    );
    assert_eq!(ask(&cloud, &token, "x".repeat(10_001)).await.0, 413);
    let empty = [("authorization", TOKEN), ("content-length", "0")];
    assert_eq!(ask(&cloud, &empty, "").await.0, 400);
    assert_eq!(dead_letters(&cloud).len(), 2);

    let body = format!("[7,{}]", event("a"));
    let (status, _, text) = ask(&cloud, &token, body).await;
    let counts = r#"{"received":2,"delivered":1,"filtered":0,"set_aside":1}"#;
    assert_eq!((status, text.as_str()), (200, counts));
    // These the host hands over as bytes.
    let binary = [
        ("authorization", TOKEN),
        ("content-type", "application/octet-stream"),
    ];
    assert_eq!(ask(&cloud, &binary, event("b")).await.0, 200);
    settled(&cloud).await;
    assert_eq!(cloud.logs.log_ids(), once_each(["a", "b"]));
    let says_it = |output: &str| output.contains("enableProxyingHttpRequest");
    let output = cloud.ingest.output();
    assert_eq!(
        output.lines().filter(|line| says_it(line)).count(),
        1,
        "{output}"
    );
    assert!(!output.contains(TOKEN), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_the_host_loses_is_asked_for_again() {
    let cloud = unproxied(&[]).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(event("a").as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for coding in [&[][..], &[("content-encoding", "gzip")]] {
        let headers = [&[("authorization", TOKEN)], coding].concat();
        let (status, header, _) = ask(&cloud, &headers, packed.clone()).await;
        assert_eq!((status, header.as_str()), (503, "30"));
    }
    let headers = [("authorization", TOKEN), ("transfer-encoding", "chunked")];
    let (status, header, _) = ask(&cloud, &headers, event("a")).await;
    assert_eq!((status, header.as_str()), (503, "30"));
    // A wrong token is told first.
    let headers = [("authorization", "wrong"), ("content-encoding", "gzip")];
    assert_eq!(ask(&cloud, &headers, packed).await.0, 401);
    assert_eq!(dead_letters(&cloud).len(), 0);
    assert_eq!(cloud.topic.published().len(), 0);
}

/// What a body looks like is its sender's choice, so it never counts as an envelope.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_looks_like_the_hosts_envelope_is_only_a_body() {
    let cloud = azure(AzureOptions::default()).await;
    let inner = serde_json::to_string(&event("a")).unwrap();
    let envelope = format!(
        r#"{{"Data":{{"request":{{"Method":"POST","Headers":{{"Authorization":["{TOKEN}"]}},"Body":{inner}}}}},"Metadata":{{}}}}"#
    );
    let (status, _, _) = ask(&cloud, &[], envelope.clone()).await;
    assert_eq!(status, 401);
    let (status, _, text) = ask(&cloud, &[("authorization", TOKEN)], envelope).await;
    let counts = r#"{"received":1,"delivered":0,"filtered":0,"set_aside":1}"#;
    assert_eq!((status, text.as_str()), (200, counts));
    let letters = dead_letters(&cloud);
    let reason = &letters.values().next().unwrap()["reason"];
    assert_eq!(
        reason,
        "not a log event: looks like an invocation by the Functions host"
    );
}
