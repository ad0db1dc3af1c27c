//! Bodies of which only some elements are held at once.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::*;

fn limits(at_once: usize) -> ElementLimits {
    ElementLimits {
        at_once,
        ..ElementLimits::default()
    }
}

/// Holds the portions of a body against the whole of it.
fn check_portions(body: &str, at_once: usize) {
    let Ok(whole) = parse(body) else {
        assert!(parse_within(body, limits(at_once)).is_err());
        return;
    };
    let (mut log_events, mut rejects) = (Vec::new(), Vec::new());
    let mut portion = parse_within(body, limits(at_once)).unwrap();
    loop {
        assert_eq!(portion.log_events_before(), log_events.len(), "{body}");
        let held = portion.log_events.len() + portion.rejects.len();
        assert!(held <= at_once, "{held} of {body}");
        log_events.append(&mut portion.log_events);
        rejects.append(&mut portion.rejects);
        let Some(remainder) = portion.remainder else {
            break;
        };
        assert_eq!(held, at_once, "{body}");
        portion = remainder.read();
    }
    assert_eq!(log_events, whole.log_events, "{body}");
    assert_eq!(rejects, whole.rejects, "{body}");
}

fn array(elements: &[String]) -> String {
    format!("[{}]", elements.join(","))
}

/// Elements of every kind: some are several log events.
fn element() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        "[a-z]{1,3}".prop_map(|id| format!(r#"{{"log_id":"{id}","data":{{"type":"s"}}}}"#)),
        "[a-z]{1,3}".prop_map(|id| format!(r#"{{"type":"s","log_id":"{id}"}}"#)),
        "[a-z]{0,3}".prop_map(|name| format!(r#"{{"type":"s","user_name":"{name}"}}"#)),
        Just("7".to_owned()),
        Just("{}".to_owned()),
    ];
    simple.prop_recursive(2, 24, 4, |inner| {
        prop::collection::vec(inner, 0..5).prop_flat_map(|inner| {
            let text = array(&inner);
            let base64 = STANDARD.encode(&text);
            let sns = json!({"Type": "Notification", "TopicArn": "t", "Message": text});
            let pipes =
                json!({"sequenceNumber": "1", "eventSource": "aws:kinesis", "data": base64});
            let body =
                json!({"messageId": "1", "eventSource": "aws:sqs", "body": inner.join("\n")});
            prop::sample::select(vec![
                sns.to_string(),
                pipes.to_string(),
                json!({"Records": [pipes]}).to_string(),
                json!({"Records": [body]}).to_string(),
                format!(r#"{{"specversion":"1.0","type":"com.auth0.Logs","data":{text}}}"#),
                format!(r#"{{"logs":{text}}}"#),
                json!(text).to_string(),
            ])
        })
    })
}

proptest! {
    #[test]
    fn the_portions_of_a_body_are_all_of_it_in_its_order(
        elements in prop::collection::vec(element(), 0..12),
        broken in prop::collection::vec(any::<bool>(), 12),
        at_once in 1_usize..6,
    ) {
        let text = array(&elements);
        check_portions(&text, at_once);
        check_portions(&format!(r#" {{"start":0,"logs":{text}}} "#), at_once);
        check_portions(&STANDARD.encode(&text), at_once);
        check_portions(&elements.join("\n"), at_once);
        check_portions(&elements.concat(), at_once);
        let lines = elements.iter().zip(&broken).map(|(element, is_broken)| {
            let half = element.len() / 2;
            if *is_broken { element.split_at(half).0 } else { element.as_str() }
        });
        check_portions(&lines.collect::<Vec<_>>().join("\n"), at_once);
    }

    #[test]
    fn the_portions_of_arrays_side_by_side_are_all_of_them_in_their_order(
        elements in prop::collection::vec(element(), 0..12),
        kinds in prop::collection::vec(0..6, 12),
        lengths in prop::collection::vec(0_usize..4, 12),
        at_once in 1_usize..6,
    ) {
        let mut rest = &elements[..];
        let parts = lengths.iter().zip(&kinds).map(|(length, kind)| {
            let (part, others) = rest.split_at((*length).min(rest.len()));
            rest = others;
            let text = array(part);
            match kind {
                0 => part.concat(),
                1 => part.join("\n"),
                2 => format!(r#"{{"start":0,"logs":{text}}}"#),
                3 => text.split_at(text.len() - 1).0.to_owned(),
                _ => text,
            }
        });
        let parts: Vec<String> = parts.collect();
        check_portions(&parts.concat(), at_once);
        check_portions(&parts.join("\n"), at_once);
        check_portions(&STANDARD.encode(format!("[]{}", parts.concat())), at_once);
    }
}

#[test]
fn more_events_than_are_held_at_once_are_read_over_several_arrays() {
    let at_once = ElementLimits::AT_ONCE;
    let mut events = (0..).map(|number| format!(r#"{{"type":"s","log_id":"{number}"}}"#));
    let sizes = [1, at_once - 2, 3, 0, 2 * at_once + 5, 1];
    let arrays = sizes.map(|size| array(&events.by_ref().take(size).collect::<Vec<_>>()));
    let event_count: usize = sizes.iter().sum();
    let pages = arrays
        .each_ref()
        .map(|array| format!(r#"{{"logs":{array}}}"#));
    for body in [arrays.concat(), arrays.join("\n"), pages.concat()] {
        let limits = ElementLimits::of(6_291_456);
        let mut portion = parse_within(&body, limits).unwrap();
        let mut log_ids = Vec::new();
        let mut counts = Vec::new();
        loop {
            counts.push(portion.log_events.len());
            let found = portion.log_events.iter();
            log_ids.extend(found.map(|log_event| log_event.log_id().to_owned()));
            let Some(remainder) = portion.remainder else {
                break;
            };
            portion = remainder.read();
        }
        assert_eq!(
            counts,
            [at_once, at_once, at_once, event_count - 3 * at_once]
        );
        let expected: Vec<String> = (0..event_count).map(|number| number.to_string()).collect();
        assert_eq!(log_ids, expected);
    }
}

#[test]
fn what_is_packed_counts_as_if_it_lay_in_the_body_itself() {
    let event = r#"{"type":"s"}"#;
    let many = array(&vec![event.to_owned(); 6]);
    let sns = json!({"Type": "Notification", "TopicArn": "t", "Message": many}).to_string();
    for body in [
        many.clone(),
        sns.clone(),
        STANDARD.encode(&many),
        format!("[{sns}]"),
        format!("{event}\n{{\"logs\":{many}}}"),
        format!(r#"{{"specversion":"1.0","type":"com.auth0.Logs","data":{many}}}"#),
    ] {
        let limits = ElementLimits {
            elements: 5,
            ..limits(2)
        };
        let refused = parse_within(&body, limits).map(|parsed| parsed.log_events.len());
        assert_eq!(
            refused,
            Err(Unreadable::TooManyElements { limit: 5 }),
            "{body}"
        );
    }
}

#[test]
fn the_json_that_a_body_is_in_base64_takes_its_place() {
    let gzip = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let check = |text: &str, expected: Result<&str, Unreadable>| {
        let found = out_of_base64(text.into(), 20);
        assert_eq!(found.as_deref(), expected.as_deref(), "{text}");
    };
    for as_it_is in ["", "[1]", " {}", "7", "eyJ*", &STANDARD.encode("no JSON")] {
        check(as_it_is, Ok(as_it_is));
    }
    check(&STANDARD.encode("[1]"), Ok("[1]"));
    check(&format!(" {}\n", STANDARD.encode(" {}")), Ok(" {}"));
    check(&STANDARD.encode(gzip("[1]")), Ok("[1]"));
    let syntax = |offset| Err(Unreadable::Syntax { offset });
    check(
        &format!("  {}", STANDARD.encode(gzip("no JSON"))),
        syntax(2),
    );
    check(
        &STANDARD.encode(gzip(&format!("[{}]", " ".repeat(19)))),
        syntax(0),
    );
}

#[test]
fn of_an_array_each_portion_begins_where_the_last_one_ended() {
    let body = array(&vec![r#"{"type":"s","log_id":"1"}"#.to_owned(); 5]);
    let mut portion = parse_within(&body, limits(2)).unwrap();
    let mut counts = Vec::new();
    while let Some(remainder) = portion.remainder {
        counts.push(portion.log_events.len());
        portion = remainder.read();
    }
    counts.push(portion.log_events.len());
    assert_eq!(counts, [2, 2, 1]);
}

#[test]
fn a_portion_has_so_many_bytes_unless_one_element_alone_has_more() {
    let event = |bytes: usize| {
        let event = r#"{"type":"s"}"#;
        event.replace('{', &format!("{{{}", " ".repeat(bytes - event.len())))
    };
    let body = array(&[20, 19, 20, 20, 50, 12].map(event));
    let limits = ElementLimits {
        bytes_at_once: 41,
        ..ElementLimits::default()
    };
    let mut portion = parse_within(&body, limits).unwrap();
    let mut counts = Vec::new();
    while let Some(remainder) = portion.remainder {
        counts.push(portion.log_events.len());
        portion = remainder.read();
    }
    counts.push(portion.log_events.len());
    assert_eq!(counts, [2, 1, 1, 1, 1]);
    // A body that a message can hold is one portion.
    assert_eq!(ElementLimits::of(6_291_456).bytes_at_once, 1_000_000);
}
