use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::read::GzDecoder;
use relay::Remedy;
use serde_json::{Value, json};
use tenant_logs::{Parsed, parse};

use super::*;
use crate::test_settings::read_settings;
use crate::tries::{once, send_rows, twice};
use fakes::test_server::{Answer, Call, TestServer};

const LONG: Duration = Duration::from_secs(20);
const RULE_ID: &str = "dcr-00000000000000000000000000000001";

/// A server that hands out tokens, and answers calls with rows as the test says.
async fn server(answer: impl Fn(&[Value]) -> Answer + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |call| {
        if call.path.starts_with("/msi/token?") {
            let body = r#"{"access_token":"t","expires_in":3600}"#;
            return Answer::Full(200, Vec::new(), body.to_owned());
        }
        answer(&rows_of(call))
    })
    .await
}

fn rows_of(call: &Call) -> Vec<Value> {
    serde_json::from_str(&text_of(call)).unwrap()
}

fn text_of(call: &Call) -> String {
    assert!(call.bytes.len() <= 1_000_000);
    let mut text = String::new();
    if call.headers.contains_key("content-encoding") {
        assert_eq!(call.headers["content-encoding"], "gzip");
        GzDecoder::new(&call.bytes[..])
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text.clone_from(&call.body);
    }
    assert!(text.len() <= 1_000_000);
    text
}

fn data_calls(server: &TestServer) -> Vec<Call> {
    let calls = server.calls().into_iter();
    calls
        .filter(|call| call.path.contains("dataCollectionRules"))
        .collect()
}

fn sink(server: &TestServer, schema: Schema) -> LogAnalytics {
    let (base, token) = (
        format!("http://{}/", server.address),
        format!("http://{}/msi/token", server.address),
    );
    let values = [
        ("LOGS_INGESTION_ENDPOINT", base.as_str()),
        ("LOGS_INGESTION_RULE_ID", RULE_ID),
        ("IDENTITY_ENDPOINT", &token),
        ("IDENTITY_HEADER", "h"),
    ];
    let identity = read_settings(&values, EntraIdentity::read_managed).unwrap();
    let settings = read_settings(&values, LogAnalyticsSettings::read).unwrap();
    LogAnalytics::new(&identity, &settings, schema)
}

fn events(codes: &[&str]) -> String {
    let events = codes.iter().enumerate().map(|(index, code)| {
        json!({"log_id": index.to_string(), "data": {"type": code, "date": "2026-11-20T10:00:00Z"}})
    });
    Value::from(events.collect::<Vec<_>>()).to_string()
}

async fn send(sink: &LogAnalytics, body: &str, time: Duration) -> Delivery {
    send_as(&once(time), sink, body).await
}

async fn send_as(sending: &Sending, sink: &LogAnalytics, body: &str) -> Delivery {
    let Parsed { log_events, .. } = parse(body).unwrap();
    send_rows(sink, sink.schema, &log_events, sending).await
}

fn error(status: u16, code: &str) -> Answer {
    let body = json!({"error": {"code": code, "message": "user@example.com is in here"}});
    Answer::Full(status, Vec::new(), body.to_string())
}

#[tokio::test]
async fn rows_are_posted_to_the_rules_stream_as_a_packed_array() {
    let server = server(|_| Answer::Status(204)).await;
    let sink = sink(&server, Schema::Sentinel);
    let delivery = send(&sink, &events(&["s"; 40]), LONG).await;
    assert_eq!(delivery, Delivery::all_delivered(40));
    let [call] = data_calls(&server).try_into().unwrap();
    assert_eq!(call.method, "POST");
    assert_eq!(
        call.path,
        format!("/dataCollectionRules/{RULE_ID}/streams/Custom-Auth0Logs?api-version=2023-01-01")
    );
    assert_eq!(call.headers["content-type"], "application/json");
    assert_eq!(call.headers["content-encoding"], "gzip");
    assert_eq!(call.headers["authorization"], "Bearer t");
    let rows = rows_of(&call);
    assert_eq!((rows.len(), &rows[7]["LogId"]), (40, &json!("7")));
    assert_eq!(rows[7]["Raw"]["data"]["type"], "s");
}

#[tokio::test]
async fn a_row_goes_to_exactly_the_stream_that_it_belongs_to() {
    let server = server(|_| Answer::Status(204)).await;
    let sink = sink(&server, Schema::Asim);
    let codes = ["s", "ss", "api_limit", "fp", "no-such-code"];
    let delivery = send(&sink, &events(&codes), LONG).await;
    assert_eq!(delivery, Delivery::all_delivered(5));
    let mut streams: Vec<(String, usize)> = data_calls(&server)
        .iter()
        .map(|call| {
            let stream = call.path.rsplit('/').next().unwrap();
            (
                stream.split('?').next().unwrap().to_owned(),
                rows_of(call).len(),
            )
        })
        .collect();
    streams.sort();
    let expected = [
        ("Custom-ASimAudit", 1),
        ("Custom-ASimAuthentication", 2),
        ("Custom-Auth0Logs", 2),
    ];
    assert_eq!(
        streams,
        expected.map(|(name, count)| (name.to_owned(), count))
    );
}

#[tokio::test]
async fn a_call_stays_within_its_bytes_packed_and_unpacked() {
    let server = server(|_| Answer::Status(204)).await;
    let sink = sink(&server, Schema::Sentinel);
    let events: Vec<Value> = (0..60)
        .map(|index| json!({"log_id": index.to_string(), "data": {"type": "s", "x": "y".repeat(50_000)}}))
        .collect();
    let delivery = send(&sink, &Value::from(events).to_string(), LONG).await;
    assert_eq!(delivery, Delivery::all_delivered(60));
    let calls = data_calls(&server);
    assert!(
        calls
            .iter()
            .map(rows_of)
            .map(|rows| rows.len())
            .sum::<usize>()
            == 60
    );
    assert_eq!(calls.len(), 4);
}

#[tokio::test]
async fn a_row_that_is_too_large_even_cut_is_set_aside() {
    let server = server(|_| Answer::Status(204)).await;
    let sink = sink(&server, Schema::Sentinel);
    // Each of these becomes a column of its own.
    let names = [
        "description",
        "connection",
        "connection_id",
        "client_id",
        "client_name",
        "ip",
        "user_agent",
        "hostname",
        "user_id",
        "user_name",
        "audience",
        "scope",
        "strategy",
        "strategy_type",
        "tenant_name",
    ];
    let mut data: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), "x".repeat(70_000).into()))
        .collect();
    data.insert("type".to_owned(), "s".into());
    let body = json!([{"log_id": "0", "data": data}, {"log_id": "1", "data": {"type": "s"}}]);
    let delivery = send(&sink, &body.to_string(), LONG).await;
    assert_eq!(delivery.delivered, [1]);
    assert_eq!(delivery.refused[0].remedy, Remedy::SetAside);
    assert_eq!(
        delivery.refused[0].reason,
        "over the 1000000 bytes of a call, even cut"
    );
}

#[tokio::test]
async fn rows_that_are_refused_for_their_content_are_found_by_halving() {
    for (status, code) in [(400, "InvalidRequest"), (413, "ContentLengthLimitExceeded")] {
        let server = server(move |rows| {
            let is_bad = |row: &Value| row["LogId"] == "17" || row["LogId"] == "99";
            if rows.iter().any(is_bad) {
                error(status, code)
            } else {
                Answer::Status(204)
            }
        })
        .await;
        let sink = sink(&server, Schema::Sentinel);
        let delivery = send(&sink, &events(&["s"; 100]), LONG).await;
        assert_eq!(delivery.delivered.len(), 98);
        let reason = format!("data collection rule `{RULE_ID}` answered {status} {code}");
        for (refusal, index) in delivery.refused.iter().zip([17, 99]) {
            assert_eq!((refusal.index, refusal.remedy), (index, Remedy::SetAside));
            assert_eq!(refusal.reason, reason);
        }
        assert_eq!(delivery.refused.len(), 2);
    }
}

async fn check_refused(answer: fn() -> Answer, remedy: Remedy, reason: &str) {
    let server = server(move |_| answer()).await;
    let sink = sink(&server, Schema::Sentinel);
    let delivery = send(&sink, &events(&["s", "f"]), LONG).await;
    let reason = format!("data collection rule `{RULE_ID}` answered {reason}");
    assert_eq!(delivery, Delivery::all_refused(2, remedy, reason));
    assert_eq!(data_calls(&server).len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_rule_stream_or_role_is_named_with_what_to_change() {
    check_refused(
        || error(403, "OperationFailed"),
        Remedy::HandBack,
        "403 OperationFailed: check that the identity has the role Monitoring Metrics Publisher on the \
         data collection rule LOGS_INGESTION_RULE_ID (a new role takes some minutes)",
    )
    .await;
    let settings = "check LOGS_INGESTION_ENDPOINT, LOGS_INGESTION_RULE_ID, LOGS_INGESTION_STREAM and the streams of \
         that rule (a change takes some minutes)";
    check_refused(
        || error(400, "InvalidStream"),
        Remedy::HandBack,
        &format!("400 InvalidStream: {settings}"),
    )
    .await;
    check_refused(
        || error(404, "NotFound"),
        Remedy::Stop,
        &format!("404 NotFound: {settings}"),
    )
    .await;
}

#[tokio::test]
async fn what_may_pass_later_is_left_to_the_caller() {
    check_refused(|| Answer::Status(503), Remedy::Retry, "503").await;
    let busy = || {
        let headers = vec![("retry-after", "60".to_owned())];
        Answer::Full(429, headers, String::new())
    };
    check_refused(busy, Remedy::Retry, "429").await;
}

#[tokio::test]
async fn a_wait_that_the_service_asks_for_is_kept_where_there_is_time() {
    let count = AtomicUsize::new(0);
    let server = server(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::Full(429, vec![("retry-after", "1".to_owned())], String::new()),
        _ => Answer::Status(204),
    })
    .await;
    let sink = sink(&server, Schema::Sentinel);
    let begun = Instant::now();
    let delivery = send_as(&twice(Duration::from_mins(1)), &sink, &events(&["s"])).await;
    assert_eq!((delivery.delivered, delivery.retried), (vec![0], 1));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(data_calls(&server).len(), 2);
}

#[test]
fn settings_that_cannot_be_right_are_named() {
    let problems = |values: &[(&str, &str)]| {
        let settings = read_settings(values, LogAnalyticsSettings::read);
        settings.unwrap_err().to_string()
    };
    assert_eq!(
        problems(&[]),
        "2 settings are wrong:\n  LOGS_INGESTION_ENDPOINT: required, not set\n  \
         LOGS_INGESTION_RULE_ID: required, not set"
    );
    assert_eq!(
        problems(&[
            ("LOGS_INGESTION_ENDPOINT", "http://acme.example.com"),
            ("LOGS_INGESTION_RULE_ID", "/subscriptions/x"),
            ("LOGS_INGESTION_STREAM", "Auth0Logs_CL"),
        ]),
        "3 settings are wrong:\n  LOGS_INGESTION_ENDPOINT: cannot read `http://acme.example.com` (want an https URL, \
         or http on a loopback address, without user, query and fragment)\n  LOGS_INGESTION_RULE_ID: cannot read \
         `/subscriptions/x` (want the immutable ID of a data collection rule, `dcr-…`)\n  LOGS_INGESTION_STREAM: \
         cannot read `Auth0Logs_CL` (want the name of a stream, `Custom-…`)"
    );
}

#[test]
fn tokens_are_for_the_cloud_that_the_endpoint_belongs_to() {
    for (host, resource) in [
        (
            "acme.westeurope-1.ingest.monitor.azure.com",
            "https://monitor.azure.com",
        ),
        (
            "acme.usgovvirginia-1.ingest.monitor.azure.us",
            "https://monitor.azure.us",
        ),
        (
            "acme.chinaeast2-1.ingest.monitor.azure.cn",
            "https://monitor.azure.cn",
        ),
    ] {
        let endpoint = format!("https://{host}");
        let values = [
            ("LOGS_INGESTION_ENDPOINT", endpoint.as_str()),
            ("LOGS_INGESTION_RULE_ID", RULE_ID),
        ];
        let settings = read_settings(&values, LogAnalyticsSettings::read).unwrap();
        assert_eq!(settings.resource(), resource);
    }
}
