//! From AWS to a Log Analytics workspace, by an application's secret.

use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::aws::secrets_manager::SecretsManager;
use fakes::azure::entra::{CLIENT_SECRET, Entra};
use fakes::azure::logs_ingestion::LogsIngestion;
use fakes::collector::Refusal;
use fakes::faults::{Fault, Faults};
use serde_json::{Value, json};

use crate::kit::target::{event, event_of_type, failed, once_each};
use crate::kit::{cloud, dead_letters, settings};

/// The target with its workspace, both where they are and the faults of each.
struct Azure {
    cloud: Cloud,
    entra: Entra,
    ingestion: LogsIngestion,
    /// Of what issues tokens.
    entra_faults: Faults,
    /// Of what takes rows.
    faults: Faults,
}

async fn azure(sinks: &str) -> Azure {
    azure_with(sinks, &[]).await
}

/// The same with more settings, or others.
async fn azure_with(sinks: &str, changes: &[(&str, &str)]) -> Azure {
    let [entra_faults, faults] = [(); 2].map(|()| Faults::healthy());
    let entra = Entra::start(entra_faults.clone()).await.unwrap();
    let ingestion = LogsIngestion::start(entra.tokens(), faults.clone());
    let ingestion = ingestion.await.unwrap();
    let mut environment = entra.client_secret();
    environment.extend(ingestion.settings());
    environment.extend(settings(&[("SINKS", sinks)]));
    environment.extend(settings(changes));
    let options = CloudOptions {
        environment,
        timeout: Duration::from_secs(20),
        ..CloudOptions::default()
    };
    Azure {
        cloud: cloud(options).await,
        entra,
        ingestion,
        entra_faults,
        faults,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_aws_each_event_is_stored_once_in_the_table_that_it_belongs_to() {
    let azure = azure("log-analytics:asim").await;
    let bodies = [
        event_of_type("s", "1"),
        event_of_type("ss", "2"),
        event_of_type("a_code_of_next_year", "3"),
    ];
    for _ in 0..2 {
        assert_eq!(failed(&azure.cloud, &bodies).await, [0; 0]);
    }
    assert_eq!(azure.ingestion.log_ids(), once_each(["1", "2", "3"]));
    let rows = azure.ingestion.rows();
    let mut streams: Vec<&str> = rows.iter().map(|row| row.stream.as_str()).collect();
    streams.sort_unstable();
    let expected = [
        "Custom-ASimAudit",
        "Custom-ASimAuthentication",
        "Custom-Auth0Logs",
    ];
    assert_eq!(streams, expected);
    assert_eq!(azure.entra.tokens().issued(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_aws_a_revoked_token_a_busy_rule_and_a_missing_role_cost_nothing() {
    let azure = azure("log-analytics").await;
    let bodies: Vec<String> = (0..20).map(|number| event(&number.to_string())).collect();
    azure.faults.always(Fault::Denied);
    let all: Vec<usize> = (0..20).collect();
    assert_eq!(failed(&azure.cloud, &bodies).await, all);
    azure.faults.always(Fault::Busy {
        status: 429,
        retry_after_secs: 600,
    });
    assert_eq!(failed(&azure.cloud, &bodies).await, all);
    azure.faults.clear();
    azure.entra.tokens().revoke_all();
    assert_eq!(failed(&azure.cloud, &bodies).await, [0; 0]);
    let expected = once_each((0..20).map(|number| number.to_string()));
    assert_eq!(azure.ingestion.log_ids(), expected);
    assert_eq!(dead_letters(&azure.cloud.set_aside_queue).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_aws_a_row_that_the_rule_refuses_is_set_aside_alone() {
    let azure = azure("log-analytics").await;
    azure.ingestion.refuse(vec![Refusal {
        contains: "\"bad\"".to_owned(),
        status: 400,
    }]);
    let bodies = ["good", "bad", "better"].map(event);
    assert_eq!(failed(&azure.cloud, &bodies).await, [0; 0]);
    assert_eq!(azure.ingestion.log_ids(), once_each(["good", "better"]));
    let dead_letters = dead_letters(&azure.cloud.set_aside_queue);
    let named: Vec<_> = dead_letters
        .iter()
        .map(|dead_letter| (&dead_letter["sink"], &dead_letter["log_id"]))
        .collect();
    assert_eq!(named, [(&json!("log-analytics"), &json!("bad"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_entra_issues_no_token_all_is_handed_back_and_another_sink_goes_on() {
    let azure = azure("log-analytics,http").await;
    azure.entra_faults.always(Fault::Status(503));
    let bodies = [event("1"), event("2")];
    assert_eq!(failed(&azure.cloud, &bodies).await, [0, 1]);
    assert_eq!(azure.ingestion.counts().calls, 0);
    azure.entra_faults.clear();
    assert_eq!(failed(&azure.cloud, &bodies).await, [0; 0]);
    assert_eq!(azure.ingestion.log_ids(), once_each(["1", "2"]));
    assert_eq!(azure.cloud.collector.log_ids(), once_each(["1", "2"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applications_secret_is_read_by_its_arn_and_one_that_ended_is_told_by_its_code_alone() {
    let manager = SecretsManager::start(Faults::healthy()).await.unwrap();
    for (secret, expected) in [(CLIENT_SECRET, vec![]), ("a-secret-that-ended", vec![0])] {
        let arn = manager.put("application", secret);
        let changes = [
            ("ENTRA_CLIENT_SECRET", ""),
            ("ENTRA_CLIENT_SECRET_ARN", &arn),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &manager.url()),
        ];
        let azure = azure_with("log-analytics", &changes).await;
        assert_eq!(failed(&azure.cloud, &[event("1")]).await, expected);
        let arrived = azure.ingestion.log_ids().len();
        assert_eq!(arrived, 1 - expected.len());
        let is_told = |output: &str| expected.is_empty() || output.contains("invalid_client");
        let output = azure.cloud.target.output_when(is_told).await;
        assert!(is_told(&output), "{output}");
        assert!(!output.contains(secret), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_keeps_what_raw_says_and_else_the_rest_where_it_is_billed_by_the_byte() {
    let body = r#"{"log_id":"1","data":{"log_id":"1","type":"s","date":"2026-11-20T10:30:15.204Z","novel":7}}"#;
    let event: Value = serde_json::from_str(body).unwrap();
    for (raw, in_workspace, original, auth0) in [
        ("", json!({"novel": 7}), Some(body), json!({"novel": 7})),
        ("whole", event, Some(body), json!({"novel": 7})),
        ("rest", json!({"novel": 7}), None, json!({"novel": 7})),
        ("none", json!({}), None, Value::Null),
    ] {
        let azure = azure_with("log-analytics,http:ecs", &[("RAW", raw)]).await;
        assert_eq!(failed(&azure.cloud, &[body]).await, [0; 0]);
        let row = azure.ingestion.rows().remove(0);
        assert_eq!(row.columns["Raw"], in_workspace, "{raw}");
        let documents = azure.cloud.collector.events();
        let document: Value = serde_json::from_str(&documents[0]).unwrap();
        assert_eq!(document["event"]["original"].as_str(), original, "{raw}");
        assert_eq!(document["auth0"], auth0, "{raw}");
    }
}
