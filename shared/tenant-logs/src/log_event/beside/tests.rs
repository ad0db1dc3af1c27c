use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::{Mapping, Raw, Redaction, Schema, Timestamp, parse};

/// What stands beside a record, which is found again by this.
const KEPT: &str = "stands-beside";

/// A record with a `log_id` and one without, in wrappers with something that no wrapper has.
fn wrappers() -> Vec<String> {
    let mut wrappers = Vec::new();
    for record in [
        r#"{"type":"s","log_id":"1","ip":"192.0.2.7"}"#,
        r#"{"type":"s","ip":"192.0.2.7"}"#,
    ] {
        for beside in [
            r#""log_id":"1","x":{"a":"stands-beside"}"#,
            r#""log_id":17,"x":["stands-beside"]"#,
            r#""x":"stands-beside""#,
            r#""stands-beside":null"#,
            r#""log_id":null,"x":"stands-beside""#,
            r#""log_id":"","x":"stands-beside""#,
            r#""log_id":{"odd":"stands-beside"}"#,
            r#""log_id":"stands-beside","log_id":{}"#,
            r#""_id":"stands-beside""#,
            r#""type":"stands-beside","date":7"#,
        ] {
            wrappers.push(format!(r#"{{{beside},"data":{record}}}"#));
            wrappers.push(format!(r#"{{"data":{record},{beside}}}"#));
        }
    }
    wrappers
}

/// A wrapper in everything that a cloud puts around it.
fn bodies(wrapper: &str) -> Vec<String> {
    let quoted = json!(wrapper);
    let base64 = STANDARD.encode(wrapper);
    vec![
        wrapper.to_owned(),
        format!("[{wrapper}]"),
        format!(r#"{{"logs":[{wrapper}]}}"#),
        format!(
            r#"{{"detail-type":"Auth0 log","source":"aws.partner/auth0.com/acme","detail":{wrapper}}}"#
        ),
        format!(r#"{{"specversion":"1.0","type":"com.auth0.Log","id":"9","data":{wrapper}}}"#),
        format!(r#"{{"specversion":"1.0","type":"com.auth0.Log","id":"9","data":{quoted}}}"#),
        format!(r#"{{"specversion":"1.0","type":"com.auth0.Log","data_base64":"{base64}"}}"#),
        format!(r#"{{"specversion":"1.0","type":"com.auth0.Logs","data":[{wrapper}]}}"#),
        format!(r#"{{"id":"9","eventType":"com.auth0.Log","data":{wrapper}}}"#),
        format!(r#"{{"Type":"Notification","TopicArn":"t","Message":{quoted}}}"#),
        format!(r#"[{{"messageId":"9","eventSource":"aws:sqs","body":{quoted}}}]"#),
        format!(r#"[{{"sequenceNumber":"9","eventSource":"aws:kinesis","data":"{base64}"}}]"#),
        format!(
            r#"{{"Records":[{{"eventSource":"aws:kinesis","kinesis":{{"sequenceNumber":"9","data":"{base64}"}}}}]}}"#
        ),
        STANDARD.encode(format!("[{wrapper}]")),
    ]
}

#[test]
fn what_stands_beside_an_event_in_its_wrapper_arrives_in_every_form_and_schema_and_in_letters() {
    let mask = Redaction::parse("ip=mask", None).unwrap();
    let other = Redaction::parse("user_name=mask", None).unwrap();
    let mut checked = 0;
    for body in wrappers().iter().flat_map(|wrapper| bodies(wrapper)) {
        for redaction in [&Redaction::default(), &mask, &other] {
            let mut parsed = parse(&body).unwrap();
            let [log_event] = parsed.log_events.as_mut_slice() else {
                panic!("{body}: {:?}", parsed.rejects);
            };
            let log_id = log_event.log_id().to_owned();
            redaction.redact(log_event);
            // A dead letter holds the text.
            assert!(log_event.text().contains(KEPT), "{body}");
            let detail = log_event.detail();
            assert!(detail.contains(KEPT), "{body}: {detail}");
            assert_eq!(
                parse(&detail).unwrap().log_events[0].log_id(),
                log_id,
                "{body}: {detail}"
            );
            for schema in [
                Schema::Raw,
                Schema::Ecs,
                Schema::Ocsf,
                Schema::Asim,
                Schema::Sentinel,
            ] {
                for raw in [Raw::Whole, Raw::Rest] {
                    let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(raw);
                    let row = mapping.write(log_event);
                    assert!(row.contains(KEPT), "{schema:?} {raw:?} {body}: {row}");
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 40 * 14 * 3 * 10);
}

#[test]
fn of_several_log_ids_beside_a_record_the_last_counts_and_none_is_lost() {
    let detail = |body: &str, rules: &str| {
        let mut parsed = parse(body).unwrap();
        let redaction = Redaction::parse(rules, None).unwrap();
        redaction.redact(&mut parsed.log_events[0]);
        parsed.log_events[0].detail().into_owned()
    };
    let last = r#"{"log_id":["a"],"log_id":"1","data":{"type":"s","ip":"192.0.2.7"}}"#;
    assert_eq!(detail(last, ""), last);
    assert_eq!(
        detail(last, "ip=mask"),
        r#"{"log_id":"1","redacted":["ip"],"data":{"type":"s","ip":"***"},"$log_ids":[["a"]]}"#
    );
    let none = r#"{"log_id":"a","log_id":{"ip":7},"data":{"type":"s","log_id":"1"},"x":1}"#;
    assert_eq!(
        detail(none, ""),
        r#"{"log_id":"1","data":{"type":"s","log_id":"1"},"x":1,"$log_ids":["a",{"ip":7}]}"#
    );
    assert_eq!(
        detail(none, "ip=mask"),
        r#"{"log_id":"1","redacted":["ip"],"data":{"type":"s","log_id":"1"},"x":1,"$log_ids":["a",{"ip":"***"}]}"#
    );
}

#[test]
fn a_wrapper_without_a_log_id_is_written_anew_with_all_that_it_had() {
    let body = r#"{"x":{ "n":1.50 },"data":{"type":"s","log_id":"1"},"y":[]}"#;
    let parsed = parse(body).unwrap();
    assert_eq!(
        parsed.log_events[0].detail(),
        r#"{"log_id":"1","data":{"type":"s","log_id":"1"},"x":{ "n":1.50 },"y":[]}"#
    );
}
