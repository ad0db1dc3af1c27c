mod rules;

use super::*;

#[track_caller]
fn check(pattern: &str, event: &str, expected: bool) {
    let parsed = Pattern::parse(pattern).unwrap();
    let event: serde_json::Value = serde_json::from_str(event).unwrap();
    let event = event.to_string();
    assert_eq!(parsed.matches(&event), expected, "{pattern} on {event}");
}

#[track_caller]
fn refuse(pattern: &str, expected: &str) {
    let error = Pattern::parse(pattern).unwrap_err().to_string();
    assert!(error.contains(expected), "{pattern}: {error}");
}

#[test]
fn exact_values_match_by_type_and_text() {
    check(r#"{"a":["x"]}"#, r#"{"a":"x"}"#, true);
    check(r#"{"a":["x"]}"#, r#"{"a":"X"}"#, false);
    check(r#"{"a":["x","y"]}"#, r#"{"a":"y"}"#, true);
    check(r#"{"a":["x"]}"#, r#"{"b":"x"}"#, false);
    check(r#"{"a":["1"]}"#, r#"{"a":1}"#, false);
    check(r#"{"a":[1]}"#, r#"{"a":1}"#, true);
    check(r#"{"a":[300]}"#, r#"{"a":300.0}"#, false);
    check(r#"{"a":[true]}"#, r#"{"a":true}"#, true);
    check(r#"{"a":[true]}"#, r#"{"a":"true"}"#, false);
    check(r#"{"a":[null]}"#, r#"{"a":null}"#, true);
    check(r#"{"a":[null]}"#, "{}", false);
    check(r#"{"a":[""]}"#, r#"{"a":""}"#, true);
    check(r#"{"a":["x"],"b":["y"]}"#, r#"{"a":"x","b":"z"}"#, false);
    check(
        r#"{"a":["x"],"b":["y"]}"#,
        r#"{"a":"x","b":"y","c":1}"#,
        true,
    );
}

#[test]
fn objects_nest() {
    check(r#"{"a":{"b":["x"]}}"#, r#"{"a":{"b":"x"}}"#, true);
    check(r#"{"a":{"b":["x"]}}"#, r#"{"a":"x"}"#, false);
    check(r#"{"a":["x"]}"#, r#"{"a":{"b":"x"}}"#, false);
    check(
        r#"{"a":{"b":{"c":["x"]}}}"#,
        r#"{"a":{"b":{"c":"y"}}}"#,
        false,
    );
}

#[test]
fn one_element_of_an_array_is_enough() {
    check(r#"{"a":["x"]}"#, r#"{"a":["y","x"]}"#, true);
    check(r#"{"a":["x"]}"#, r#"{"a":["y","z"]}"#, false);
    check(r#"{"a":["x"]}"#, r#"{"a":[["x"]]}"#, true);
    check(r#"{"a":["x"]}"#, r#"{"a":[]}"#, false);
    check(
        r#"{"a":{"b":["x"]}}"#,
        r#"{"a":[{"b":"y"},{"b":"x"}]}"#,
        true,
    );
    // The same element has to match all of the object.
    check(
        r#"{"a":{"b":[1],"c":[2]}}"#,
        r#"{"a":[{"b":1,"c":3},{"b":3,"c":2}]}"#,
        false,
    );
    check(
        r#"{"a":{"b":[1],"c":[2]}}"#,
        r#"{"a":[{"b":1,"c":2}]}"#,
        true,
    );
}

#[test]
fn text_operators_match() {
    check(
        r#"{"a":[{"prefix":"auth0.com/"}]}"#,
        r#"{"a":"auth0.com/t"}"#,
        true,
    );
    check(
        r#"{"a":[{"prefix":"auth0.com/"}]}"#,
        r#"{"a":"auth0.org/t"}"#,
        false,
    );
    check(r#"{"a":[{"prefix":"1"}]}"#, r#"{"a":12}"#, false);
    check(
        r#"{"a":[{"prefix":{"equals-ignore-case":"AU"}}]}"#,
        r#"{"a":"auth"}"#,
        true,
    );
    check(r#"{"a":[{"suffix":".png"}]}"#, r#"{"a":"x.png"}"#, true);
    check(r#"{"a":[{"suffix":".png"}]}"#, r#"{"a":"x.png2"}"#, false);
    check(
        r#"{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}"#,
        r#"{"a":"x.png"}"#,
        true,
    );
    check(
        r#"{"a":[{"equals-ignore-case":"ÄB"}]}"#,
        r#"{"a":"äb"}"#,
        true,
    );
    check(
        r#"{"a":[{"equals-ignore-case":"ab"}]}"#,
        r#"{"a":"abc"}"#,
        false,
    );
    check(r#"{"a":[{"wildcard":"a*c"}]}"#, r#"{"a":"abbc"}"#, true);
    check(r#"{"a":[{"wildcard":"a*c"}]}"#, r#"{"a":"ac"}"#, true);
    check(r#"{"a":[{"wildcard":"a*a"}]}"#, r#"{"a":"a"}"#, false);
    check(r#"{"a":[{"wildcard":"*b*d"}]}"#, r#"{"a":"abcd"}"#, true);
    check(r#"{"a":[{"wildcard":"*b*d"}]}"#, r#"{"a":"adcb"}"#, false);
    check(r#"{"a":[{"wildcard":"a\\*c"}]}"#, r#"{"a":"a*c"}"#, true);
    check(r#"{"a":[{"wildcard":"a\\*c"}]}"#, r#"{"a":"abc"}"#, false);
    check(r#"{"a":[{"wildcard":"abc"}]}"#, r#"{"a":"abc"}"#, true);
}

#[test]
fn networks_match() {
    check(
        r#"{"a":[{"cidr":"192.0.2.0/24"}]}"#,
        r#"{"a":"192.0.2.9"}"#,
        true,
    );
    check(
        r#"{"a":[{"cidr":"192.0.2.0/24"}]}"#,
        r#"{"a":"192.0.3.9"}"#,
        false,
    );
    check(
        r#"{"a":[{"cidr":"0.0.0.0/0"}]}"#,
        r#"{"a":"198.51.100.1"}"#,
        true,
    );
    check(
        r#"{"a":[{"cidr":"2001:db8::/32"}]}"#,
        r#"{"a":"2001:db8::1"}"#,
        true,
    );
    check(
        r#"{"a":[{"cidr":"2001:db8::/32"}]}"#,
        r#"{"a":"192.0.2.1"}"#,
        false,
    );
}

#[test]
fn anything_but_matches_the_rest() {
    check(r#"{"a":[{"anything-but":"x"}]}"#, r#"{"a":"y"}"#, true);
    check(r#"{"a":[{"anything-but":"x"}]}"#, r#"{"a":"x"}"#, false);
    check(r#"{"a":[{"anything-but":"x"}]}"#, r#"{"a":5}"#, true);
    check(r#"{"a":[{"anything-but":"x"}]}"#, "{}", false);
    check(
        r#"{"a":[{"anything-but":["x","y"]}]}"#,
        r#"{"a":"y"}"#,
        false,
    );
    check(
        r#"{"a":[{"anything-but":["x","y"]}]}"#,
        r#"{"a":"z"}"#,
        true,
    );
    check(r#"{"a":[{"anything-but":[1,2]}]}"#, r#"{"a":2}"#, false);
    check(
        r#"{"a":[{"anything-but":["x"]}]}"#,
        r#"{"a":["x","y"]}"#,
        true,
    );
    check(
        r#"{"a":[{"anything-but":{"prefix":"x"}}]}"#,
        r#"{"a":"xy"}"#,
        false,
    );
    check(
        r#"{"a":[{"anything-but":{"prefix":["x","y"]}}]}"#,
        r#"{"a":"zx"}"#,
        true,
    );
    check(
        r#"{"a":[{"anything-but":{"suffix":"x"}}]}"#,
        r#"{"a":"yx"}"#,
        false,
    );
    check(
        r#"{"a":[{"anything-but":{"suffix":"x"}}]}"#,
        r#"{"a":"xy"}"#,
        true,
    );
    check(
        r#"{"a":[{"anything-but":{"equals-ignore-case":"X"}}]}"#,
        r#"{"a":"x"}"#,
        false,
    );
    check(
        r#"{"a":[{"anything-but":{"wildcard":"x*"}}]}"#,
        r#"{"a":"xy"}"#,
        false,
    );
}

#[test]
fn exists_looks_at_leaves_only() {
    check(r#"{"a":[{"exists":true}]}"#, r#"{"a":null}"#, true);
    check(r#"{"a":[{"exists":true}]}"#, "{}", false);
    check(r#"{"a":[{"exists":true}]}"#, r#"{"a":{"b":1}}"#, false);
    check(r#"{"a":[{"exists":true}]}"#, r#"{"a":[]}"#, false);
    check(r#"{"a":[{"exists":false}]}"#, "{}", true);
    check(r#"{"a":[{"exists":false}]}"#, r#"{"a":1}"#, false);
    check(r#"{"a":{"b":[{"exists":false}]}}"#, "{}", true);
    check(
        r#"{"a":{"b":[{"exists":false}]}}"#,
        r#"{"a":{"b":0}}"#,
        false,
    );
    check(r#"{"a":["x",{"exists":false}]}"#, "{}", true);
}

#[test]
fn numbers_are_compared() {
    check(r#"{"a":[{"numeric":["=",3]}]}"#, r#"{"a":3.0}"#, true);
    check(r#"{"a":[{"numeric":["=",3]}]}"#, r#"{"a":4}"#, false);
    check(r#"{"a":[{"numeric":["<",3]}]}"#, r#"{"a":3}"#, false);
    check(r#"{"a":[{"numeric":["<=",3]}]}"#, r#"{"a":3}"#, true);
    check(r#"{"a":[{"numeric":[">",3]}]}"#, r#"{"a":3}"#, false);
    check(r#"{"a":[{"numeric":[">=",3]}]}"#, r#"{"a":3}"#, true);
    check(r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, r#"{"a":5}"#, true);
    check(
        r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#,
        r#"{"a":-1}"#,
        false,
    );
    check(
        r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#,
        r#"{"a":5.1}"#,
        false,
    );
    check(r#"{"a":[{"numeric":[">",0]}]}"#, r#"{"a":"5"}"#, false);
}

#[test]
fn or_works_at_every_level() {
    let top = r#"{"$or":[{"a":["x"]},{"b":["y"]}]}"#;
    check(top, r#"{"a":"x"}"#, true);
    check(top, r#"{"b":"y"}"#, true);
    check(top, r#"{"a":"y","b":"x"}"#, false);
    let nested = r#"{"s":["k"],"d":{"$or":[{"a":["x"]},{"b":[{"numeric":[">",1]}]}]}}"#;
    check(nested, r#"{"s":"k","d":{"b":2}}"#, true);
    check(nested, r#"{"s":"k","d":{"b":1}}"#, false);
    check(nested, r#"{"s":"l","d":{"a":"x"}}"#, false);
    check(
        r#"{"$or":[{"$or":[{"a":[1]},{"a":[2]}]},{"a":[3]}]}"#,
        r#"{"a":2}"#,
        true,
    );
}

#[test]
fn the_rule_of_the_design_takes_both_sources() {
    let rule = r#"{"source":[{"prefix":"aws.partner/auth0.com/"},{"prefix":"auth0.com/"}],"detail-type":["Auth0 log"]}"#;
    let event =
        |source: &str, kind: &str| format!(r#"{{"source":"{source}","detail-type":"{kind}"}}"#);
    check(
        rule,
        &event("auth0.com/example/auth0.logs", "Auth0 log"),
        true,
    );
    check(
        rule,
        &event("aws.partner/auth0.com/example-1/auth0.logs", "Auth0 log"),
        true,
    );
    check(
        rule,
        &event("auth0.com/example/auth0.logs", "Auth0 event"),
        false,
    );
    check(rule, &event("example.com/auth0.com/", "Auth0 log"), false);
}

#[test]
fn what_the_service_refuses_is_refused() {
    refuse("", "no JSON object");
    refuse("[]", "no JSON object");
    refuse("{}", "`$` is empty");
    refuse(r#"{"a":[]}"#, "`$.a` is empty");
    refuse(r#"{"a":{}}"#, "`$.a` is empty");
    refuse(r#"{"a":"x"}"#, "`$.a` is neither");
    refuse(r#"{"a":{"b":null}}"#, "`$.a.b` is neither");
    refuse(r#"{"a":[["x"]]}"#, "an array inside an array");
    refuse(r#"{"a":[{}]}"#, "exactly one key");
    refuse(r#"{"a":[{"prefix":"x","suffix":"y"}]}"#, "exactly one key");
    refuse(r#"{"a":[{"contains":"x"}]}"#, "unknown operator `contains`");
    refuse(
        r#"{"a":[{"wildcard":{"equals-ignore-case":"x"}}]}"#,
        "unknown operator `wildcard`",
    );
    refuse(r#"{"a":[{"prefix":1}]}"#, "wants a string");
    refuse(r#"{"a":[{"exists":"yes"}]}"#, "`exists` wants");
    refuse(r#"{"a":[{"numeric":["!=",1]}]}"#, "`numeric` wants");
    refuse(r#"{"a":[{"numeric":[">"]}]}"#, "`numeric` wants");
    refuse(r#"{"a":[{"numeric":["<",5,">",1]}]}"#, "`numeric` wants");
    refuse(r#"{"a":[{"numeric":[">",5,"<",1]}]}"#, "`numeric` wants");
    refuse(r#"{"a":[{"numeric":[">",6000000000]}]}"#, "-5e9");
    refuse(r#"{"a":[{"anything-but":["x",1]}]}"#, "not both");
    refuse(r#"{"a":[{"anything-but":[]}]}"#, "not both");
    refuse(r#"{"a":[{"anything-but":null}]}"#, "neither null");
    refuse(
        r#"{"a":[{"anything-but":{"exists":true}}]}"#,
        "unknown operator `exists`",
    );
    refuse(r#"{"a":[{"wildcard":"a**b"}]}"#, "two stars");
    refuse(r#"{"a":[{"wildcard":"a\\b"}]}"#, "backslash");
    refuse(r#"{"a":[{"cidr":"192.0.2.0/33"}]}"#, "`cidr` wants");
    refuse(r#"{"$or":[{"a":["x"]}]}"#, "at least two");
    refuse(r#"{"$or":[{"a":["x"]},1]}"#, "wants objects");
    refuse(
        &format!(r#"{{"a":["{}"]}}"#, "x".repeat(4096)),
        "more than 4096",
    );
}
