//! The memory of the real functions while a small body unpacks to millions of elements.

use cargo_local::azure_cloud::AzureOptions;

use super::gzip;
use crate::kit::ingest::Ingest;
use crate::kit::say;

const MAX_BODY_BYTES: u64 = 6_291_456;

/// A gzip body of two million numbers, and others of the kind.
fn bombs() -> Vec<(&'static str, Vec<u8>, u16)> {
    let numbers = format!("[{}1]", "1,".repeat(1_999_999));
    let lines = format!("{{\"type\":\"s\"}}{}", "\n1".repeat(2_000_000));
    let events = format!("[{}{{\"type\":1}}]", "{\"type\":1},".repeat(500_000));
    let logs = format!("{{\"logs\":{numbers}}}");
    vec![
        ("two million numbers", gzip(numbers.as_bytes()), 413),
        ("two million lines", gzip(lines.as_bytes()), 413),
        ("half a million events", gzip(events.as_bytes()), 413),
        ("two million numbers in `logs`", gzip(logs.as_bytes()), 413),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_of_two_million_numbers_takes_at_most_four_times_the_limit_of_a_body() {
    for (name, body, status) in bombs() {
        let ingest = Ingest::start(&[]).await;
        assert_eq!(ingest.post(body.clone()).await.status, status, "{name}");
        let of_aws = ingest.function.usage().unwrap().peak_memory_bytes;

        let azure = crate::kit::azure::azure(AzureOptions::default()).await;
        let (azure_status, _) = crate::kit::azure::post(&azure, body.clone()).await;
        assert_eq!(azure_status, status, "{name}");
        let of_azure = azure.ingest.usage().unwrap().peak_memory_bytes;
        say(&format!(
            "{name}, {} bytes of gzip: peak {} kB on AWS, {} kB on Azure",
            body.len(),
            of_aws / 1024,
            of_azure / 1024
        ));
        assert_eq!(ingest.dead_letters().len(), 1, "{name}");
        assert_eq!(azure.dead_letters.blobs().len(), 1, "{name}");
        // Small log events cost more each than they have bytes: their number is bounded, and the peak is only printed.
        if name.contains("events") {
            continue;
        }
        for peak in [of_aws, of_azure] {
            assert!(peak <= 4 * MAX_BODY_BYTES, "{name}: {peak}");
        }
    }
}
