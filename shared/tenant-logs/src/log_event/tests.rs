use crate::{LogEvent, RejectReason, parse};

fn only(body: &str) -> LogEvent<'_> {
    let mut parsed = parse(body).unwrap();
    assert_eq!(parsed.log_events.len(), 1, "{body}");
    parsed.log_events.remove(0)
}

fn check_detail(body: &str, expected: &str) {
    assert_eq!(only(body).detail(), expected);
}

#[test]
fn a_detail_is_the_elements_own_text_or_a_wrapped_record() {
    check_detail(
        r#"{"log_id":"1", "data":{"type":"s"},"extra":1}"#,
        r#"{"log_id":"1", "data":{"type":"s"},"extra":1}"#,
    );
    check_detail(
        r#"{"type":"s","log_id":"1"}"#,
        r#"{"log_id":"1","data":{"type":"s","log_id":"1"}}"#,
    );
    check_detail(
        r#"{"data":{"type":"s","_id":"a\"b"}}"#,
        r#"{"log_id":"a\"b","data":{"type":"s","_id":"a\"b"}}"#,
    );
    check_detail(
        r#"{"detail-type":"Auth0 log","detail":{"log_id":"1","data":{"type":"s"}}}"#,
        r#"{"log_id":"1","data":{"type":"s"}}"#,
    );
}

#[test]
fn what_brings_an_event_again_derives_its_log_id_anew_and_needs_no_envelope() {
    let check = |body: &str, expected: Option<&str>| {
        assert_eq!(only(body).alone().as_deref(), expected, "{body}");
    };
    let detail = r#"{"log_id":"1", "data":{"type":"s","date":"2026-11-20T10:30:15Z"}}"#;
    check(detail, Some(detail));
    let bare = r#"{"type":"s","ip":"192.0.2.1"}"#;
    check(bare, Some(bare));
    let enveloped = |source: &str, detail: &str| {
        format!(
            r#"{{"detail-type":"Auth0 log","source":"{source}","time":"2026-11-20T10:30:15Z","detail":{detail}}}"#
        )
    };
    check(
        &enveloped("auth0.com/acme/auth0.logs", detail),
        Some(detail),
    );
    // What nothing but the envelope tells: when it happened, and who says that it was redacted.
    check(&enveloped("auth0.com/acme/auth0.logs", bare), None);
    let marked = detail.replace(r#""1","#, r#""1","redacted":["ip"],"#);
    check(&enveloped("auth0.com/acme/auth0.logs", &marked), None);
    check(&enveloped("example.com", &marked), Some(&marked));
}

#[test]
fn a_derived_log_id_stands_beside_a_mark_and_survives_the_next_hop() {
    let first = only(r#"{"type":"s","ip":"192.0.2.1"}"#);
    let detail = first.detail().into_owned();
    let log_id = first.log_id();
    assert_eq!(log_id.len(), 64);
    assert_eq!(
        detail,
        format!(
            r#"{{"log_id":"{log_id}","log_id_derived":true,"data":{{"type":"s","ip":"192.0.2.1"}}}}"#
        )
    );

    let second = only(&detail);
    assert!(second.is_log_id_derived());
    assert_eq!(second.log_id(), log_id);
    assert_eq!(second.detail(), detail);
}

#[test]
fn the_same_record_derives_the_same_log_id_wrapped_bare_and_enveloped() {
    let bare = r#"{"type":"s","ip":"192.0.2.1"}"#;
    let wrapped = r#"{"data": {"type":"s", "ip":"192.0.2.1"}}"#;
    let cloud =
        r#"{"specversion":"1.0","type":"com.auth0.Log","data":{"type":"s","ip":"192.0.2.1"}}"#;
    assert_eq!(only(bare).log_id(), only(wrapped).log_id());
    assert_eq!(only(bare).log_id(), only(cloud).log_id());
}

#[test]
fn dates_are_read_leniently_and_never_cost_an_event() {
    let date = |written: &str| {
        let body = format!(r#"{{"type":"s","log_id":"1","date":{written}}}"#);
        only(&body).date().map(|date| date.to_string())
    };
    assert_eq!(
        date(r#""2026-11-20T10:00:00.123Z""#).as_deref(),
        Some("2026-11-20T10:00:00.123Z")
    );
    assert_eq!(
        date(r#""2026-11-20T10:00:00Z""#).as_deref(),
        Some("2026-11-20T10:00:00Z")
    );
    assert_eq!(
        date(r#""2026-11-20 10:00:00.123456789Z""#).as_deref(),
        Some("2026-11-20T10:00:00.123456789Z")
    );
    assert_eq!(
        date(r#""2026-11-20T10:00:00+02:00""#).as_deref(),
        Some("2026-11-20T08:00:00Z")
    );
    assert_eq!(
        date("1763632800000").as_deref(),
        Some("2025-11-20T10:00:00Z")
    );
    for unreadable in [r#""yesterday""#, r#"{"$date":1}"#, "null", "17"] {
        assert_eq!(date(unreadable), None, "{unreadable}");
    }
}

#[test]
fn redacted_paths_are_read_as_array_and_as_a_cloud_events_extension() {
    let beside = only(r#"{"log_id":"1","redacted":["ip","a.b"],"data":{"type":"s"}}"#);
    assert_eq!(beside.redacted(), ["ip", "a.b"]);
    let body = r#"{"specversion":"1.0","type":"com.auth0.Log","redacted":"ip,a.b","data":{"type":"s","log_id":"1"}}"#;
    let extension = only(body);
    assert_eq!(extension.redacted(), ["ip", "a.b"]);
    let body = r#"{"specversion":"1.0","type":"com.auth0.Log","redacted":"a\\,b,ip","data":{"type":"s","log_id":"1"}}"#;
    assert_eq!(only(body).redacted(), [r"a\,b", "ip"]);
    assert_eq!(
        extension.detail(),
        r#"{"log_id":"1","redacted":["ip","a.b"],"data":{"type":"s","log_id":"1"}}"#
    );
}

#[test]
fn every_fixture_parses_and_keeps_its_text() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/log-events");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let log_event = only(text.trim());
        assert_eq!(log_event.text(), text.trim(), "{}", path.display());
        assert!(
            log_event.detail().contains(log_event.record()),
            "{}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 30, "{count} fixtures");
}

#[test]
fn every_envelope_fixture_holds_the_same_two_log_events() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/envelopes");
    let mut log_ids = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let parsed = parse(&text).unwrap();
        assert_eq!(parsed.rejects, [], "{}", path.display());
        assert!(!parsed.log_events.is_empty(), "{}", path.display());
        for log_event in &parsed.log_events {
            assert!(log_event.event_type().is_some(), "{}", path.display());
            log_ids.push(log_event.log_id().to_owned());
        }
    }
    log_ids.sort();
    log_ids.dedup();
    assert_eq!(log_ids.len(), 2, "{log_ids:?}");
}

#[test]
fn an_event_of_many_log_events_is_opened_and_what_is_none_is_a_reject_of_its_own() {
    let many = |data: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"com.auth0.Logs","source":"auth0.com/acme/auth0.logs","id":"e","data":{data}}}"#
        )
    };
    let one = r#"{"log_id":"1","redacted":["ip"],"data":{"type":"s","ip":"***"}}"#;
    let two = r#"{"log_id":"2","log_id_derived":true,"data":{"type":"s"}}"#;
    let body = format!(
        "[{},{},{}]",
        many("[]"),
        many(&format!(r#"[ {one} ,{two},{{"log_id":"3","type":"s"}}]"#)),
        many(r#"[7,{"a":1}]"#)
    );
    let parsed = parse(&body).unwrap();
    let log_ids = parsed.log_events.iter().map(LogEvent::log_id);
    assert_eq!(log_ids.collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(parsed.log_events[0].text(), one);
    assert_eq!(parsed.log_events[0].redacted(), ["ip"]);
    assert!(parsed.log_events[1].is_log_id_derived());
    let rejects = parsed
        .rejects
        .iter()
        .map(|reject| (reject.text.as_ref(), reject.reason));
    let expected = [
        ("7", RejectReason::NotAnObject),
        (r#"{"a":1}"#, RejectReason::NotALogEvent),
    ];
    assert_eq!(rejects.collect::<Vec<_>>(), expected);
    let publishers = parsed
        .rejects
        .iter()
        .map(|reject| reject.envelope_type.as_deref());
    assert_eq!(publishers.collect::<Vec<_>>(), [Some("com.auth0.Logs"); 2]);
}

#[test]
fn an_undated_log_event_of_many_has_the_time_of_the_event_that_it_came_in() {
    let auth0s = "90020261119080000123000000000000000000000000000000000001";
    let data = format!(
        r#"[{{"log_id":"1","data":{{"type":"s"}}}},{{"log_id":"{auth0s}","data":{{"type":"s"}}}},{{"log_id":"2","data":{{"type":"s","date":"2026-11-20T10:00:00Z"}}}}]"#
    );
    let check = |envelope: String, expected: [Option<&str>; 3]| {
        let parsed = parse(&envelope).unwrap();
        let times = parsed.log_events.iter().map(LogEvent::time);
        let times: Vec<_> = times
            .map(|time| time.map(|time| time.to_string()))
            .collect();
        assert_eq!(times, expected.map(|time| time.map(str::to_owned)));
    };
    let (sent, dated) = ("2026-11-20T10:30:15Z", "2026-11-20T10:00:00Z");
    let cloud = r#""specversion":"1.0","type":"com.auth0.Logs","source":"auth0.com/acme/auth0.logs","id":"e""#;
    check(
        format!(r#"{{{cloud},"time":"{sent}","data":{data}}}"#),
        [Some(sent), Some(sent), Some(dated)],
    );
    check(
        format!(r#"{{"id":"e","eventType":"com.auth0.Logs","eventTime":"{sent}","data":{data}}}"#),
        [Some(sent), Some(sent), Some(dated)],
    );
    check(
        format!(r#"{{{cloud},"data":{data}}}"#),
        [None, Some("2026-11-19T08:00:00Z"), Some(dated)],
    );
}

#[test]
fn a_rule_is_about_what_it_leads_to_by_whatever_index() {
    let hides = |rules: &str, path: &str| {
        let mut event = only(r#"{"type":"s","log_id":"1","date":"2026-11-20T10:30:15Z"}"#);
        let redaction = crate::Redaction::parse(rules, None).unwrap();
        redaction.redact(&mut event);
        event.hides(path)
    };
    for rule in ["a.b=mask", "a.0.b.c=mask", "a.0.0.b=drop", "a.b.7=mask"] {
        assert!(hides(rule, "a.b"), "{rule}");
    }
    for rule in ["a.bc=mask", r"a\.b=mask", "b=mask"] {
        assert!(!hides(rule, "a.b"), "{rule}");
    }
}

#[test]
fn a_redacted_date_or_type_is_not_shown_around_the_record() {
    let shown = |rules: &str| {
        let mut event = only(r#"{"type":"s","log_id":"1","date":"2026-11-20T10:30:15Z"}"#);
        let redaction = crate::Redaction::parse(rules, None).unwrap();
        redaction.redact(&mut event);
        assert!(event.date().is_some());
        (
            event.shown_date().is_some(),
            event.shown_event_type().is_some(),
        )
    };
    assert_eq!(shown("ip=mask"), (true, true));
    assert_eq!(shown("date=drop"), (false, true));
    assert_eq!(shown("type=mask"), (true, false));
}
