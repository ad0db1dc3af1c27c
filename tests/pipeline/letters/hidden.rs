//! What is hidden stays hidden: odd wrappers, marks that anybody could write, names and hashes.

use super::*;

const REDACT: [(&str, &str); 2] = [
    ("REDACT", "ip=mask,user_name=drop"),
    ("REDACT_KEY", "pipeline-key"),
];
const HIDDEN: [&str; 2] = ["2001:db8::7", "Łucja Example"];
const RECORD: &str = r#"{"type":"s","date":"2026-11-20T10:30:15.204Z","user_name":"Łucja Example","ip":"2001:db8::7"}"#;

async fn redacting(sinks: &str) -> Cloud {
    let pairs = [&REDACT[..], &[("SINKS", sinks)]].concat();
    cloud(CloudOptions {
        environment: settings(&pairs),
        ..CloudOptions::default()
    })
    .await
}

fn assert_hidden(texts: &[String]) {
    for text in texts {
        for hidden in HIDDEN {
            assert!(!text.contains(hidden), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_passes_unredacted_through_an_odd_wrapper_in_any_schema() {
    let quoted = serde_json::to_string(RECORD).unwrap();
    let deep = format!("{}{RECORD}{}", "[".repeat(33), "]".repeat(33));
    let odd = [
        format!(r#"{{"log_id":"1","data":{RECORD},"data":{RECORD}}}"#),
        format!(r#"{{"log_id":"2","d\u0061ta":{RECORD}}}"#),
        format!(r#"{{"log_id":"3","type":"s","data":{deep}}}"#),
        format!(r#"{{"log_id":"4","data":[{RECORD}]}}"#),
        format!(r#"{{"log_id":"5","data":{quoted}}}"#),
        format!(r#"{{"log_id":"6","log_id_derived":{RECORD},"data":{RECORD}}}"#),
        format!(r#"{{"log_id":"7","redacted":["ip","user_name"],"data":{RECORD}}}"#),
        format!(r#"{{"log_id":"8","data":{RECORD},"more":{{"deeper":{RECORD}}}}}"#),
    ];
    for sinks in [
        "http",
        "http:ecs",
        "http:ocsf",
        "http:asim",
        "http:sentinel",
    ] {
        let cloud = redacting(sinks).await;
        assert_eq!(failed(&cloud, &odd).await, [0; 0]);
        let events: Vec<String> = cloud
            .collector
            .events()
            .iter()
            .map(ToString::to_string)
            .collect();
        let letters: Vec<String> = cloud
            .set_aside_queue
            .bodies()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!((events.len(), letters.len()), (5, 3), "{sinks} {letters:?}");
        assert_hidden(&events);
        assert_hidden(&letters);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sender_says_was_redacted_is_believed_of_our_own_functions_only() {
    let cloud = redacting("http").await;
    let marked = |log_id: &str| {
        format!(r#"{{"log_id":"{log_id}","redacted":["ip","user_name"],"data":{RECORD}}}"#)
    };
    let from = |source: &str, log_id: &str| {
        let detail = marked(log_id);
        format!(r#"{{"detail-type":"Auth0 log","source":"{source}","detail":{detail}}}"#)
    };
    let mut of_producer = record("4", Some(&marked("of-producer")));
    of_producer["messageAttributes"]["producer"] =
        json!({"stringValue": "aws-webhook-ingest", "dataType": "String"});
    let partner = from("aws.partner/auth0.com/acme/auth0.logs", "of-partner-bus");
    let records = vec![
        record("1", Some(&marked("of-anybody"))),
        record("2", Some(&partner)),
        record("3", Some(&from("auth0.com/acme/auth0.logs", "of-our-bus"))),
        of_producer,
    ];
    assert_eq!(failures_of(&cloud, records).await, [""; 0]);
    let events = cloud.collector.events();
    assert_eq!(events.len(), 4);
    for event in events {
        let is_believed = ["of-our-bus", "of-producer"]
            .iter()
            .any(|id| event.contains(id));
        assert_eq!(event.contains(HIDDEN[0]), is_believed, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_cannot_be_redacted_is_kept_and_marked_or_withheld_and_counted() {
    let broken = format!("{RECORD}\n{{\"user_name\":\"Łucja Example");
    for (withhold, count) in [("", 0), ("false", 0), ("true", 1)] {
        let pairs = [&REDACT[..], &[("WITHHOLD_UNREADABLE", withhold)]].concat();
        let cloud = cloud(CloudOptions {
            environment: settings(&pairs),
            ..CloudOptions::default()
        })
        .await;
        assert_eq!(failed(&cloud, &[&broken]).await, [0; 0]);
        let dead_letter = only_letter(&cloud);
        let text = broken.split('\n').nth(1).unwrap();
        let keyed = dead_letter["sha256"].as_str().unwrap();
        assert_ne!(keyed, sha256_hex(text.as_bytes()));
        assert_eq!(dead_letter["size"], text.len());
        if count == 0 {
            assert_eq!(dead_letter["event"], text);
            assert_eq!(dead_letter["unredacted"], true);
        } else {
            assert_eq!(dead_letter["event"], Value::Null);
            assert_hidden(&[dead_letter.to_string()]);
        }
        let withheld = |output: &str| output.matches("\"withheld\":1").count();
        let output = cloud
            .target
            .output_when(|output| output.contains("relayed log events"))
            .await;
        assert_eq!(withheld(&output), count, "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_derived_name_tells_nothing_and_loses_nothing() {
    let bare = |ip: &str| format!(r#"{{"type":"s","ip":"{ip}"}}"#);
    let body = format!("[{},{}]", bare("192.0.2.1"), bare("192.0.2.2"));
    for (key, distinct) in [("pipeline-key", 2), ("", 4)] {
        let cloud = cloud(CloudOptions {
            environment: settings(&[("REDACT", "ip=mask"), ("REDACT_KEY", key)]),
            ..CloudOptions::default()
        })
        .await;
        for _ in 0..2 {
            assert_eq!(failed(&cloud, &[&body]).await, [0; 0]);
        }
        let log_ids = cloud.collector.log_ids();
        assert_eq!(log_ids.len(), distinct, "{log_ids:?}");
        for ip in ["192.0.2.1", "192.0.2.2"] {
            assert!(!log_ids.contains_key(&sha256_hex(bare(ip).as_bytes())));
        }
    }
}
