use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::*;

/// Returns the extent that `serde_json` gives the value at the begin of a text; `None` if it reads none.
fn peer_end(text: &str) -> Option<usize> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let raw = <&RawValue>::deserialize(&mut deserializer).ok()?;
    Some(raw.get().len())
}

fn object_extent(text: &str) -> Option<usize> {
    Scan::of(text).object_end(0, |scan, _name, value| scan.value_end(value))
}

fn check(text: &str) {
    let expected = peer_end(text);
    assert_eq!(Scan::of(text).value_end(0), expected, "{text}");
    let of_object = expected.filter(|_| text.starts_with('{'));
    assert_eq!(object_extent(text), of_object, "{text}");
}

#[test]
fn values_end_where_serde_json_ends_them() {
    let values = [
        "null",
        "nul",
        "nulll",
        "true",
        "false",
        "fals",
        "\"\"",
        "\"a",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "[}",
        "{]",
        "",
        "\"\\u00e9\"",
        "\"\\u00g9\"",
        "\"\\u12\"",
        "\"\\x\"",
        "\"\\",
        "\"\\\"\"",
        "\"a\nb\"",
        "\"\u{7f}é\u{1f600}\"",
        "\"\u{1f}\"",
        "[1,[2,{\"a\":[3]}],\"]\"] tail",
        "{\"a\" : {\"b\" :[ ] } , \"c\":\"}\"}  ",
    ];
    for value in values {
        check(value);
    }
}

#[test]
fn numbers_end_where_serde_json_ends_them() {
    let numbers = [
        "0",
        "-0",
        "-",
        "00",
        "01",
        "10",
        "1.5",
        "1.",
        ".5",
        "-1.50e10",
        "1e",
        "1e+",
        "1e-7",
        "1E400",
        "1e+0x",
        "0.0.0",
        "--1",
        "+1",
        "-a",
        "123456789012345678901234567890",
        "[1.]",
    ];
    for number in numbers {
        check(number);
    }
}

#[test]
fn any_depth_is_read_and_each_bracket_closes_its_own() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 500] {
        let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
        check(&format!("{open}1{close}"));
        check(&format!("{open}1{}]", "}]".repeat(depth - 1)));
        check(&format!("{open}1{}", "]}".repeat(depth)));
    }
}

#[test]
fn a_string_ends_at_its_quote_wherever_that_falls_within_a_word() {
    for length in 0..40 {
        let plain = "x".repeat(length);
        check(&format!("\"{plain}\""));
        check(&format!("\"{plain}\\n{plain}\"{plain}"));
        check(&format!("\"{plain}\u{1}\""));
        check(&format!("\"{plain}ÿ\"\""));
    }
}

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
        "\\u00",
        "\n",
        " ",
        "1",
        "0",
        "-",
        ".",
        "e",
        "null",
        "true",
        "false",
        "\"a\"",
        "\"a\":",
        "\"longer than a word\"",
        "\u{1}",
        "é",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn nothing_ends_elsewhere_than_serde_json_ends_it(text in nearly_json()) {
        if !text.starts_with([' ', '\n']) {
            prop_assert_eq!(Scan::of(&text).value_end(0), peer_end(&text));
        }
    }

    #[test]
    fn any_characters_within_a_string_are_read_as_serde_json_reads_them(text in "\"\\PC*\"[ -~]*") {
        prop_assert_eq!(Scan::of(&text).value_end(0), peer_end(&text));
    }
}
