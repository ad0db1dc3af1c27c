mod closed;
mod entries;
mod wrappers;

use std::collections::BTreeMap;

use hmac::Mac;
use proptest::prelude::*;

use super::*;
use crate::digest::hex;
use crate::parse;
use crate::secret::hmac_sha256;

const KEY: &str = "k3y";

fn redaction(rules: &str) -> Redaction {
    Redaction::parse(rules, Some(Secret::new(KEY))).unwrap()
}

fn redacted_record(rules: &str, record: &str) -> String {
    let body = format!(r#"{{"log_id":"1","data":{record}}}"#);
    let mut parsed = parse(&body).unwrap();
    redaction(rules).redact(&mut parsed.log_events[0]);
    parsed.log_events[0].record().to_owned()
}

fn check(rules: &str, record: &str, expected: &str) {
    assert_eq!(redacted_record(rules, record), expected, "{rules} {record}");
}

fn hmac(plain: &str) -> String {
    let mut mac = hmac_sha256(KEY.as_bytes());
    mac.update(plain.as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[test]
fn members_are_dropped_masked_and_hashed_by_dotted_path() {
    check(
        "ip=drop",
        r#"{"ip":"192.0.2.1","type":"s"}"#,
        r#"{"type":"s"}"#,
    );
    check(
        "ip=mask",
        r#"{"ip":"192.0.2.1","n": 1.50}"#,
        r#"{"ip":"***","n":1.50}"#,
    );
    check(
        "a.b=mask",
        r#"{"a":{"b":1,"c":[ 2 ]}}"#,
        r#"{"a":{"b":"***","c":[ 2 ]}}"#,
    );
    check("a.b=drop", r#"{"a":{"b":1}}"#, r#"{"a":{}}"#);
    check(
        "ip=hmac",
        r#"{"ip":"é\n"}"#,
        &format!(r#"{{"ip":"{}"}}"#, hmac("é\n")),
    );
}

#[test]
fn arrays_are_redacted_element_by_element_and_null_stays() {
    check(
        "a=mask",
        r#"{"a":["x",null,["y"]]}"#,
        r#"{"a":["***",null,["***"]]}"#,
    );
    check(
        "a.b=mask",
        r#"{"a":[{"b":1},{"c":2},[{"b":3}],4]}"#,
        r#"{"a":[{"b":"***"},{"c":2},[{"b":"***"}],4]}"#,
    );
    check("a.b=drop", r#"{"a":[{"b":1,"c":2}]}"#, r#"{"a":[{"c":2}]}"#);
    check("a=mask", r#"{"a":null}"#, r#"{"a":null}"#);
    check("a=drop", r#"{"a":null,"b":1}"#, r#"{"b":1}"#);
}

#[test]
fn a_value_that_is_no_string_is_hashed_as_its_json_text() {
    for json in ["17", "1.50", "true", r#"{ "b":1 }"#] {
        check(
            "a=hmac",
            &format!(r#"{{"a":{json}}}"#),
            &format!(r#"{{"a":"{}"}}"#, hmac(json)),
        );
    }
}

#[test]
fn a_member_is_found_however_its_name_is_written_and_however_often() {
    check(
        "ip=mask",
        r#"{"\u0069p":"192.0.2.1","ip":"192.0.2.2"}"#,
        r#"{"\u0069p":"***","ip":"***"}"#,
    );
}

#[test]
fn arrays_nested_without_end_are_redacted_as_one_value() {
    let deep = format!("{}7{}", "[".repeat(20_000), "]".repeat(20_000));
    let redacted = redacted_record("a=mask", &format!(r#"{{"a":{deep}}}"#));
    assert!(!redacted.contains('7'));
}

#[test]
fn hmac_is_sha256_in_lower_case_hexadecimal() {
    // RFC 4231, test case 2.
    let redaction = Redaction::parse("a=hmac", Some(Secret::new("Jefe"))).unwrap();
    let body = r#"{"log_id":"1","data":{"a":"what do ya want for nothing?"}}"#;
    let mut parsed = parse(body).unwrap();
    redaction.redact(&mut parsed.log_events[0]);
    assert_eq!(
        parsed.log_events[0].record(),
        r#"{"a":"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}"#
    );
}

#[test]
fn a_redacted_event_names_its_paths_and_is_not_treated_again() {
    let body = r#"{"log_id":"1","data":{"ip":"192.0.2.1","type":"s"}}"#;
    let mut parsed = parse(body).unwrap();
    let rules = redaction("ip=hmac,user_name=mask");
    assert!(rules.redact(&mut parsed.log_events[0]));
    let once = parsed.log_events[0].detail().into_owned();
    let hash = hmac("192.0.2.1");
    assert_eq!(
        once,
        format!(r#"{{"log_id":"1","redacted":["ip"],"data":{{"ip":"{hash}","type":"s"}}}}"#)
    );

    let mut again = parse(&once).unwrap();
    assert!(!rules.redact(&mut again.log_events[0]));
    assert_eq!(again.log_events[0].detail(), once);
}

#[test]
fn what_stands_beside_the_record_is_redacted_and_kept() {
    let rules = redaction("ip=mask,details.body=drop");
    let check = |body: &str, expected: &str| {
        let mut parsed = parse(body).unwrap();
        rules.redact(&mut parsed.log_events[0]);
        assert_eq!(parsed.log_events[0].detail(), expected, "{body}");
        let again = parse(expected).unwrap();
        let mut again = again.log_events.into_iter().next().unwrap();
        assert!(!rules.redact(&mut again), "{expected}");
    };
    check(
        r#"{"log_id":"1","data":{"type":"s"},"ip":"a", "n": [1]}"#,
        r#"{"log_id":"1","redacted":["ip"],"data":{"type":"s"},"ip":"***","n":[1]}"#,
    );
    check(
        r#"{"details":{"body":1,"x":2},"data":{"ip":"b","type":"s"},"log_id":"1"}"#,
        r#"{"log_id":"1","redacted":["ip","details.body"],"data":{"ip":"***","type":"s"},"details":{"x":2}}"#,
    );
    check(
        r#"{"details":{"body":1},"data":{"type":"s","log_id":"2"}}"#,
        r#"{"log_id":"2","redacted":["details.body"],"data":{"type":"s","log_id":"2"},"details":{}}"#,
    );
    let kept = r#"{"log_id":"1","data":{"type":"s"},"n":1}"#;
    check(kept, kept);
}

#[test]
fn paths_lead_through_json_in_strings_escapes_and_indexes() {
    check(
        "details.request.body.password=drop",
        r#"{"details":{"request":{"body":"{\"password\":\"x\",\"n\":[ 1 ]}"}}}"#,
        r#"{"details":{"request":{"body":"{\"n\":[ 1 ]}"}}}"#,
    );
    check(
        "details.ip=mask",
        r#"{"details":"\"{\\\"ip\\\":1}\""}"#,
        r#"{"details":"\"{\\\"ip\\\":\\\"***\\\"}\""}"#,
    );
    check(
        r"a\.b.c\=d\,e=mask",
        r#"{"a.b":{"c=d,e":1},"a":{"b":2}}"#,
        r#"{"a.b":{"c=d,e":"***"},"a":{"b":2}}"#,
    );
    check(
        "a.1=mask",
        r#"{"a":["x","y","z"]}"#,
        r#"{"a":["x","***","z"]}"#,
    );
    check("a.0=drop", r#"{"a":["x","y"]}"#, r#"{"a":["y"]}"#);
    check(
        "a.0.b=mask,a.c=drop",
        r#"{"a":[{"b":1,"c":2},{"b":3,"c":4}],"0":5}"#,
        r#"{"a":[{"b":"***"},{"b":3}],"0":5}"#,
    );
    let untouched = r#"{"a":"{ \"c\" : 1 }"}"#;
    check("a.b=mask", untouched, untouched);
}

#[test]
fn no_form_of_a_value_leads_around_a_path() {
    // Indexes and names through JSON in strings, in arrays of them, in strings of strings, however a name is written.
    check(
        "a.0.b=mask",
        r#"{"a":"[{\"b\":1},{\"b\":2}]"}"#,
        r#"{"a":"[{\"b\":\"***\"},{\"b\":2}]"}"#,
    );
    check(
        "a.b=mask",
        r#"{"a":["{\"b\":1}","x",[["{\"b\":2}"]]]}"#,
        r#"{"a":["{\"b\":\"***\"}","***",[["{\"b\":\"***\"}"]]]}"#,
    );
    check(
        "a.b=mask",
        r#"{"a":"{\"\\u0062\":1,\"b\":null,\"b\":[2]}"}"#,
        r#"{"a":"{\"\\u0062\":\"***\",\"b\":null,\"b\":[\"***\"]}"}"#,
    );
    check(
        "details.request.body.password=drop",
        r#"{"details":" \n{\"request\":{\"body\":\"{\\\"password\\\":\\\"x\\\"}\"}}\t"}"#,
        r#"{"details":"{\"request\":{\"body\":\"{}\"}}"}"#,
    );
    // A member that is named by a number, and one that is not there.
    check(
        "a.0=mask",
        r#"{"a":{"0":"x","00":"y"}}"#,
        r#"{"a":{"0":"***","00":"y"}}"#,
    );
    check("a.9=drop", r#"{"a":["x"]}"#, r#"{"a":["x"]}"#);
    check("a.01=mask", r#"{"a":["x","y"]}"#, r#"{"a":["x","y"]}"#);
    check(
        "a.1.0=mask",
        r#"{"a":[["x"],["y",17]]}"#,
        r#"{"a":[["x"],["***",17]]}"#,
    );
    // A path may go through an array without an index, so the second text may be what has a first part.
    check(
        "a.1.0=mask",
        r#"{"a":[["x"],["y","z"]]}"#,
        r#"{"a":[["x"],["***","***"]]}"#,
    );
    // Names of which a part must be escaped.
    check(
        r"a\\.b=mask",
        r#"{"a\\":{"b":1},"a":{"b":2}}"#,
        r#"{"a\\":{"b":"***"},"a":{"b":2}}"#,
    );
    check(r"\=\,=drop", r#"{"=,":1,"b":2}"#, r#"{"b":2}"#);
    // What is told twice, and what no text can hold.
    check(
        "a=hmac",
        r#"{"a":"\ud800","b":1}"#,
        &format!(r#"{{"a":"{}","b":1}}"#, hmac(r#""\ud800""#)),
    );
    check(
        "a.b=drop",
        r#"{"a":"x","a":{"b":1}}"#,
        r#"{"a":"***","a":{}}"#,
    );
}

#[test]
fn an_event_without_the_named_members_stays_byte_for_byte() {
    let body = "{ \"log_id\" : \"1\", \"data\" : {\"type\":\"s\"} }";
    let mut parsed = parse(body).unwrap();
    assert!(!redaction("ip=drop").redact(&mut parsed.log_events[0]));
    assert_eq!(parsed.log_events[0].detail(), body);
}

#[test]
fn every_rule_that_cannot_be_read_is_named() {
    let problems = |rules: &str| Redaction::parse(rules, None).unwrap_err();
    let rule = |rule: &str| RedactionProblem::Rule(rule.to_owned());
    assert_eq!(problems("ip"), [rule("ip")]);
    assert_eq!(
        problems("ip=hash,a..b=drop,a=mask"),
        [rule("ip=hash"), rule("a..b=drop")]
    );
    assert_eq!(
        problems("ip=drop,ip=mask"),
        [RedactionProblem::Twice("ip".to_owned())]
    );
    for entry in [
        "=mask",
        ".a=mask",
        "a.=mask",
        "a=",
        r"a\=mask",
        r"a\b=mask",
        "a=mask=drop",
        r"a\\=\",
    ] {
        assert_eq!(problems(entry), [rule(entry)], "{entry}");
    }
    let below =
        |path: &str, other: &str| RedactionProblem::Below(path.to_owned(), other.to_owned());
    assert_eq!(problems("a=mask,a.b=drop"), [below("a.b", "a")]);
    assert_eq!(problems("a.b.c=mask,a=drop"), [below("a.b.c", "a")]);
    assert_eq!(problems("a=mask,a.0=drop"), [below("a.0", "a")]);
    // Paths go through arrays, so an index leads to a part of what is named without it.
    assert_eq!(problems("a.0.b=mask,a.b=drop"), [below("a.b", "a.0.b")]);
    assert_eq!(problems("a.b.c=mask,a.0.b=drop"), [below("a.b.c", "a.0.b")]);
    assert!(Redaction::parse("a.0=mask,a.1.b=drop,a.1.c=drop", None).is_ok());
    assert_eq!(problems("ip=hmac,a=hmac"), [RedactionProblem::NoKey]);
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-zé\"\\\\]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Actions by path; no path is below another, which is refused.
fn rules() -> impl Strategy<Value = BTreeMap<String, &'static str>> {
    let action = prop::sample::select(vec!["drop", "mask", "hmac"]);
    let rules = prop::collection::btree_map("[abc](\\.[abc]){0,2}", action, 1..4);
    rules.prop_map(|rules| {
        let is_below = |path: &str, other: &str| {
            let rest = path.strip_prefix(other);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        let mut apart = rules.clone();
        apart.retain(|path, _| !rules.keys().any(|other| is_below(path, other)));
        apart
    })
}

proptest! {
    #[test]
    fn redaction_applied_twice_equals_once(
        members in prop::collection::btree_map("[abc]", json_value(), 0..4),
        rules in rules(),
    ) {
        let record = serde_json::Value::Object(members.into_iter().collect());
        let body = format!(r#"{{"log_id":"1","data":{record}}}"#);
        let rules: Vec<String> = rules.iter().map(|(path, action)| format!("{path}={action}")).collect();
        let redaction = redaction(&rules.join(","));
        let mut parsed = parse(&body).unwrap();
        redaction.redact(&mut parsed.log_events[0]);
        let once = parsed.log_events[0].detail().into_owned();
        let mut again = parse(&once).unwrap();
        redaction.redact(&mut again.log_events[0]);
        prop_assert_eq!(again.log_events[0].detail(), once.clone());
        prop_assert!(serde_json::from_str::<serde_json::Value>(&once).is_ok());
    }
}
