use super::*;

fn problems(rules: &str) -> Vec<RedactionProblem> {
    Redaction::parse(rules, None).unwrap_err()
}

#[test]
fn an_entry_that_is_empty_is_named_by_its_place() {
    for (rules, places) in [
        ("ip=mask,", &[2][..]),
        (",ip=mask", &[1]),
        ("ip=mask,,user_name=drop", &[2]),
        ("ip=mask, ,user_name=drop,", &[2, 4]),
        (",", &[1, 2]),
    ] {
        let expected: Vec<_> = places
            .iter()
            .copied()
            .map(RedactionProblem::Empty)
            .collect();
        assert_eq!(problems(rules), expected, "{rules}");
    }
    for nothing in ["", " "] {
        assert!(Redaction::parse(nothing, None).unwrap().is_empty());
    }
}

#[test]
fn an_entry_with_signs_of_another_language_of_paths_is_refused() {
    for entry in [
        "*=mask",
        "details.*=mask",
        "user_*=drop",
        "details.**.email=mask",
        "details.prompts[0].name=mask",
        "details.prompts[].name=mask",
        "details[\"request\"]=mask",
        "[0]=mask",
    ] {
        let expected = RedactionProblem::Wildcard(entry.to_owned());
        assert_eq!(problems(entry), [expected], "{entry}");
    }
    check(
        r"details.a\*b=mask,details.c\[0\]=mask",
        r#"{"details":{"a*b":1,"c[0]":2,"c":[3]}}"#,
        r#"{"details":{"a*b":"***","c[0]":"***","c":[3]}}"#,
    );
}

#[test]
fn an_entry_that_begins_with_what_no_record_has_is_refused() {
    for (entry, first) in [
        ("data.ip=mask", "data"),
        ("data=drop", "data"),
        ("detail.data.ip=mask", "detail"),
        ("logs.0.data.ip=mask", "logs"),
        ("redacted=drop", "redacted"),
        ("log_id_derived=drop", "log_id_derived"),
        ("$.ip=mask", "$"),
        ("/ip=mask", "/ip"),
        ("0.ip=mask", "0"),
    ] {
        let expected = RedactionProblem::NotOfARecord(entry.to_owned(), first.to_owned());
        assert_eq!(problems(entry), [expected], "{entry}");
    }
    for entry in ["log_id=mask", "log_id=hmac", "log_id.x=drop", "_id=mask"] {
        let expected = RedactionProblem::LogId(entry.to_owned());
        assert_eq!(problems(entry)[0], expected, "{entry}");
    }
}

#[test]
fn names_that_auth0_may_use_are_taken() {
    for entry in [
        "type=mask",
        "date=drop",
        "$event_schema.version=mask",
        "description=mask",
        "body=mask",
        "query=mask",
        "details.data.log_id=mask",
        "details.logs=drop",
        "details.0.0=mask",
        "details.request.body.user_metadata.https://example\\.com/a=mask",
        "details.qs.ext-a=mask",
        "a_member_of_next_year=mask",
        "Name=mask",
        " ip = mask ",
        "ünï=mask",
        "details.sp ace=mask",
    ] {
        assert!(Redaction::parse(entry, None).is_ok(), "{entry}");
    }
}
