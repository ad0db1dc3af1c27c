//! The Azure side: a cloud of it around debug builds of the real functions, events as Auth0 puts them on its topic.

use std::collections::BTreeMap;
use std::time::Duration;

use cargo_local::azure_cloud::{AzureCloud, AzureOptions};
use cargo_local::cloud::TOKEN;
use fakes::client;
use serde_json::{Value, json};

use super::binaries;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running cloud of Azure.
pub(crate) async fn azure(options: AzureOptions) -> AzureCloud {
    AzureCloud::start(&binaries().await, options).await.unwrap()
}

/// An event of the partner topic: the record is flat in `data`.
pub(crate) fn event(log_id: &str) -> Value {
    event_with(&json!({
        "log_id": log_id,
        "type": "s",
        "date": "2026-11-20T10:30:15.204Z",
        "user_name": "Łucja Example",
        "ip": "2001:db8::7",
    }))
}

/// An event of the partner topic with any data.
pub(crate) fn event_with(data: &Value) -> Value {
    json!({
        "id": "5d1f6a7e-4f0e-4d6b-9a53-0d6a3f2c7f11",
        "subject": "acme",
        "eventType": "com.auth0.Log",
        "eventTime": "2026-11-20T10:30:15.204Z",
        "dataVersion": "1.0",
        "data": data,
    })
}

/// Waits until nothing is on its way.
pub(crate) async fn settled(cloud: &AzureCloud) {
    cloud.settled(PATIENCE).await.unwrap();
}

/// Posts a body to the webhook with the right token; returns status and body.
pub(crate) async fn post(cloud: &AzureCloud, body: impl Into<Vec<u8>>) -> (u16, String) {
    let headers = [("authorization", TOKEN)];
    let answer = client::post(&cloud.webhook_url(), &headers, body.into()).await;
    let answer = answer.unwrap();
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    (answer.status().as_u16(), text)
}

/// Calls the function `replay`; returns what it says of the dead letters.
pub(crate) async fn replay(cloud: &AzureCloud) -> Value {
    let url = cloud.subscriber.http_url("replay").unwrap();
    let answer = client::post(&url, &[], "").await.unwrap();
    assert_eq!(answer.status(), 200, "{:?}", answer.body());
    serde_json::from_slice(answer.body()).unwrap()
}

/// The dead letters, by their names.
pub(crate) fn dead_letters(cloud: &AzureCloud) -> BTreeMap<String, Value> {
    let blobs = cloud.dead_letters.blobs().into_iter();
    blobs
        .map(|(name, text)| (name, serde_json::from_str(&text).unwrap()))
        .collect()
}
