//! Where a record may stand: in every wrapper and envelope, beside another record, in what is no log event.

use super::forms::{base64, gzip, quoted};

/// A body for each record in a wrapper, and one in another place, of which each record has the next.
pub(super) fn bodies(records: &[String]) -> Vec<String> {
    let mut bodies = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let log_id = format!("p{index}");
        bodies.push(format!(r#"{{"log_id":"w{index}","data":{record}}}"#));
        let places = places(&log_id, record);
        bodies.push(places[index % places.len()].clone());
    }
    bodies
}

/// The members of a record without those that make a log event of an object.
fn members(record: &str) -> &str {
    let begin = record.find("204Z\",").unwrap() + 6;
    record.get(begin..).unwrap()
}

fn places(log_id: &str, record: &str) -> Vec<String> {
    let mut places = wrappers(log_id, record);
    places.extend(envelopes(log_id, record));
    places.extend(no_log_events(log_id, record));
    places
}

fn wrappers(log_id: &str, record: &str) -> Vec<String> {
    let id = format!(r#""log_id":"{log_id}""#);
    let (members, quoted_record) = (members(record), quoted(record));
    let harmless = r#"{"type":"s"}"#;
    let packed = base64(record);
    vec![
        format!("{{{id},{}", record.strip_prefix('{').unwrap()),
        format!("{{{id},\"data\":{harmless},{members}"),
        format!("{{{id},\"data\":{harmless},\"more\":{{\"deeper\":[{record}]}}}}"),
        format!("{{{id},\"data\":{harmless},\"more\":{quoted_record}}}"),
        format!("{{{id},\"data\":{harmless},\"more\":[\"{packed}\"]}}"),
        format!(
            "{{{id},\"data\":{harmless},\"more\":\"{}\"}}",
            base64(gzip(record))
        ),
        format!(
            "{{{id},\"data\":{harmless},\"more\":{}}}",
            quoted(&format!("got {record}"))
        ),
        format!("{{{id},\"data\":{harmless},\"detail\":[\"{packed}\",{quoted_record}]}}"),
        format!("{{{id},\"data\":{record},\"data\":{record}}}"),
        format!("{{{id},\"d\\u0061ta\":{record}}}"),
        format!("{{{id},\"data\":[{record}]}}"),
        format!("{{{id},\"data\":{quoted_record}}}"),
        format!("{{{id},\"data\":\"{packed}\"}}"),
        format!(
            "{{{id},\"data\":{}}}",
            quoted(&record.replace(['"', '{'], " "))
        ),
        format!("{{{id},\"type\":\"s\",\"data\":{quoted_record}}}"),
        format!("{{{id},\"type\":\"s\",\"data\":\"{packed}\"}}"),
        format!("{{{id},\"type\":\"s\",\"logs\":[{record}],\"detail\":{record}}}"),
        format!("{{\"log_id\":{record},\"data\":{record}}}"),
        format!("{{{id},\"log_id_derived\":{record},\"data\":{record}}}"),
        format!(
            "{{{id},\"redacted\":[\"user_name\",\"ip\",\"details.request.body.password\"],\"data\":{record}}}"
        ),
        format!("{{\"data\":{record}}}"),
        record.to_owned(),
    ]
}

fn envelopes(log_id: &str, record: &str) -> Vec<String> {
    let detail = format!(r#"{{"log_id":"{log_id}","data":{record}}}"#);
    let (quoted_detail, packed) = (quoted(&detail), base64(&detail));
    let zipped = base64(gzip(&detail));
    let event = r#""detail-type":"Auth0 log","source":"aws.partner/auth0.com/acme/auth0.logs""#;
    let cloud_event = r#""specversion":"1.0","type":"com.auth0.Log","source":"acme","id":"7""#;
    let arn = "arn:aws:sns:us-east-1:123456789012:logs";
    vec![
        format!("{{{event},\"detail\":{detail}}}"),
        format!("{{{event},\"detail\":{quoted_detail}}}"),
        format!("{{{event},\"detail\":\"{packed}\"}}"),
        format!("{{{event},\"detail\":{detail},\"detail\":{detail}}}"),
        format!("{{{cloud_event},\"data\":{detail}}}"),
        format!("{{{cloud_event},\"data\":{quoted_detail}}}"),
        format!("{{{cloud_event},\"data_base64\":\"{packed}\"}}"),
        format!("{{{cloud_event},\"data_base64\":\"{zipped}\"}}"),
        format!(
            "{{{cloud_event},\"data_base64\":\"{}\"}}",
            base64(format!("got {detail}"))
        ),
        format!(r#"{{"Type":"Notification","TopicArn":"{arn}","Message":{quoted_detail}}}"#),
        format!(
            r#"{{"Type":"Notification","TopicArn":"{arn}","Message":{}}}"#,
            quoted(&detail.replace('{', "("))
        ),
        format!(
            r#"[{{"messageId":"m","receiptHandle":"r","eventSource":"aws:sqs","body":{quoted_detail}}}]"#
        ),
        format!(
            r#"[{{"eventSource":"aws:kinesis","sequenceNumber":"1","kinesisSchemaVersion":"1.0","data":"{zipped}"}}]"#
        ),
        format!(
            r#"{{"Records":[{{"eventSource":"aws:kinesis","kinesis":{{"data":"{packed}"}}}}]}}"#
        ),
        format!(r#"{{"logs":[{detail}]}}"#),
        packed,
        zipped,
    ]
}

fn no_log_events(log_id: &str, record: &str) -> Vec<String> {
    let object = format!("{{{}", members(record));
    let (quoted_object, packed) = (quoted(&object), base64(&object));
    let event = r#""detail-type":"Order placed","source":"acme.orders""#;
    vec![
        object.clone(),
        format!("[[{object}]]"),
        format!("[{quoted_object}]"),
        format!("[[{quoted_object},\"{packed}\"]]"),
        format!("{{{event},\"detail\":{object}}}"),
        format!("{{{event},\"detail\":{quoted_object}}}"),
        format!(r#"{{"event":{object},"sourcetype":"auth0"}}"#),
        format!(r#"{{"deliveryStreamArn":"arn","records":[{{"data":"{packed}"}}]}}"#),
        format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, base64(gzip(&object))),
        format!(r#"{{"message":{}}}"#, quoted(&format!("got {object}"))),
        format!(r#"{{"message":"{packed}"}}"#),
        format!(
            r#"{{"reason":"r","at":"2026-11-20T10:00:00Z","function":"f","sink":null,"tenant":"acme","log_id":"{log_id}","event":{object}}}"#
        ),
        format!("{{\"note\":1}}\n{{\"broken\":{object}"),
        format!("{{\"note\":1}}\n{packed}"),
    ]
}
