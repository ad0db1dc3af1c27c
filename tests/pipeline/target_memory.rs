//! What the largest batch that Lambda hands over needs of memory, which the template gives.

use std::fs;

use cargo_local::cloud::CloudOptions;
use serde_json::json;

use crate::kit::target::{failures_of, record};
use crate::kit::{cloud, say, settings};

/// What Lambda hands over at most.
const PAYLOAD_BYTES: usize = 6_291_456;

/// A record as Auth0's are, of about 1.4 KB.
fn event(number: usize) -> String {
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";
    let log_id = format!(
        "90020261121{:02}{:02}{:02}{number:021}",
        number / 3_600,
        number / 60 % 60,
        number % 60
    );
    let notes: Vec<String> = (0..10)
        .map(|note| format!("a note {note} of what was asked and answered"))
        .collect();
    json!({"log_id": log_id, "data": {
        "type": "s", "date": "2026-11-21T10:00:00.000Z", "log_id": log_id, "ip": "192.0.2.7", "user_agent": agent,
        "user_name": "lucja@example.com", "user_id": "auth0|0123456789", "client_id": "Dx0TmVb3KqYs6RzP",
        "connection": "Username-Password-Authentication", "strategy": "auth0", "hostname": "acme.example.com",
        "details": {"prompts": notes, "session_id": "0123456789", "stats": {"loginsCount": number}},
    }})
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_batch_as_ecs_needs_less_than_half_of_the_memory_that_the_template_gives() {
    let cloud = cloud(CloudOptions {
        environment: settings(&[("SINKS", "http:ecs")]),
        keeps_events: false,
        ..CloudOptions::default()
    })
    .await;
    let (mut records, mut bytes, mut number) = (Vec::new(), 0, 0);
    while bytes < PAYLOAD_BYTES - 200_000 {
        let events: Vec<String> = (0..50).map(|index| event(number + index)).collect();
        number += 50;
        let record = record(
            &records.len().to_string(),
            Some(&format!("[{}]", events.join(","))),
        );
        bytes += record.to_string().len() + 1;
        records.push(record);
    }
    assert!(bytes < PAYLOAD_BYTES, "{bytes}");
    assert_eq!(failures_of(&cloud, records).await, [""; 0]);
    assert_eq!(
        cloud.collector.counts().events,
        u64::try_from(number).unwrap()
    );
    let peak_bytes = cloud.target.usage().unwrap().peak_memory_bytes;
    say(&format!(
        "a batch of {bytes} bytes, {number} events as ecs: peak memory {} KiB",
        peak_bytes / 1_024
    ));
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/aws/deliver.yaml");
    let template = fs::read_to_string(template).unwrap();
    let (_, after) = template.split_once("MemorySize: ").unwrap();
    let megabytes: u64 = after.lines().next().unwrap().parse().unwrap();
    assert!(
        peak_bytes < megabytes * 1_048_576 / 2,
        "{peak_bytes} of {megabytes} MB"
    );
}
