//! Rows at the endpoint of a data collection rule: each stored once, cut where a column is too short, refused alone.

use std::time::Duration;

use fakes::azure::entra::{Entra, Tokens};
use fakes::azure::logs_ingestion::{LogsIngestion, RULE_ID, StoredRow};
use fakes::collector::Refusal;
use fakes::faults::{Fault, Faults};
use http_clients::{EntraIdentity, LogAnalytics, LogAnalyticsSettings};
use relay::settings::environment;
use relay::{Delivery, Learned, Patience, Remedy, Row, Sending, Sink};
use serde_json::{Value, json};
use tenant_logs::{AsimStream, Schema, known_event_types, parse};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::app::{App, read as read_settings};

async fn start(tokens: Tokens) -> (LogsIngestion, Faults) {
    let faults = Faults::healthy();
    let ingestion = LogsIngestion::start(tokens, faults.clone()).await;
    (ingestion.unwrap(), faults)
}

async fn send(sink: &LogAnalytics, schema: Schema, body: &str) -> Delivery {
    let parsed = parse(body).unwrap();
    let rows: Vec<Row<'_>> = parsed
        .log_events
        .iter()
        .map(|log_event| Row {
            log_event,
            json: schema.write(log_event),
            trace_id: None,
        })
        .collect();
    let sending = Sending {
        until: Instant::now() + Duration::from_mins(1),
        patience: Patience::WholeTime,
        max_tries: 3,
        learned: Learned::default(),
    };
    let mut delivery = sink.send(&rows, &sending).await;
    delivery.delivered.sort_unstable();
    delivery
}

fn sink(identity: &EntraIdentity, ingestion: &LogsIngestion, schema: Schema) -> LogAnalytics {
    let settings = read_settings(&ingestion.settings(), LogAnalyticsSettings::read);
    LogAnalytics::new(identity, &settings, schema)
}

/// One event of every type code that is known, and one of a code that is not.
fn events() -> String {
    let codes = known_event_types().map(|known| known.code);
    let events = codes
        .chain(["a_code_of_next_year"])
        .enumerate()
        .map(|(index, code)| {
            let data = json!({
                "type": code,
                "date": "2026-11-21T10:00:00.123Z",
                "description": "é, \u{1} and \"quotes\"",
                "ip": "192.0.2.7",
                "user_name": "grace@example.com",
                "details": {"n": 1.50, "big": 12_345_678_901_234_567_890_u64},
            });
            json!({"log_id": format!("9002026112110{index:011}"), "data": data})
        });
    Value::from(events.collect::<Vec<_>>()).to_string()
}

#[tokio::test]
async fn every_event_is_stored_once_with_either_identity() {
    for uses_secret in [false, true] {
        let entra = Entra::start(Faults::healthy()).await.unwrap();
        let identity = if uses_secret {
            read_settings(&entra.client_secret(), EntraIdentity::read_application)
        } else {
            read_settings(&entra.managed_identity(), EntraIdentity::read_managed)
        };
        let (ingestion, _) = start(entra.tokens()).await;
        let sink = sink(&identity, &ingestion, Schema::Sentinel);
        let delivery = send(&sink, Schema::Sentinel, &events()).await;
        let count = known_event_types().count() + 1;
        assert_eq!(delivery, Delivery::all_delivered(count));
        assert_eq!(ingestion.log_ids().len(), count);
        assert!(ingestion.log_ids().values().all(|count| *count == 1));
        assert_eq!(entra.tokens().issued(), 1);
    }
}

#[tokio::test]
async fn a_normalized_row_is_stored_in_the_table_of_its_event() {
    let app = App::start().await;
    let (ingestion, _) = start(app.tokens()).await;
    let sink = sink(&app.identity, &ingestion, Schema::Asim);
    let body = events();
    let delivery = send(&sink, Schema::Asim, &body).await;
    let log_events = parse(&body).unwrap().log_events;
    assert_eq!(delivery, Delivery::all_delivered(log_events.len()));
    let rows = ingestion.rows();
    assert_eq!(rows.len(), log_events.len());
    for log_event in &log_events {
        let (stream, column) = match AsimStream::of(log_event) {
            AsimStream::Authentication => ("Custom-ASimAuthentication", "EventOriginalUid"),
            AsimStream::Audit => ("Custom-ASimAudit", "EventOriginalUid"),
            AsimStream::Auth0Logs => ("Custom-Auth0Logs", "LogId"),
        };
        let is_it = |row: &&StoredRow| {
            row.stream == stream
                && row
                    .columns
                    .get(column)
                    .is_some_and(|id| id == log_event.log_id())
        };
        assert_eq!(
            rows.iter().filter(is_it).count(),
            1,
            "{:?}",
            log_event.event_type()
        );
    }
}

#[tokio::test]
async fn what_a_column_cannot_hold_is_cut_before_it_is_sent() {
    let app = App::start().await;
    let (ingestion, _) = start(app.tokens()).await;
    let long = "é\u{1}".repeat(60_000);
    let data = json!({"type": "s", "description": long, "details": {"body": long, "kept": 7}});
    let body = json!({"log_id": "1", "data": data}).to_string();
    for schema in [Schema::Sentinel, Schema::Asim] {
        let sink = sink(&app.identity, &ingestion, schema);
        assert_eq!(send(&sink, schema, &body).await, Delivery::all_delivered(1));
    }
    assert_eq!(ingestion.counts().truncated, 0);
    for (row, raw) in ingestion.rows().iter().zip(["Raw", "AdditionalFields"]) {
        let raw = &row.columns[raw];
        assert_eq!(raw["log_id"], "1");
        assert_eq!(raw["data"]["details"]["kept"], 7);
        assert!(
            raw["trimmed"].as_array().unwrap().len() >= 2,
            "{:?}",
            raw["trimmed"]
        );
    }
}

#[tokio::test]
async fn bad_rows_are_set_aside_and_no_other() {
    let app = App::start().await;
    let (ingestion, _) = start(app.tokens()).await;
    ingestion.refuse(vec![
        Refusal {
            contains: "900202611211000000000003".to_owned(),
            status: 400,
        },
        Refusal {
            contains: "900202611211000000000050".to_owned(),
            status: 413,
        },
    ]);
    let sink = sink(&app.identity, &ingestion, Schema::Sentinel);
    let delivery = send(&sink, Schema::Sentinel, &events()).await;
    let mut refused: Vec<(usize, Remedy)> = delivery
        .refused
        .iter()
        .map(|refusal| (refusal.index, refusal.remedy))
        .collect();
    refused.sort_unstable_by_key(|(index, _)| *index);
    assert_eq!(refused, [(3, Remedy::SetAside), (50, Remedy::SetAside)]);
    let stored = usize::try_from(ingestion.counts().rows).unwrap();
    assert_eq!(stored, known_event_types().count() - 1);
    assert!(ingestion.log_ids().values().all(|count| *count == 1));
}

#[tokio::test]
async fn a_revoked_token_and_a_busy_rule_cost_no_row() {
    let app = App::start().await;
    let (ingestion, faults) = start(app.tokens()).await;
    let sink = sink(&app.identity, &ingestion, Schema::Sentinel);
    send(&sink, Schema::Sentinel, &events()).await;
    app.tokens().revoke_all();
    faults.script([
        Fault::Healthy,
        Fault::Busy {
            status: 429,
            retry_after_secs: 1,
        },
    ]);
    let delivery = send(&sink, Schema::Sentinel, &events()).await;
    assert_eq!(delivery.refused, []);
    assert_eq!(ingestion.counts().unauthorized, 1);
    assert_eq!(app.tokens().issued(), 2);
    assert!(ingestion.log_ids().values().all(|count| *count == 2));
}

#[tokio::test]
async fn a_missing_role_is_named_and_everything_is_handed_back() {
    let app = App::start().await;
    let (ingestion, faults) = start(app.tokens()).await;
    faults.always(Fault::Denied);
    let sink = sink(&app.identity, &ingestion, Schema::Sentinel);
    let delivery = send(
        &sink,
        Schema::Sentinel,
        r#"{"log_id":"1","data":{"type":"s"}}"#,
    )
    .await;
    assert_eq!(delivery.refused[0].remedy, Remedy::HandBack);
    let reason = &delivery.refused[0].reason;
    assert!(reason.contains("Monitoring Metrics Publisher"), "{reason}");
}

/// Uploads rows by Microsoft's client for Python.
async fn upload(python: &str, ingestion: &LogsIngestion, token: &str, rows: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.ci/upload_rows.py");
    let mut process = tokio::process::Command::new(python)
        .args([script, &ingestion.url(), RULE_ID, "Custom-Auth0Logs", token])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(rows.as_bytes()).await.unwrap();
    drop(stdin);
    assert!(process.wait().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs AZURE_PEERS_PYTHON"]
async fn microsofts_own_client_stores_the_same_rows() {
    let python = environment("AZURE_PEERS_PYTHON").unwrap();
    let app = App::start().await;
    let (ours, _) = start(app.tokens()).await;
    let (theirs, _) = start(app.tokens()).await;
    let body = events();
    let sink = sink(&app.identity, &ours, Schema::Sentinel);
    let delivery = send(&sink, Schema::Sentinel, &body).await;
    assert_eq!(delivery.refused, []);

    let parsed = parse(&body).unwrap();
    let rows = parsed.log_events.iter();
    let rows: Vec<_> = rows
        .map(|log_event| Schema::Sentinel.write(log_event))
        .collect();
    let token = app.tokens().any().unwrap();
    upload(&python, &theirs, &token, &format!("[{}]", rows.join(","))).await;
    assert_eq!(ours.rows().len(), parsed.log_events.len());
    assert_eq!(ours.rows(), theirs.rows());
}
