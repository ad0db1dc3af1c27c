//! What `aws-webhook-ingest` answers, row by row: each request comes by every door that a front end has.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::kit::ingest::{Ingest, TOKEN};
use crate::kit::reply::Reply;

mod dead_letters;
mod delivery;
mod forms;
mod identifiers;
mod refusals;

/// How often a request arrives, as [`ask`] sends it.
const DOORS: usize = 4;

/// The log event that fills bodies whose content does not matter.
const EVENT: &str =
    r#"{"log_id":"1","data":{"type":"s","log_id":"1","date":"2026-11-20T10:30:15.204Z"}}"#;

/// Sends a request to the function URL as text and as a binary body, and to the function as an HTTP API does, with and
/// without base64; every door must bring the same answer.
async fn ask(ingest: &Ingest, method: &str, authorization: Option<&str>, body: &[u8]) -> Reply {
    let text = String::from_utf8(body.to_vec());
    let mut replies = Vec::new();
    for content_type in [
        "application/json; charset=utf-8",
        "application/octet-stream",
    ] {
        let mut headers = vec![("content-type", content_type)];
        headers.extend(authorization.map(|value| ("authorization", value)));
        replies.push(ingest.request(method, &headers, body.to_vec()).await);
    }
    let base64 = (STANDARD.encode(body), true);
    let plain = text.map_or_else(|_| base64.clone(), |text| (text, false));
    for (body, is_base64) in [base64, plain] {
        let event = gateway_event(method, authorization, &body, is_base64);
        replies.push(ingest.invoke(&event).await.unwrap());
    }
    assert_eq!(replies.len(), DOORS);
    let first = replies.remove(0);
    for other in &replies {
        let told = |reply: &Reply| (reply.status, reply.body.clone());
        assert_eq!(told(other), told(&first));
        for name in ["content-type", "allow", "www-authenticate", "retry-after"] {
            assert_eq!(other.header(name), first.header(name), "{name}");
        }
    }
    assert_eq!(first.header("content-type"), Some("application/json"));
    first
}

/// Posts a body with the token by every door.
async fn ask_to_post(ingest: &Ingest, body: impl AsRef<[u8]>) -> Reply {
    ask(ingest, "POST", Some(TOKEN), body.as_ref()).await
}

/// What an HTTP API of API Gateway hands to a function (payload format 2.0).
fn gateway_event(
    method: &str,
    authorization: Option<&str>,
    body: &str,
    is_base64_encoded: bool,
) -> Value {
    let mut headers = json!({
        "accept-encoding": "gzip", "content-length": body.len().to_string(),
        "content-type": "application/json", "host": "logs.example.com", "user-agent": "Auth0",
        "x-forwarded-for": "192.0.2.10", "x-forwarded-port": "443", "x-forwarded-proto": "https",
    });
    if let Some(authorization) = authorization {
        headers["authorization"] = authorization.into();
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/logs", "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": "logs.example.com",
            "domainPrefix": "logs", "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default",
            "stage": "$default", "time": "20/Nov/2026:10:30:15 +0000", "timeEpoch": 1_795_170_615_204_i64,
            "http": {
                "method": method, "path": "/logs", "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.10", "userAgent": "Auth0",
            },
        },
        "body": body, "isBase64Encoded": is_base64_encoded,
    })
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// The answer of a request that was handed off.
fn handed_off(received: usize, delivered: usize, filtered: usize, set_aside: usize) -> String {
    format!(
        r#"{{"received":{received},"delivered":{delivered},"filtered":{filtered},"set_aside":{set_aside}}}"#
    )
}

/// Takes out what a dead letter keeps of bytes: text as text, bytes that are none packed.
fn take_kept(dead_letter: &mut Value) -> Vec<u8> {
    let members = dead_letter.as_object_mut().unwrap();
    let event = members.remove("event").unwrap();
    let event = event.as_str().unwrap();
    match members.remove("encoding") {
        None => event.as_bytes().to_vec(),
        Some(encoding) => {
            assert_eq!(encoding, "gzip");
            let packed = STANDARD.decode(event).unwrap();
            tenant_logs::gunzip(&packed, 10_000_000).unwrap()
        }
    }
}

/// A whole dead letter, but for the moment at which it was written.
fn without_time(mut dead_letter: Value) -> Value {
    let at = dead_letter["at"].take();
    let at: tenant_logs::Timestamp = at.as_str().unwrap().parse().unwrap();
    let age = tenant_logs::Timestamp::now() - at;
    assert!((0..60).contains(&age.get_seconds()), "{age}");
    dead_letter.as_object_mut().unwrap().remove("at");
    dead_letter
}
