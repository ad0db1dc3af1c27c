//! What the service documents beyond the obvious, and what event-ruler's source says where the
//! documentation is silent. Each table names its rule.

use super::{Pattern, refuse};

/// Checks pattern, event and whether they match.
#[track_caller]
fn rule(name: &str, cases: &[(&str, &str, bool)]) {
    for (pattern, event, expected) in cases {
        let parsed = Pattern::parse(pattern).unwrap();
        let matches = parsed.matches(event);
        assert_eq!(matches, *expected, "{name}: {pattern} on {event}");
    }
}

#[test]
fn a_dot_joins_names() {
    let nested = r#"{"d":{"s":{"t":["r"]}}}"#;
    let joined = r#"{"d":{"s.t":["r"]}}"#;
    rule(
        "the dot is the joining character (eb-create-pattern)",
        &[
            (joined, r#"{"d":{"s":{"t":"r"}}}"#, true),
            (nested, r#"{"d":{"s.t":"r"}}"#, true),
            (nested, r#"{"d.s.t":"r"}"#, true),
            (joined, r#"{"d.s":{"t":"r"}}"#, true),
            (joined, r#"{"d":{"s":{"u":"r"}}}"#, false),
            (r#"{"a.b":[{"exists":false}]}"#, r#"{"a":{"b":1}}"#, false),
        ],
    );
}

#[test]
fn only_the_last_pattern_of_a_field_counts() {
    let before = r#"{"a":{"b":[1]},"$or":[{"a":{"b":[2]}},{"x":[1]}]}"#;
    let after = r#"{"$or":[{"a":{"b":[2]}},{"x":[1]}],"a":{"b":[1]}}"#;
    let twice = r#"{"a":{"b":[1]},"a":{"c":[2]}}"#;
    rule(
        "only the last pattern of a JSON field is used (eb-create-pattern)",
        &[
            (before, r#"{"a":{"b":2}}"#, true),
            (before, r#"{"a":{"b":1}}"#, false),
            (before, r#"{"a":{"b":1},"x":1}"#, true),
            (after, r#"{"a":{"b":2}}"#, false),
            (after, r#"{"a":{"b":1}}"#, true),
            (r#"{"a":[1],"a":[2]}"#, r#"{"a":1}"#, false),
            (r#"{"a":[1],"a":[2]}"#, r#"{"a":2}"#, true),
            (r#"{"a":{"b":[1]},"a.b":[2]}"#, r#"{"a":{"b":2}}"#, true),
            // Other paths below the same name stay.
            (twice, r#"{"a":{"c":2}}"#, false),
            (twice, r#"{"a":{"b":1,"c":2}}"#, true),
        ],
    );
}

#[test]
fn exact_numbers_are_texts() {
    rule(
        "300, 300.0 and 3.0e2 are not equal (eb-create-pattern)",
        &[
            (r#"{"a":[300]}"#, r#"{"a":300}"#, true),
            (r#"{"a":[300]}"#, r#"{"a":300.0}"#, false),
            (r#"{"a":[300]}"#, r#"{"a":3.0e2}"#, false),
            (r#"{"a":[300.0]}"#, r#"{"a":300.0}"#, true),
            (r#"{"a":[300.0]}"#, r#"{"a":300}"#, false),
            (r#"{"a":[300.0]}"#, r#"{"a":300.00}"#, false),
            (r#"{"a":[300.0]}"#, r#"{"a":3.0e2}"#, false),
            (r#"{"a":[3.0e2]}"#, r#"{"a":3.0e2}"#, true),
            (r#"{"a":[3.0e2]}"#, r#"{"a":300.0}"#, false),
            (r#"{"a":[0]}"#, r#"{"a":-0}"#, false),
        ],
    );
    let large = r#"{"a":[18446744073709551617]}"#;
    rule(
        "no digit of a long integer is lost",
        &[
            (large, r#"{"a":18446744073709551617}"#, true),
            (large, r#"{"a":18446744073709551616}"#, false),
            (large, r#"{"a":1.8446744073709552e19}"#, false),
        ],
    );
}

/// A parsed event has forgotten how its floats were written, and long integers are floats to it.
#[test]
fn a_parsed_event_matches_no_other_long_integer() {
    let event: serde_json::Value = serde_json::from_str(r#"{"a":18446744073709551616}"#).unwrap();
    let event = event.to_string();
    for number in ["18446744073709551615", "18446744073709551617"] {
        let pattern = Pattern::parse(&format!(r#"{{"a":[{number}]}}"#)).unwrap();
        assert!(!pattern.matches(&event), "{number}");
    }
}

#[test]
fn a_field_is_absent_only_where_no_element_has_it() {
    let absent = r#"{"a":{"b":[{"exists":false}]}}"#;
    rule(
        "`exists: false` wants no value at the path (event-ruler, NameState)",
        &[
            (absent, r#"{"a":[{"b":1},{"c":2}]}"#, false),
            (absent, r#"{"a":["z",{"b":1}]}"#, false),
            (absent, r#"{"a":["z",{"c":1}]}"#, true),
            (absent, r#"{"a":[]}"#, true),
            (absent, r#"{"a":[{"b":{"d":1}}]}"#, true),
            // What another path has settled on one element is asked of that element alone.
            (
                r#"{"a":{"b":[1],"c":[{"exists":false}]}}"#,
                r#"{"a":[{"b":1},{"c":2}]}"#,
                true,
            ),
            (
                r#"{"a":{"b":[1],"c":[{"exists":false}]}}"#,
                r#"{"a":[{"b":1,"c":2}]}"#,
                false,
            ),
        ],
    );
}

#[test]
fn one_element_holds_for_all_paths() {
    let across_or = r#"{"a":{"b":[1]},"$or":[{"a":{"c":[2]}},{"x":[1]}]}"#;
    rule(
        "matches are array-consistent (event-ruler, README and ArrayMembership)",
        &[
            (across_or, r#"{"a":[{"b":1},{"c":2}]}"#, false),
            (across_or, r#"{"a":[{"b":1,"c":2}]}"#, true),
            (across_or, r#"{"a":[{"b":1},{"c":2}],"x":1}"#, true),
            (
                r#"{"a":{"b":[1],"c":{"d":[2]}}}"#,
                r#"{"a":[{"b":1,"c":[{"d":3},{"d":2}]}]}"#,
                true,
            ),
            (
                r#"{"a":{"b":[1],"c":{"d":[2]}}}"#,
                r#"{"a":[{"b":1,"c":[{"d":3}]},{"b":3,"c":[{"d":2}]}]}"#,
                false,
            ),
            // Two arrays, and the scalars of one, are free of each other.
            (
                r#"{"a":{"b":[1]},"e":{"b":[2]}}"#,
                r#"{"a":[{"b":1},{"b":2}],"e":[{"b":1},{"b":2}]}"#,
                true,
            ),
            (r#"{"a":["x"],"a.b":[1]}"#, r#"{"a":["x",{"b":1}]}"#, true),
        ],
    );
}

#[test]
fn compared_numbers_are_numbers() {
    let but = r#"{"a":[{"anything-but":100}]}"#;
    let zero = r#"{"a":[{"numeric":["=",0]}]}"#;
    let most = r#"{"a":[{"numeric":["<=",5e9]}]}"#;
    let positive = r#"{"a":[{"numeric":[">",0]}]}"#;
    rule(
        "`anything-but` and `numeric` compare numbers (event-ruler, ComparableNumber)",
        &[
            (but, r#"{"a":100.0}"#, false),
            (but, r#"{"a":1e2}"#, false),
            (but, r#"{"a":100.000001}"#, true),
            (but, r#"{"a":"100"}"#, true),
            (zero, r#"{"a":-0}"#, true),
            (zero, r#"{"a":-0.0}"#, true),
            (zero, r#"{"a":0.000001}"#, false),
        ],
    );
    rule(
        "from -5e9 to 5e9, six decimals (eb-create-pattern-operators, ComparableNumber)",
        &[
            (most, r#"{"a":5000000000}"#, true),
            (most, r#"{"a":-5000000000}"#, true),
            (most, r#"{"a":-5000000001}"#, false),
            (positive, r#"{"a":5000000000}"#, true),
            (positive, r#"{"a":5000000001}"#, false),
            (positive, r#"{"a":0.000001}"#, true),
            (positive, r#"{"a":0.0000011}"#, false),
            (but, r#"{"a":5000000001}"#, true),
            (but, r#"{"a":100.0000001}"#, true),
        ],
    );
}

#[test]
fn what_put_rule_refuses_is_refused() {
    for affix in ["prefix", "suffix"] {
        refuse(
            &format!(r#"{{"a":[{{"anything-but":{{"{affix}":""}}}}]}}"#),
            "no empty prefix or suffix",
        );
        refuse(
            &format!(r#"{{"a":[{{"anything-but":{{"{affix}":["x",""]}}}}]}}"#),
            "no empty prefix or suffix",
        );
        refuse(
            &format!(r#"{{"a":[{{"anything-but":{{"{affix}":{{"equals-ignore-case":"x"}}}}}}]}}"#),
            "wants a string",
        );
    }
    let reserved = "reserved inside `$or`";
    refuse(r#"{"$or":[{"prefix":["x"]},{"suffix":["y"]}]}"#, reserved);
    refuse(r#"{"$or":[{"a":["x"]},{"b":{"numeric":["y"]}}]}"#, reserved);
    for number in ["5000000001", "-5e10", "0.0000001"] {
        let at_most = "six decimals at most";
        for operator in ["anything-but", "numeric"] {
            let operand = match operator {
                "numeric" => format!(r#"["=",{number}]"#),
                _ => number.to_owned(),
            };
            refuse(&format!(r#"{{"a":[{{"{operator}":{operand}}}]}}"#), at_most);
        }
        refuse(
            &format!(r#"{{"a":[{{"anything-but":[1,{number}]}}]}}"#),
            at_most,
        );
    }
    refuse(r#"{"a":[{"numeric":[">",5e9]}]}"#, "`numeric` wants");
    refuse(r#"{"a":[{"numeric":["<",-5e9]}]}"#, "`numeric` wants");
    refuse(r#"{"a":[{"prefix":"x","prefix":"y"}]}"#, "exactly one key");
    refuse(r#"{"a":[{"cidr":"192.0.2.1/32"}]}"#, "`cidr` wants");
    refuse(r#"{"a":[{"cidr":"2001:db8::1/128"}]}"#, "`cidr` wants");
}

#[test]
fn what_event_ruler_takes_is_taken() {
    rule(
        "an operator's name is a field like any other outside `$or` (README)",
        &[(r#"{"prefix":["x"]}"#, r#"{"prefix":"x"}"#, true)],
    );
    rule(
        "the bits of `cidr` are read by Integer.parseInt, which takes a plus (CIDR)",
        &[(
            r#"{"a":[{"cidr":"10.0.0.0/+8"}]}"#,
            r#"{"a":"10.1.2.3"}"#,
            true,
        )],
    );
    rule(
        "only `anything-but` takes no empty prefix (JsonRuleCompiler)",
        &[(r#"{"a":[{"prefix":""}]}"#, r#"{"a":"x"}"#, true)],
    );
}

#[test]
fn branches_and_levels_are_limited() {
    let or = r#""$or":[{"a":[1]},{"b":[1]}]"#;
    let many = [or; 10].join(",");
    refuse(&format!("{{{many}}}"), "more than 1000 combinations");
    let few = [or; 9].join(",");
    rule(
        "alternatives multiply",
        &[(&format!("{{{few}}}"), r#"{"b":1}"#, true)],
    );
    let deep = |levels| format!("{}[1]{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    rule("127 levels are read", &[(&deep(126), &deep(126), true)]);
    refuse(&deep(127), "no JSON object");
}
