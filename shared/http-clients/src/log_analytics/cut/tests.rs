use serde_json::{Value, json};
use tenant_logs::{Mapping, Schema, Timestamp};

use super::*;

fn check_valid(row: &str) -> Value {
    let value: Value = serde_json::from_str(row).unwrap();
    for (name, column) in value.as_object().unwrap() {
        let bytes = match column.as_str() {
            Some(text) => text.len(),
            None => column.to_string().len(),
        };
        assert!(bytes <= MAX_BYTES, "{name}: {bytes}");
    }
    value
}

fn cut(row: &Value) -> Value {
    check_valid(&cut_row(&row.to_string()).unwrap())
}

fn trimmed(row: &Value) -> Vec<&str> {
    let names = row["Raw"]["trimmed"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn a_row_whose_columns_all_fit_is_left_as_it_is() {
    let long = "x".repeat(40_000);
    let row = json!({"A": long, "B": long, "Raw": {"data": {"a": long}}});
    assert_eq!(cut_row(&row.to_string()), None);
    assert_eq!(cut_row("{}"), None);
    // Escapes are not what a column counts.
    let escaped = format!(r#"{{"A":"{}"}}"#, "\\u0041".repeat(60_000));
    assert_eq!(cut_row(&escaped), None);
}

#[test]
fn a_long_text_is_cut_and_named() {
    let row = cut(&json!({"A": "x".repeat(65_537), "B": 1.5, "Raw": {"data": {"type": "s"}}}));
    assert_eq!(row["A"].as_str().unwrap().len(), 65_534);
    assert_eq!(trimmed(&row), ["A"]);
    assert_eq!(
        (&row["B"], &row["Raw"]["data"]["type"]),
        (&json!(1.5), &json!("s"))
    );
}

#[test]
fn what_is_cut_is_named_whatever_a_row_keeps_of_its_event() {
    let record = json!({"type": "sapi", "log_id": "1", "date": "2026-11-20T10:30:15.204Z",
        "details": {"long": "x".repeat(70_000)}});
    let body = record.to_string();
    let parsed = tenant_logs::parse(&body).unwrap();
    for raw in tenant_logs::Raw::ALL {
        for schema in [Schema::Sentinel, Schema::Asim] {
            let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH).keeping(raw);
            let row = mapping.write(&parsed.log_events[0]);
            let column = match schema {
                Schema::Asim => "AdditionalFields",
                Schema::Raw | Schema::Ecs | Schema::Ocsf | Schema::Sentinel => "Raw",
            };
            // Nothing of the event is in it, so nothing is too long.
            if schema == Schema::Asim && raw == tenant_logs::Raw::None {
                assert_eq!(cut_row(&row), None);
                continue;
            }
            let cut = check_valid(&cut_row(&row).unwrap());
            let names = cut[column]["trimmed"].as_array().unwrap();
            let is_named = names
                .iter()
                .any(|name| name.as_str().unwrap().ends_with("long"));
            assert!(is_named, "{schema:?} {raw:?} {names:?}");
        }
    }
}

#[test]
fn of_a_raw_event_the_longest_part_is_cut_and_the_rest_stays() {
    let row = cut(&json!({
        "EventType": "s",
        "Raw": {"log_id": "1", "data": {
            "type": "s",
            "details": {"short": [1, 2, 3], "long": "é".repeat(100_000)},
            "user_name": "y".repeat(5_000),
        }},
    }));
    assert_eq!(trimmed(&row), ["Raw.data.details.long"]);
    let data = &row["Raw"]["data"];
    assert_eq!(data["details"]["short"], json!([1, 2, 3]));
    assert_eq!(data["user_name"].as_str().unwrap().len(), 5_000);
    let kept = data["details"]["long"].as_str().unwrap().len();
    assert!((50_000..61_440).contains(&kept), "{kept}");
}

#[test]
fn the_raw_event_of_the_normalized_tables_names_what_was_cut_too() {
    let row = json!({"AdditionalFields": {"data": {"a": "x".repeat(70_000)}}});
    let row = cut(&row);
    assert_eq!(
        row["AdditionalFields"]["trimmed"],
        json!(["AdditionalFields.data.a"])
    );
}

#[test]
fn a_string_is_never_cut_within_an_escape() {
    for unit in [
        r"\ud83d\ude00",
        r"\u0041",
        r"\n",
        r"\\",
        r#"\""#,
        "é",
        "😀",
        "x",
    ] {
        for shift in 0..12 {
            let text = format!("{}{}", "x".repeat(shift), unit.repeat(70_000));
            let row = format!(r#"{{"A":"{text}","Raw":{{"a":"{text}"}}}}"#);
            if let Some(cut) = cut_row(&row) {
                check_valid(&cut);
            }
        }
    }
}

#[test]
fn what_cannot_be_shortened_is_left_out() {
    let digits = "1".repeat(70_000);
    let row = cut_row(&format!(r#"{{"A":{digits},"Raw":{{"a":{digits},"b":2}}}}"#)).unwrap();
    let row = check_valid(&row);
    assert_eq!((&row["A"], &row["Raw"]["a"]), (&Value::Null, &Value::Null));
    assert_eq!(row["Raw"]["b"], 2);
    assert_eq!(trimmed(&row), ["A", "Raw.a"]);
}

#[test]
fn too_many_parts_and_too_many_levels_end_at_the_limit() {
    let many: Vec<u32> = (0..50_000).collect();
    let row = cut(&json!({"A": many, "Raw": {"a": many}}));
    assert_eq!(trimmed(&row), ["A", "Raw.a"]);
    assert!(row["A"].as_array().unwrap().len() > 5_000);

    let deep = format!("{}1{}", r#"{"a":["#.repeat(20_000), "]}".repeat(20_000));
    let row = cut_row(&format!(r#"{{"A":{deep},"Raw":{{"a":{deep}}}}}"#)).unwrap();
    check_valid(&row);

    let names: serde_json::Map<String, Value> = (0..3_000)
        .map(|number| (format!("name{number}"), "x".repeat(100).into()))
        .collect();
    let row = cut(&json!({"A": names, "Raw": {"data": names}}));
    assert!(trimmed(&row).len() > 10);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]

    #[test]
    fn every_cut_row_is_valid_and_fits(
        sizes in proptest::collection::vec((0_usize..6, 0_usize..30_000), 1..12),
    ) {
        let part = |(kind, size): &(usize, usize)| match kind {
            0 => Value::from("x".repeat(*size)),
            1 => Value::from("\u{1}é\"".repeat(*size / 4)),
            2 => Value::from((0..*size / 4).collect::<Vec<_>>()),
            3 => json!({"a": "y".repeat(*size), "b": ["z".repeat(*size / 2)]}),
            4 => Value::Null,
            _ => json!([[["w".repeat(*size)]]]),
        };
        let parts: Vec<Value> = sizes.iter().map(part).collect();
        let row = json!({"A": parts, "B": parts[0], "Raw": {"data": {"c": parts}}}).to_string();
        match cut_row(&row) {
            Some(cut) => {
                let cut = check_valid(&cut);
                proptest::prop_assert!(!trimmed(&cut).is_empty());
            }
            None => drop(check_valid(&row)),
        }
    }
}
