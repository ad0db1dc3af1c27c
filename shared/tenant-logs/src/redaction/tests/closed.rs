use super::*;

#[test]
fn what_a_path_may_lead_into_and_cannot_be_followed_is_masked() {
    for hidden in [
        r#""{\"b\":1""#,
        r#""{b:1}""#,
        r#""\ud800{\"b\":1}""#,
        &format!("{}{{\"b\":1}}{}", "[".repeat(40), "]".repeat(40)),
    ] {
        let redacted = redacted_record("a.b=mask", &format!(r#"{{"a":{hidden},"c":1}}"#));
        assert!(
            redacted.contains("***") && !redacted.contains("b\\\":1"),
            "{redacted}"
        );
        assert!(!redacted.contains("{\"b\":1}"), "{redacted}");
        assert!(redacted.ends_with(r#","c":1}"#), "{redacted}");
    }
    for plain in ["", " ", "17", "-1.5e3", "true", "null"] {
        let record = format!(r#"{{"a":"{plain}"}}"#);
        check("a.b=mask", &record, &record);
    }
    // A form, one in base64, a token, markup, JSON in base64 of two lines, and plain text.
    for hidden in [
        "x=1&b=secret",
        "eD0xJmI9c2VjcmV0",
        "eyJhbGciOiJub25lIn0.eyJiIjoic2VjcmV0In0.",
        "<b>secret</b>",
        "eyJiIjoi\\nc2VjcmV0In0=",
        "17 secrets",
    ] {
        let record = format!(r#"{{"a":"{hidden}","c":"plain"}}"#);
        check("a.b=mask", &record, r#"{"a":"***","c":"plain"}"#);
    }
    check("a.1.b=mask", r#"{"a":[17,"b=x"]}"#, r#"{"a":[17,"***"]}"#);
    // An index is told by the array, so the texts beside the element are no part of it; an array beside it may be what is meant.
    check(
        "a.0.b=mask",
        r#"{"a":["b=x","y",{"b":1},["b=z",{"b":2}]]}"#,
        r#"{"a":["***","y",{"b":1},["***",{"b":2}]]}"#,
    );
    check(
        "a.1.b=mask,a.c=mask",
        r#"{"a":["c=x",{"b":1,"c":2},"z"]}"#,
        r#"{"a":["***",{"b":"***","c":"***"},"***"]}"#,
    );
    // Whatever a path leads into may be hidden in a text that stands in the place of an object.
    check(
        "details.request.body=mask",
        r#"{"details":"user is blocked","description":"user is blocked"}"#,
        r#"{"details":"***","description":"user is blocked"}"#,
    );
    // An index leads into an array, and into a text where one could be.
    check("a.1=mask", r#"{"a":"x,y"}"#, r#"{"a":"***"}"#);
    check("a.0.1=mask", r#"{"a":["x,y","z"]}"#, r#"{"a":["***","z"]}"#);
    check(
        "a.1=mask",
        r#"{"a":["\ufeff[\"x\",\"y\"]"]}"#,
        r#"{"a":["[\"x\",\"***\"]"]}"#,
    );
}

#[test]
fn an_object_that_is_no_log_event_is_redacted_wherever_a_record_could_be() {
    let rules = redaction("ip=mask,user.name=mask,geo=drop");
    let check = |object: &str, expected: &str| {
        assert_eq!(rules.redact_anywhere(object).unwrap(), expected, "{object}");
    };
    check(
        r#"{"ip":"a","data":{"ip":"b"},"detail":{"ip":"c","data":{"ip":"d"}},"x":"ip"}"#,
        r#"{"ip":"***","data":{"ip":"***"},"detail":{"ip":"***","data":{"ip":"***"}},"x":"ip"}"#,
    );
    check(
        r#"{"logs":[{"log_id":"1","data":{"ip":"a","geo":1,"user":{"name":"b","id":2}}}]}"#,
        r#"{"logs":[{"log_id":"1","data":{"ip":"***","user":{"name":"***","id":2}}}]}"#,
    );
    check(
        r#"{"Records":[{"body":" {\"ip\":\"a\"}"},{"body":"[1]"},{"body":"\"{}\""},{"body":"plain"}]}"#,
        r#"{"Records":[{"body":"{\"ip\":\"***\"}"},{"body":"[1]"},{"body":"\"{}\""},{"body":"plain"}]}"#,
    );
    // Where a record stands, any text may be one; elsewhere one that holds an object, or may.
    check(
        r#"{"log_id":"1","data":"ip=a","detail":["ip: a"],"logs":"","x":"ip=a example eyes"}"#,
        r#"{"log_id":"1","data":"***","detail":["***"],"logs":"","x":"ip=a example eyes"}"#,
    );
    check(r#"["ip=a",1]"#, r#"["***",1]"#);
    for hidden in [
        "plain {",
        "%7B%22ip%22%3A1%7D",
        "7b226970223a317d",
        "eyJpcCI6ImEifQ",
        "data:application/json;base64,eyJpcCI6ImEifQ==",
        "eyJhbGciOiJub25lIn0.eyJpcCI6ImEifQ.",
        "W3siaXAiOiJhIn1d",
        "ewogICJpcCI6",
        "H4sIAAAAAAAA_w",
    ] {
        check(
            &format!(r#"{{"x":["{hidden}"],"y":{{"z":"{hidden}"}}}}"#),
            r#"{"x":["***"],"y":{"z":"***"}}"#,
        );
    }
    check(
        r#"{"body":"{\"ip\":\"a\"","list":["{{ip}}",{"geo":[1]}]}"#,
        r#"{"body":"***","list":["***",{}]}"#,
    );
    check(
        r#"{"user":{"user":{"name":"a"},"name":"b"},"name":"c","geo":{"geo":1}}"#,
        r#"{"user":{"user":{"name":"***"},"name":"***"},"name":"c"}"#,
    );
    check(r#"[7,{"ip":"a"}]"#, r#"[7,{"ip":"***"}]"#);
    let deep = format!("{}{{\"ip\":\"a\"}}{}", "[".repeat(40), "]".repeat(40));
    let hidden = rules.redact_anywhere(&format!("{{\"x\":{deep}}}")).unwrap();
    assert!(!hidden.contains("\"a\""), "{hidden}");
    assert_eq!(rules.redact_anywhere("\"192.0.2.1\""), None);
}
