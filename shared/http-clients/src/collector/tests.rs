mod time;

use std::sync::Arc;

use relay::Remedy;
use serde_json::json;
use tenant_logs::{Parsed, Schema, parse};
use tokio::sync::Barrier;

use super::settings::tests::read_settings;
use super::*;
use crate::test_settings;
use crate::tries::{once, send_rows};
use fakes::test_server::{Answer, Call, TestServer};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(4);

fn element(index: usize) -> String {
    format!(r#"{{"log_id":"{index}","data":{{"type":"s"}}}}"#)
}

/// Log events `0` to `count - 1`.
fn body(count: usize) -> String {
    let elements: Vec<String> = (0..count).map(element).collect();
    format!("[{}]", elements.join(","))
}

/// Sends a body's log events to a collector with these settings besides its URL.
async fn send_to(url: &str, values: &[(&str, &str)], body: &str, time: Duration) -> Delivery {
    send_as(&once(time), url, values, body).await
}

async fn send_as(sending: &Sending, url: &str, values: &[(&str, &str)], body: &str) -> Delivery {
    let values: Vec<_> = values
        .iter()
        .copied()
        .chain([("HTTP_SINK_URL", url)])
        .collect();
    let collector = read_settings(&values).unwrap();
    let Parsed { log_events, .. } = parse(body).unwrap();
    send_rows(&collector, Schema::Raw, &log_events, sending).await
}

async fn send(
    values: &[(&str, &str)],
    body: &str,
    time: Duration,
    answer: impl Fn(&Call) -> Answer + Send + Sync + 'static,
) -> (Delivery, TestServer) {
    let server = TestServer::start(answer).await;
    let url = format!("http://{}/in?key=k3y", server.address);
    (send_to(&url, values, body, time).await, server)
}

fn has_row(call: &Call, index: usize) -> bool {
    call.body.contains(&format!(r#""log_id":"{index}""#))
}

fn row_count(call: &Call) -> usize {
    call.body.matches("log_id").count()
}

fn refusals(delivery: &Delivery) -> Vec<(usize, Remedy, &str)> {
    let refused = delivery.refused.iter();
    refused
        .map(|refusal| (refusal.index, refusal.remedy, refusal.reason.as_ref()))
        .collect()
}

#[tokio::test]
async fn rows_are_sent_a_line_each() {
    let (delivery, server) = send(&[], &body(2), LONG, |_| Answer::Status(200)).await;
    assert_eq!(delivery, Delivery::all_delivered(2));
    let [call] = server.calls().try_into().unwrap();
    assert_eq!(call.body, format!("{}\n{}\n", element(0), element(1)));
    assert_eq!(call.path, "/in?key=k3y");
    assert_eq!(call.headers["content-type"], "application/x-ndjson");
    assert_eq!(call.headers["content-length"], call.body.len().to_string());
    assert_eq!(call.headers["user-agent"], "auth0-log-relay/0.1.0");
    assert_eq!(call.headers.get("authorization"), None);
}

#[tokio::test]
async fn an_event_over_several_lines_is_one_line() {
    let body = "[{\n\"log_id\":\"0\",\r\n\"data\":{}}]";
    let (delivery, server) = send(&[], body, LONG, |_| Answer::Status(200)).await;
    assert_eq!(delivery, Delivery::all_delivered(1));
    assert_eq!(
        server.calls()[0].body,
        "{ \"log_id\":\"0\",  \"data\":{}}\n"
    );
}

#[tokio::test]
async fn rows_are_sent_as_an_array() {
    let values = [("HTTP_SINK_FORMAT", "array")];
    let (delivery, server) = send(&values, &body(3), LONG, |_| Answer::Status(200)).await;
    assert_eq!(delivery, Delivery::all_delivered(3));
    let [call] = server.calls().try_into().unwrap();
    assert_eq!(call.body, body(3));
    assert_eq!(call.headers["content-type"], "application/json");
}

#[tokio::test]
async fn the_authorization_is_sent_as_it_is() {
    let values = [("HTTP_SINK_AUTHORIZATION", "Splunk 0000-1111")];
    let (_, server) = send(&values, &body(1), LONG, |_| Answer::Status(200)).await;
    assert_eq!(
        server.calls()[0].headers["authorization"],
        "Splunk 0000-1111"
    );
}

#[tokio::test]
async fn an_authorization_that_no_vault_holds_is_sent_beside_a_vault_too() {
    let server = TestServer::start(|_| Answer::Status(200)).await;
    let url = format!("http://{}/in", server.address);
    let values = [
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token"),
        ("IDENTITY_HEADER", "h"),
        ("HTTP_SINK_URL", &url),
        ("HTTP_SINK_AUTHORIZATION", "Splunk 0000-1111"),
    ];
    let vault = test_settings::read_settings(&values, KeyVault::read).unwrap();
    let collector = read_settings(&values).unwrap().with_vault(vault);
    let body = element(0);
    let log_events = parse(&body).unwrap().log_events;
    let delivery = send_rows(&collector, Schema::Raw, &log_events, &once(LONG)).await;
    assert_eq!(delivery, Delivery::all_delivered(1));
    let [call] = server.calls().try_into().unwrap();
    assert_eq!(call.headers["authorization"], "Splunk 0000-1111");
}

#[tokio::test]
async fn a_call_stays_within_its_rows() {
    let (delivery, server) = send(&[], &body(2_001), LONG, |_| Answer::Status(200)).await;
    assert_eq!(delivery, Delivery::all_delivered(2_001));
    let mut counts: Vec<usize> = server.calls().iter().map(row_count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1_000, 1_000]);
}

#[tokio::test]
async fn a_call_stays_within_its_bytes() {
    // Bodies of ten rows fit to the byte; with one byte more, the tenth row goes into the next call.
    for (format, around) in [("ndjson", 10), ("array", 11)] {
        for (more, expected) in [(0, vec![10]), (1, vec![1, 9])] {
            let row = |size: usize| {
                let empty = r#"{"log_id":"0","data":{"type":""}}"#;
                empty.replace(r#""""#, &format!("\"{}\"", "x".repeat(size - empty.len())))
            };
            let first = 1_000_000 - around + more - 9 * 100_000;
            let rows: Vec<String> = (0..10)
                .map(|i| row(if i == 0 { first } else { 100_000 }))
                .collect();
            let body = format!("[{}]", rows.join(","));
            let values = [("HTTP_SINK_FORMAT", format)];
            let (delivery, server) = send(&values, &body, LONG, |_| Answer::Status(200)).await;
            assert_eq!(delivery, Delivery::all_delivered(10), "{format}");
            let mut counts: Vec<usize> = server.calls().iter().map(row_count).collect();
            counts.sort_unstable();
            assert_eq!(counts, expected, "{format}, {more} more");
            assert!(
                server
                    .calls()
                    .iter()
                    .all(|call| call.body.len() <= 1_000_000)
            );
        }
    }
}

#[tokio::test]
async fn a_row_over_the_limit_goes_alone() {
    let large = json!({"log_id": "1", "data": {"type": "x".repeat(1_000_000)}});
    let body = format!("[{},{large},{}]", element(0), element(2));
    let (delivery, server) = send(&[], &body, LONG, |_| Answer::Status(200)).await;
    assert_eq!(delivery, Delivery::all_delivered(3));
    let mut counts: Vec<usize> = server.calls().iter().map(row_count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2]);
}

#[tokio::test]
async fn rows_that_the_collector_can_never_take_are_found_by_halving() {
    for status in [400, 413, 422] {
        let (delivery, server) = send(&[], &body(100), LONG, move |call| {
            let is_bad = has_row(call, 17) || has_row(call, 99);
            Answer::Status(if is_bad { status } else { 200 })
        })
        .await;
        let reason = format!("the collector answered {status}");
        let reason = reason.as_str();
        assert_eq!(
            refusals(&delivery),
            [
                (17, Remedy::SetAside, reason),
                (99, Remedy::SetAside, reason)
            ]
        );
        let good: Vec<usize> = (0..100).filter(|index| ![17, 99].contains(index)).collect();
        assert_eq!(delivery.delivered, good);
        // About two calls for each bisection: 100, then six or seven more times for each bad row.
        let count = server.calls().len();
        assert!(count <= 27, "{count} calls");
    }
}

#[tokio::test]
async fn a_failure_while_halving_is_worth_another_try_and_no_more() {
    let (delivery, _) = send(&[], &body(4), LONG, |call| match row_count(call) {
        4 => Answer::Status(400),
        _ if has_row(call, 0) => Answer::Status(503),
        _ => Answer::Status(200),
    })
    .await;
    assert_eq!(delivery.delivered, [2, 3]);
    let reason = "the collector answered 503";
    assert_eq!(
        refusals(&delivery),
        [(0, Remedy::Retry, reason), (1, Remedy::Retry, reason)]
    );
}

#[tokio::test]
async fn every_other_answer_is_about_the_whole_call() {
    let retried = [408, 425, 429, 500, 503].map(|status| (status, Remedy::Retry));
    let handed_back = [401, 403, 404, 405, 304].map(|status| (status, Remedy::HandBack));
    for (status, remedy) in retried.into_iter().chain(handed_back) {
        let (delivery, server) = send(&[], &body(2), LONG, move |_| Answer::Status(status)).await;
        let reason = format!("the collector answered {status}");
        let reason = reason.as_str();
        assert_eq!(
            refusals(&delivery),
            [(0, remedy, reason), (1, remedy, reason)]
        );
        assert_eq!(
            server.calls().len(),
            1,
            "{status}: sending again is for the caller"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (delivery, server) = send(&[], &body(1), LONG, |_| Answer::Redirect("/elsewhere")).await;
    let reason = "the collector answered 307";
    assert_eq!(refusals(&delivery), [(0, Remedy::HandBack, reason)]);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_dropped_connection_is_worth_another_try_and_shows_no_url() {
    let (delivery, _) = send(&[], &body(1), LONG, |_| Answer::Drop).await;
    let [(0, Remedy::Retry, reason)] = refusals(&delivery)[..] else {
        panic!("{delivery:?}");
    };
    assert!(
        reason.starts_with("no answer from the collector: "),
        "{reason}"
    );
    assert!(
        !reason.contains("k3y") && !reason.contains("127.0.0.1"),
        "{reason}"
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_worth_another_try() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/k3y", listener.local_addr().unwrap());
    drop(listener);
    let delivery = send_to(&url, &[], &body(1), LONG).await;
    assert_eq!(delivery.refused[0].remedy, Remedy::Retry);
    assert!(!delivery.refused[0].reason.contains("k3y"), "{delivery:?}");
}

#[tokio::test]
async fn calls_are_made_side_by_side() {
    let barrier = Arc::new(Barrier::new(CALLS_AT_ONCE));
    let (delivery, _) = send(&[], &body(4_000), LONG, move |_| {
        Answer::Together(Arc::clone(&barrier))
    })
    .await;
    assert_eq!(delivery, Delivery::all_delivered(4_000));
}

#[tokio::test]
async fn a_connection_serves_the_next_call() {
    let server = TestServer::start(|_| Answer::Status(503)).await;
    let url = format!("http://{}/in", server.address);
    let sending = Sending {
        max_tries: 5,
        ..once(LONG)
    };
    let delivery = send_as(&sending, &url, &[], &body(8)).await;
    assert_eq!((delivery.refused.len(), delivery.retried), (8, 32));
    assert_eq!(server.calls().len(), 5);
    assert_eq!(server.connection_count(), 1);
}

#[tokio::test]
async fn a_private_certificate_is_trusted_by_ssl_cert_file_alone() {
    let (server, certificate) = TestServer::start_tls(|_| Answer::Status(200)).await;
    let url = format!("https://{}/in", server.address);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate).unwrap();
    let values = [("SSL_CERT_FILE", file.path().to_str().unwrap())];
    assert_eq!(
        send_to(&url, &values, &body(2), LONG).await,
        Delivery::all_delivered(2)
    );

    let delivery = send_to(&url, &[], &body(1), LONG).await;
    assert_eq!(delivery.refused[0].remedy, Remedy::Retry);
    assert!(
        delivery.refused[0]
            .reason
            .contains("invalid peer certificate"),
        "{delivery:?}"
    );
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn debug_shows_no_secret() {
    let values = [
        ("HTTP_SINK_URL", "https://logs.example.com/k3y"),
        ("HTTP_SINK_AUTHORIZATION", "Bearer k3y"),
    ];
    let shown = format!("{:?}", read_settings(&values).unwrap());
    assert!(!shown.contains("k3y"), "{shown}");
}
