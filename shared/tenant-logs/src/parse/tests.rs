mod carried;
mod forms;
mod limits;
mod portions;
mod values;

use std::fmt::Write;

use proptest::prelude::*;

use serde_json::value::RawValue;

use super::*;

/// The body's `log_id`s and, after a bar, its rejects; or the offset where reading stopped.
fn summary(body: &str) -> String {
    match parse(body) {
        Ok(parsed) => {
            let mut text = String::new();
            for log_event in &parsed.log_events {
                let shown = if log_event.is_log_id_derived() {
                    "derived"
                } else {
                    log_event.log_id()
                };
                write!(text, "{shown} ").unwrap();
            }
            for reject in &parsed.rejects {
                let publisher = reject.envelope_type.as_deref().unwrap_or_default();
                let reason = match reject.reason {
                    RejectReason::NotAnObject => "value".to_owned(),
                    RejectReason::NotALogEvent => format!("object {publisher}"),
                    RejectReason::BrokenWrapper => format!("broken {publisher}"),
                    RejectReason::DeadLetter => "dead letter".to_owned(),
                    RejectReason::LooksLike { form } => format!("{form} {publisher}"),
                    RejectReason::Carrier { form, unreadable } => {
                        format!("{form}: {unreadable}")
                    }
                    RejectReason::TooDeep { form } => format!("{form} too deep"),
                    RejectReason::Syntax { offset } => format!("syntax@{offset}"),
                };
                write!(text, "| {} ", reason.trim()).unwrap();
                if let Some(form) = reject.carried_in {
                    write!(text, "in {form} ").unwrap();
                }
            }
            text.trim_end().to_owned()
        }
        Err(Unreadable::Empty) => "empty".to_owned(),
        Err(error) => format!("unreadable@{}", error.offset().unwrap()),
    }
}

fn check(body: &str, expected: &str) {
    assert_eq!(summary(body), expected, "{body}");
}

#[test]
fn a_body_is_told_apart_by_its_first_byte_and_its_extent() {
    let wrapped = r#"{"log_id":"1","data":{"type":"s"}}"#;
    let bare = r#"{"type":"s","log_id":"2"}"#;

    check(&format!("[{wrapped},{bare}]"), "1 2");
    check(&format!(" \r\n[ {wrapped} ,\n {bare} ]\n"), "1 2");
    check(&format!("\u{feff}[{wrapped}]"), "1");
    check(&format!(" \u{feff} {wrapped}\n{bare}"), "1 2");
    check("[]", "");
    check(wrapped, "1");
    check(&format!("{wrapped}\n"), "1");
    check(&format!("{wrapped}\n{bare}\n"), "1 2");
    check(&format!("{wrapped}\r\n\r\n{bare}"), "1 2");
    check(&format!("\n{wrapped}\n{bare}"), "1 2");
    check(&format!("{{\"logs\":[{wrapped},{bare}]}}"), "1 2");
    check(&format!("{{\"logs\":[{wrapped}]}}\n{bare}"), "1 2");
    check("{\"logs\":[]}", "");
    check("{\n  \"log_id\": \"1\",\n  \"data\": {}\n}", "1");
    check("", "empty");
    check(" \n\t", "empty");
}

#[test]
fn a_syntax_error_in_an_array_or_object_refuses_all_of_it_and_names_the_byte() {
    let wrapped = r#"{"log_id":"1","data":{"type":"s"}}"#;

    check("[1,]", "unreadable@3");
    check("[1,][2]", "unreadable@3");
    check("[1 2]", "unreadable@3");
    check(&format!("[{wrapped}"), "unreadable@35");
    check(&format!("[{wrapped},"), "unreadable@36");
    check("[{\"type\":\"s\"},\n{\"type\":tru}]", "unreadable@26");
    check("{\"type\":\"s\"", "unreadable@11");
    check("{\n\"type\":nope}", "unreadable@10");
    check("hello", "unreadable@0");
    check("  hello\n{}", "unreadable@2");
    check("[", "unreadable@1");
}

#[test]
fn an_element_or_line_that_is_no_log_event_leaves_the_others_alone() {
    let wrapped = r#"{"log_id":"1","data":{"type":"s"}}"#;

    check(
        &format!("[7,{wrapped},\"x\",null]"),
        "1 | value | value | value",
    );
    check(&format!("[{{}},{wrapped}]"), "1 | object");
    check(r#"[{"hello":"world"}]"#, "| object");
    check(r#"{"hello":"world"}"#, "| object");
    check(r#"[{"data":{"hello":1}}]"#, "| object");
    check(
        &format!("{wrapped}\n{{\"type\":\n{wrapped}"),
        "1 1 | syntax@8",
    );
    check(&format!("[{wrapped}] x"), "1 | syntax@0");
    check(&format!("[{wrapped}]]"), "1 | syntax@0");
    check(
        &format!("[[{wrapped}],{wrapped}]"),
        "1 | an array within an array",
    );
    check(&format!("7\n{wrapped}"), "1 | value");
    check(&format!("{wrapped}\n{{}} x"), "1 | object | syntax@0");
    check("{\"a\":1} x", "| object | syntax@0");
    check("7", "| value");
    let page = "a page of Auth0's Management API";
    check("{\"logs\":7}", &format!("| {page}"));
    check(&format!("[{{\"logs\":[{wrapped}]}}]"), &format!("| {page}"));
}

#[test]
fn a_type_or_log_id_of_any_kind_makes_a_log_event() {
    for record in [
        r#"{"type":["s"]}"#,
        r#"{"type":{"a":1}}"#,
        r#"{"type":true}"#,
        r#"{"type":0}"#,
        r#"{"log_id":{"a":1}}"#,
        r#"{"data":{"type":["s"]}}"#,
        r#"{"log_id":{"a":1},"data":{"type":false}}"#,
    ] {
        check(&format!("[{record}]"), "derived");
    }
    for record in [
        r#"{"type":null}"#,
        r#"{"type":""}"#,
        r#"{"log_id":null,"data":{"type":null}}"#,
    ] {
        check(&format!("[{record}]"), "| object");
    }
}

#[test]
fn log_id_comes_from_the_wrapper_then_the_record_then_underscore_id_then_a_hash() {
    check(
        r#"{"log_id":"w","data":{"type":"s","log_id":"d","_id":"u"}}"#,
        "w",
    );
    check(r#"{"data":{"type":"s","log_id":"d","_id":"u"}}"#, "d");
    check(r#"{"log_id":"","data":{"type":"s","log_id":"d"}}"#, "d");
    check(r#"{"log_id":null,"data":{"type":"s","_id":"u"}}"#, "u");
    check(r#"{"type":"s","log_id":"d","_id":"u"}"#, "d");
    check(r#"{"type":"s","_id":"u","isMobile":false}"#, "u");
    check(r#"{"_id":"u"}"#, "u");
    check(r#"{"type":"s"}"#, "derived");
    check(r#"{"data":{"type":"s"}}"#, "derived");
    check(r#"{"log_id":17,"data":{"type":"s"}}"#, "17");
    check(r#"{"log_id":"\u0031","data":{"type":"s"}}"#, "1");
    check(r#"{"log_id":{"no":1},"data":{"type":"s"}}"#, "derived");
    check(
        r#"{"log_id":"first","log_id":"last","data":{"type":"s"}}"#,
        "last",
    );
}

#[test]
fn an_event_comes_out_of_every_envelope() {
    let record = r#"{"type":"s","log_id":"1"}"#;
    let wrapped = r#"{"log_id":"1","data":{"type":"s","log_id":"1"}}"#;
    let bus = |detail| {
        format!(r#"{{"detail-type":"Auth0 log","source":"x","id":"e","detail":{detail}}}"#)
    };
    let grid = |data| {
        format!(
            r#"{{"id":"e","topic":"t","subject":"s","eventType":"com.auth0.Log","data":{data}}}"#
        )
    };
    let cloud =
        |data| format!(r#"{{"specversion":"1.0","type":"com.auth0.Log","id":"e","data":{data}}}"#);
    let quoted = serde_json::to_string(record).unwrap();

    for data in [record, wrapped, &quoted] {
        for envelope in [bus(data), grid(data), cloud(data)] {
            check(&envelope, "1");
            check(&format!("[{envelope},{envelope}]"), "1 1");
            check(&format!("{envelope}\n{envelope}"), "1 1");
        }
    }
    check(
        r#"{"detail-type":["Auth0 log"],"detail":{"type":"limit_wc"}}"#,
        "derived",
    );
}

#[test]
fn a_derived_log_id_survives_a_front_end_that_rewrites_the_record() {
    let event = |source: &str, record: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"com.auth0.Log","source":"{source}","id":"e","data":{record}}}"#
        )
    };
    let ours = "auth0.com/acme/auth0.logs";
    for record in [r#"{"type":"s","n":0}"#, r#"{"n":0.0,"type":"s"}"#] {
        let body = event(ours, record);
        let parsed = parse(&body).unwrap();
        let [log_event] = &parsed.log_events[..] else {
            panic!("{parsed:?}");
        };
        assert_eq!(log_event.log_id(), "e");
        assert!(log_event.is_log_id_derived());
    }
    check(&event(ours, r#"{"type":"s","_id":"1"}"#), "1");
    check(&event("elsewhere", r#"{"type":"s"}"#), "derived");
}

#[test]
fn an_envelope_of_another_publisher_names_its_type() {
    check(
        r#"{"specversion":"1.0","type":"com.example.Other","id":"e","data":{"a":1}}"#,
        "| a CloudEvent whose data is no log event com.example.Other",
    );
    check(
        r#"{"eventType":"Microsoft.Storage.BlobCreated","data":{"url":"x"}}"#,
        "| an Event Grid event whose data is no log event Microsoft.Storage.BlobCreated",
    );
    check(
        r#"{"detail-type":"Other","detail":{"a":1}}"#,
        "| an EventBridge event whose detail is no log event Other",
    );
    check(
        r#"{"specversion":"1.0","type":"com.auth0.Log"}"#,
        "| a CloudEvent without data com.auth0.Log",
    );
    check(
        r#"{"specversion":"1.0","type":"com.auth0.Log","data":7}"#,
        "| a CloudEvent whose data is no log event com.auth0.Log",
    );
    let many = r#"{"specversion":"1.0","type":"com.auth0.Logs","data":[{"type":"s","log_id":"1"},{"a":1},7]}"#;
    check(
        many,
        "1 | object com.auth0.Logs in a CloudEvent | value in a CloudEvent",
    );
}

#[test]
fn of_two_details_none_counts_and_none_within_it() {
    let one = r#"{"log_id":"1","data":{}}"#;
    let two = r#"{"log_id":"2","data":{}}"#;
    check(
        &format!(r#"{{"detail-type":"x","detail":{one},"detail":{two}}}"#),
        "| broken x",
    );
    check(
        &format!(r#"{{"detail-type":"x","detail":{one},"detail":"no"}}"#),
        "| broken x",
    );
    check(
        &format!(r#"{{"detail-type":"x","detail":{{"detail":{one}}}}}"#),
        "| an EventBridge event whose detail is no log event x",
    );
    let deep = format!(
        "{}1{}",
        r#"{"detail":"#.repeat(100_000),
        "}".repeat(100_000)
    );
    check(&deep, "| object");
}

#[test]
fn odd_members_that_are_not_read_never_cost_an_event() {
    check(
        r#"[{"log_id":"1","data":{"type":"s","details":{"n":1e400}}}]"#,
        "1",
    );
    check(
        r#"[{"log_id":"1","data":{"type":"s","\ud800":"\udfff"}}]"#,
        "1",
    );
    check(
        r#"[{"log_id":"1","data":{"type":5,"date":{"$date":"x"}}}]"#,
        "1",
    );
    check(r#"[{"log_id":"1","data":{"type":null}}]"#, "1");
    check(r#"[{"log_id":"1","type":"s","data":[1]}]"#, "1");
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    check(
        &format!(r#"[{{"log_id":"1","data":{{"type":"s","details":{deep}}}}}]"#),
        "1",
    );
}

#[test]
fn an_element_keeps_its_own_text() {
    let wrapped = "{ \"log_id\" : \"1\",\"data\":{\"type\":\"s\", \"n\": 1.50}}";
    let body = format!("[{wrapped},{wrapped}]");
    let parsed = parse(&body).unwrap();
    assert_eq!(parsed.log_events[1].text(), wrapped);
    assert_eq!(parsed.log_events[1].detail(), wrapped);
    assert_eq!(parsed.log_events[1].record(), r#"{"type":"s", "n": 1.50}"#);
}

/// Bodies that are nearly right, which random bytes hardly ever are.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\n",
        " ",
        "\u{feff}",
        "1",
        "-",
        "1e400",
        "null",
        "true",
        "\"log_id\"",
        "\"_id\"",
        "\"type\"",
        "\"date\"",
        "\"data\"",
        "\"detail\"",
        "\"detail-type\"",
        "\"specversion\"",
        "\"eventType\"",
        "\"logs\"",
        "\"redacted\"",
        "\"s\"",
        "\"\\ud800\"",
        "\"é\"",
    ]);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn parse_never_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(text) = crate::decode(&bytes, 1_000) {
            let _either = parse(&text).is_ok();
        }
    }

    #[test]
    fn parse_never_panics_and_never_reads_a_first_array_that_serde_json_refuses(body in nearly_json()) {
        let parsed = parse(&body);
        let text = tail(&body, begin_of(&body));
        if text.starts_with('[') {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
            prop_assert_eq!(parsed.is_ok(), values.next().unwrap().is_ok());
        }
        if let Err(error) = parsed {
            prop_assert!(error.offset().unwrap() <= body.len());
        }
    }

    #[test]
    fn every_element_of_an_array_is_an_event_or_a_reject(elements in prop::collection::vec(nearly_json(), 0..8)) {
        let valid: Vec<String> = elements
            .into_iter()
            .filter(|element| serde_json::from_str::<&RawValue>(element).is_ok())
            // A string may hold several.
            .filter(|element| !element.starts_with('"'))
            .collect();
        let body = format!("[{}]", valid.join(","));
        let parsed = parse(&body).unwrap();
        prop_assert_eq!(parsed.log_events.len() + parsed.rejects.len(), valid.len());
        for log_event in &parsed.log_events {
            let detail = log_event.detail();
            let again = parse(&detail).unwrap();
            prop_assert_eq!(again.log_events.len(), 1, "{}", detail);
            prop_assert_eq!(again.log_events[0].log_id(), log_event.log_id());
        }
    }
}
