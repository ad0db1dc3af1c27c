use super::*;

#[test]
fn a_wrapper_whose_data_is_repeated_or_no_object_is_no_log_event() {
    let record = r#"{"type":"s"}"#;
    for data in ["null", "7", "1e400", "[{}]", r#""{}""#, "true"] {
        check(&format!(r#"[{{"log_id":"1","data":{data}}}]"#), "| broken");
        check(
            &format!(r#"{{"log_id":"1","type":"s","data":{data}}}"#),
            "1",
        );
        check(&format!(r#"{{"data":{data}}}"#), "| object");
        let envelope = format!(r#"{{"detail-type":"x","detail":{{"log_id":"1","data":{data}}}}}"#);
        check(&envelope, "| broken x");
    }
    for body in [
        format!(r#"{{"log_id":"1","data":{record},"data":{record}}}"#),
        format!(r#"{{"log_id":"1","data":7,"d\u0061ta":{record}}}"#),
        format!(r#"{{"type":"s","data":{record},"data":7}}"#),
        format!(r#"{{"logs":[{record}],"logs":[{record}]}}"#),
    ] {
        check(&body, "| broken");
        check(&format!("[{body},{record}]"), "derived | broken");
    }
    let cloud = r#"{"specversion":"1.0","type":"t","data":{},"data":{"type":"s"}}"#;
    check(cloud, "| broken t");
}

#[test]
fn above_the_limits_nothing_is_kept_and_a_syntax_error_is_still_told() {
    let limits = ElementLimits {
        elements: 5,
        rejects: 2,
        unpacked_bytes: 100,
        ..ElementLimits::default()
    };
    let check = |body: &str, expected: Result<(usize, usize), Unreadable>| {
        let parsed = parse_within(body, limits);
        let counts = parsed.map(|parsed| (parsed.log_events.len(), parsed.rejects.len()));
        assert_eq!(counts, expected, "{body}");
    };
    let event = r#"{"type":"s"}"#;
    let many = |count| format!("[{}]", vec![event; count].join(","));
    let elements = Unreadable::TooManyElements { limit: 5 };
    let rejects = Unreadable::TooManyRejects { limit: 2 };
    check(&many(5), Ok((5, 0)));
    check(&many(6), Err(elements));
    check(
        &many(7).replace(',', "\n").replace(['[', ']'], ""),
        Err(elements),
    );
    check(&format!(r#"{{"logs":{}}}"#, many(6)), Err(elements));
    check(&format!("[1,{event},2,{event},{event}]"), Ok((3, 2)));
    check("[1,2,3]", Err(rejects));
    check(&format!("{event}\n1\n2\n3"), Err(rejects));
    check("[1,2,3,4,}", Err(Unreadable::Syntax { offset: 9 }));
    assert_eq!(ElementLimits::of(6_291_456).elements, 98_304);
}

#[test]
fn a_dead_letter_is_never_taken_for_a_record() {
    let dead_letter = r#"{"reason":"x","at":"2026-11-20T10:00:00Z","function":"f","sink":"http","tenant":"acme","log_id":"1","event":{"log_id":"1","data":{"type":"s"}}}"#;
    let rejected = dead_letter.replace(r#""log_id":"1","event""#, r#""log_id":null,"event""#);
    check(dead_letter, "| dead letter");
    check(&rejected, "| dead letter");
    check(
        &format!("[{dead_letter},{{\"log_id\":\"2\"}}]"),
        "2 | dead letter",
    );
    check(&dead_letter.replace("\"sink\"", "\"other\""), "1");
    check(
        &dead_letter.replace("\"reason\":\"x\"", "\"reason\":1,\"type\":\"s\""),
        "1",
    );
}
