//! Bodies of which only some elements are held at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
