use super::*;
use crate::sha256_hex;

#[test]
fn nothing_that_a_path_may_lead_to_passes_through_any_odd_wrapper() {
    let rules = redaction("ip=mask,user.name=hmac,details.request.body=drop");
    let hidden = ["192.0.2.77", "Ada Okafor", "s3cret-body"];
    let record = r#"{"type":"s","ip":"192.0.2.77","user":{"name":"Ada Okafor"},"details":{"request":{"body":"s3cret-body"}}}"#;
    let quoted = serde_json::to_string(record).unwrap();
    let deep = format!("{}{record}{}", "[".repeat(33), "]".repeat(33));
    let odd = [
        format!(r#"{{"log_id":"1","data":{record},"data":{record}}}"#),
        format!(r#"{{"log_id":"1","data":{record},"d\u0061ta":{record}}}"#),
        format!(r#"{{"log_id":"1","d\u0061ta":{record}}}"#),
        format!(r#"{{"log_id":"1","data":[{record}]}}"#),
        format!(r#"{{"log_id":"1","type":"s","data":[{record}]}}"#),
        format!(r#"{{"log_id":"1","type":"s","data":{deep}}}"#),
        format!(r#"{{"log_id":"1","data":{quoted}}}"#),
        format!(r#"{{"log_id":"1","type":"s","data":{quoted}}}"#),
        format!(r#"{{"log_id":"1","type":"s","data":{{"x":{record}}}}}"#),
        format!(r#"{{"log_id":"1","type":"s","detail":{record},"logs":[{record}]}}"#),
        format!(r#"{{"log_id":"1","log_id_derived":{record},"data":{record}}}"#),
        format!(r#"{{"log_id":"1","redacted":{record},"data":{record}}}"#),
        format!(r#"{{"log_id":{record},"data":{record}}}"#),
        format!(r#"{{"log_id":{record},"log_id":"1","data":{record}}}"#),
        format!(r#"{{"log_id":"1","data":{record},"more":{record}}}"#),
        format!(r#"{{"log_id":"1","data":{record},"detail":{record}}}"#),
        format!(r#"{{"log_id":"1","data":{record},"detail":[{quoted}]}}"#),
        format!(r#"{{"log_id":"1","data":{record},"more":[{deep},{quoted}]}}"#),
        format!(
            r#"{{"log_id":"1","redacted":["ip","user.name","details.request.body"],"data":{record}}}"#
        ),
        format!(r#"{{"detail-type":"Auth0 log","detail":{record},"detail":{record}}}"#),
        format!(r#"{{"detail-type":"Auth0 log","redacted":["ip"],"detail":{record}}}"#),
        format!(r#"{{"specversion":"1.0","type":"t","data":{record},"data":{record}}}"#),
        format!(
            r#"{{"specversion":"1.0","type":"t","source":"elsewhere","redacted":"ip,user.name","data":{record}}}"#
        ),
        format!(r#"{{"logs":[{record}],"logs":[{record}]}}"#),
    ];
    for body in odd {
        let mut parsed = parse(&body).unwrap();
        let mut texts = Vec::new();
        for log_event in &mut parsed.log_events {
            if !log_event.is_enveloped_by_us() {
                log_event.take_out_marks();
            }
            rules.redact(log_event);
            texts.push(log_event.text().to_owned());
            texts.push(log_event.detail().into_owned());
            texts.extend(log_event.beside());
            let again = parse(texts.last().unwrap()).unwrap();
            assert!(again.log_events.len() + again.rejects.len() <= 1, "{body}");
        }
        for reject in &parsed.rejects {
            texts.push(rules.redact_anywhere(&reject.text).unwrap());
        }
        assert!(!texts.is_empty(), "{body}");
        for text in texts {
            for hidden in hidden {
                assert!(!text.contains(hidden), "{hidden} in {text} of {body}");
            }
        }
    }
}

#[test]
fn marks_are_believed_from_our_own_envelopes_only() {
    let event = |source: &str| {
        format!(
            r#"{{"detail-type":"Auth0 log","source":"{source}","detail":{{"log_id":"1","redacted":["ip"],"data":{{"type":"s","ip":"h"}}}}}}"#
        )
    };
    let believed = |body: &str| parse(body).unwrap().log_events[0].is_enveloped_by_us();
    assert!(believed(&event("auth0.com/acme/auth0.logs")));
    assert!(!believed(&event("aws.partner/auth0.com/acme/auth0.logs")));
    assert!(!believed(
        r#"{"source":"auth0.com/acme","log_id":"1","redacted":["ip"],"data":{"type":"s"}}"#
    ));
    let extension = r#"{"specversion":"1.0","source":"auth0.com/acme/auth0.logs","type":"com.auth0.Log","redacted":"ip","data":{"type":"s","log_id":"1"}}"#;
    assert!(believed(extension));
}

#[test]
fn marks_that_are_not_believed_are_taken_out_and_the_rest_stays() {
    let body = r#"{ "log_id" : "1", "redacted":["ip"],"log_id_d\u0065rived":{"a":1}, "data": { "n":1.50,"type":"s" },"x":1}"#;
    let mut parsed = parse(body).unwrap();
    let log_event = &mut parsed.log_events[0];
    log_event.take_out_marks();
    assert_eq!(
        log_event.detail(),
        r#"{"log_id":"1","data":{ "n":1.50,"type":"s" },"x":1}"#
    );
    assert!(log_event.redacted().is_empty() && !log_event.is_log_id_derived());
}

#[test]
fn the_name_of_an_event_without_one_tells_nothing_of_what_is_hidden() {
    let named = |redaction: &Redaction, body: &str| {
        let mut parsed = parse(body).unwrap();
        let log_event = &mut parsed.log_events[0];
        redaction.identify(log_event, || "random".to_owned());
        (log_event.log_id().to_owned(), log_event.is_log_id_derived())
    };
    let bare = r#"{"type":"s","ip":"192.0.2.1"}"#;
    let plain = named(&Redaction::default(), bare);
    assert_eq!(plain, (sha256_hex(bare.as_bytes()), true));
    let keyed = named(&redaction("ip=mask"), bare);
    assert_eq!(keyed, (hmac(bare), true));
    let of_wrapped = format!(r#"{{"data":{bare}}}"#);
    assert_eq!(named(&redaction("ip=mask"), &of_wrapped), keyed);
    let without_key = Redaction::parse("ip=mask", None).unwrap();
    assert_eq!(named(&without_key, bare), ("random".to_owned(), true));
    for has_one in [
        r#"{"log_id":"1","data":{"type":"s"}}"#,
        r#"{"type":"s","log_id":"1"}"#,
    ] {
        assert_eq!(named(&without_key, has_one), ("1".to_owned(), false));
    }
    let from_before = r#"{"log_id":"1","log_id_derived":true,"data":{"type":"s"}}"#;
    assert_eq!(named(&without_key, from_before), ("1".to_owned(), true));
}
