//! What is shown of a tenant's log streams, and what never is.

use serde_json::{Value, json};

use crate::rig::{OTHERS_KEY, Rig, changed, webhook_stream};

#[tokio::test]
async fn every_log_stream_is_shown_without_its_credentials() {
    let rig = Rig::start().await;
    let changes = json!({
        "sink": { "httpCustomHeaders": [{ "header": "X-Key", "value": OTHERS_KEY }] },
        "filters": [{ "type": "category", "name": "user.fail" }, { "type": "category", "name": "other" }],
        "pii_config": { "log_fields": ["email", "username"], "method": "hash", "algorithm": "xxhash" },
        "isPriority": true,
    });
    let url = format!("https://logs.example.com/receive?code={OTHERS_KEY}");
    rig.tenant
        .add_log_stream(changed(webhook_stream(&url), &changes));
    rig.tenant.add_log_stream(json!({
        "id": "lst_2", "name": "bus", "type": "eventbridge", "status": "suspended",
        "sink": { "awsAccountId": "123456789012", "awsRegion": "eu-central-1", "awsPartnerEventSource": "aws.partner/auth0.com/acme-1/auth0.logs" },
    }));
    rig.tenant.add_log_stream(json!({
        "id": "lst_3", "name": "another", "type": "sumo", "status": "active",
        "sink": { "sumoSourceAddress": format!("https://collectors.example.com/{OTHERS_KEY}") },
    }));
    let shown = [
        "lst_0000000000000001 (relay)\n  type            http\n  status          active",
        "  url             https://logs.example.com/receive?[secret]\n",
        "  passes          other, user.fail\n  pii             hash of email, username\n  priority        yes",
        "lst_2 (bus)\n  type            eventbridge\n  status          suspended\n  account         123456789012",
        "  event source    aws.partner/auth0.com/acme-1/auth0.logs\n  passes          everything",
        "lst_3 (another)\n  type            sumo\n  status          active\n  passes          everything\n  pii             not treated",
    ];
    rig.run("status").await.expect(0, &shown);

    let ran = rig.run("status --json").await;
    ran.expect(0, &[]);
    let shown: Value = serde_json::from_str(&ran.output).unwrap();
    let first = json!({
        "id": "lst_0000000000000001", "name": "relay", "type": "http", "status": "active",
        "destination": { "url": "https://logs.example.com/receive?[secret]" },
        "filters": ["other", "user.fail"],
        "pii": { "method": "hash", "log_fields": ["email", "username"] },
        "priority": true,
    });
    assert_eq!(shown[0], first);
    assert_eq!(
        shown[1]["destination"]["event_source"],
        "aws.partner/auth0.com/acme-1/auth0.logs"
    );
    assert_eq!(shown[2]["destination"], json!({}));
    assert_eq!(shown.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_tenant_without_log_streams_says_so() {
    let rig = Rig::start().await;
    rig.run("status")
        .await
        .expect(0, &["The tenant has no log stream."]);
    assert_eq!(rig.run("status --json").await.output, "[]\n");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_told_by_its_place_and_not_quoted() {
    let rig = Rig::start().await;
    rig.tenant
        .add_log_stream(json!({ "id": "lst_1", "type": "http", "filters": OTHERS_KEY }));
    let ran = rig.run("status").await;
    ran.expect(
        4,
        &["cannot read what Auth0 says of its log streams (line 1, column "],
    );
}
