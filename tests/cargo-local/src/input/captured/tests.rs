use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const ONE: &str = r#"{"log_id":"1","data":{"type":"s"}}"#;
const TWO: &str = r#"{"log_id":"2","data":{"type":"f"}}"#;

fn check(text: &str, expected: &[&str]) {
    let bodies: Vec<String> = split(text.as_bytes())
        .into_iter()
        .map(|body| String::from_utf8(body).unwrap())
        .collect();
    assert_eq!(bodies, expected);
}

/// A wrapped record of about so many bytes.
fn event(number: usize, bytes: usize) -> String {
    let note = "n".repeat(bytes);
    format!(r#"{{"log_id":"{number:06}","data":{{"type":"s","description":"{note}"}}}}"#)
}

/// Checks that nothing is lost and no body is too large; returns the count of bodies.
fn check_large(bytes: &[u8], event_count: usize, reject_count: usize) -> usize {
    let bodies = split(bytes);
    let mut log_ids = Vec::new();
    let mut rejects = 0;
    for body in &bodies {
        let text = decode(body, usize::MAX).unwrap();
        assert!(text.len() <= MAX_BODY_BYTES, "{} bytes", text.len());
        let parsed = parse(&text).unwrap();
        rejects += parsed.rejects.len();
        log_ids.extend(
            parsed
                .log_events
                .iter()
                .map(|event| event.log_id().to_owned()),
        );
    }
    assert_eq!((log_ids.len(), rejects), (event_count, reject_count));
    log_ids.sort_unstable();
    log_ids.dedup();
    assert_eq!(log_ids.len(), event_count);
    bodies.len()
}

#[test]
fn a_whole_body_is_sent_as_it_is_with_all_that_is_wrong_with_it() {
    let indented = format!(" [\n  {ONE},\n  7\n]\n");
    let lines = format!("{ONE}\r\n7\n[7]\n\n{{\"type\":\n{TWO}\n");
    let cut = format!("[\n{ONE},\n{TWO},\n{{\"lo");
    let logs = format!("\u{feff}{{\"logs\":[{ONE},7]}}");
    let broken = format!("no JSON\n{ONE}");
    for body in [&indented, &lines, &cut, &logs, &broken] {
        check(body, &[body]);
    }
    for body in [
        "",
        " \n",
        "\u{feff}",
        "[]",
        "{}",
        "{\"logs\":[]}",
        "no JSON",
    ] {
        check(body, &[body]);
    }
    for body in [&b"\xff\xfe"[..], b"\x1f\x8bno gzip"] {
        assert_eq!(split(body), [body]);
    }
}

#[test]
fn one_body_a_line_is_sent_line_by_line() {
    let (one, two) = (format!("[{ONE}]"), format!("[{TWO},7]"));
    let logs = format!("{{\"logs\":[{ONE}]}}");
    check(&format!("{one}\n{two}\n"), &[&one, &two]);
    check(&format!("  {one}\r\n\n {two}"), &[&one, &two]);
    check(
        &format!("\u{feff}{one}\n{logs}\n{ONE}\n{TWO}"),
        &[&one, &logs, &format!("{ONE}\n{TWO}")],
    );
    check(
        &format!("{ONE}\n{one}\n[]\nno JSON\n{TWO}"),
        &[ONE, &one, "[]", "no JSON", TWO],
    );
    check(&format!("{logs}\n{logs}"), &[&logs, &logs]);
}

#[test]
fn an_object_that_has_logs_beside_its_record_is_one_event() {
    let event = r#"{"log_id":"1","data":{"type":"s"},"logs":[{"log_id":"2"}]}"#;
    check(&format!("{event}\n{TWO}"), &[&format!("{event}\n{TWO}")]);
}

#[test]
fn a_large_array_keeps_its_poison_and_may_be_indented() {
    let mut elements: Vec<String> = (0..5_000).map(|number| event(number, 1_000)).collect();
    elements.extend(["7".to_owned(), "\"x\"".to_owned()]);
    let plain = format!("[{}]", elements.join(","));
    assert!(check_large(plain.as_bytes(), 5_000, 2) >= 50);
    let tree: serde_json::Value = serde_json::from_str(&plain).unwrap();
    let indented = serde_json::to_string_pretty(&tree).unwrap();
    assert!(check_large(indented.as_bytes(), 5_000, 2) >= 50);
    check_large(format!("{{\"logs\":{plain}}}").as_bytes(), 5_000, 2);
}

#[test]
fn large_lines_are_joined_only_as_far_as_a_body_goes() {
    let lines: Vec<String> = (0..200).map(|number| event(number, 70_000)).collect();
    let bodies = check_large(lines.join("\n").as_bytes(), 200, 0);
    assert!(bodies >= 14, "{bodies}");
    let spoiled = format!("7\n{}\n{{\"type\":", lines.join("\n"));
    let bodies = split(spoiled.as_bytes());
    assert_eq!(bodies.last().unwrap(), b"{\"type\":");
    let readable = bodies.iter().filter_map(|body| {
        let text = decode(body, MAX_BODY_BYTES).ok()?;
        Some(parse(&text).ok()?.log_events.len())
    });
    assert_eq!(readable.sum::<usize>(), 200);
}

#[test]
fn large_bodies_a_line_stay_bodies() {
    let body = |first: usize| {
        let events: Vec<String> = (first..first + 100).map(|id| event(id, 1_000)).collect();
        format!("{{\"logs\":[{}]}}", events.join(","))
    };
    let lines: Vec<String> = (0..120).map(|number| body(number * 100)).collect();
    assert_eq!(check_large(lines.join("\n").as_bytes(), 12_000, 0), 120);
}

#[test]
fn what_unpacks_to_more_than_a_body_is_sent_in_parts() {
    let lines: Vec<String> = (0..10_000).map(|number| event(number, 1_000)).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(lines.join("\n").as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    assert!(packed.len() < MAX_BODY_BYTES);
    assert_eq!(check_large(&packed, 10_000, 0), 100);

    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(ONE.as_bytes()).unwrap();
    let small = encoder.finish().unwrap();
    assert_eq!(split(&small), [small]);
}

#[test]
fn values_that_are_joined_or_indented_are_one_body_or_parts_of_it() {
    let joined = format!("{ONE}{TWO}{ONE}");
    check(&joined, &[&joined]);
    check(&format!("{ONE}[{TWO}]"), &[ONE, &format!("[{TWO}]")]);

    let events: Vec<String> = (0..6_000).map(|number| event(number, 1_000)).collect();
    assert!(check_large(events.concat().as_bytes(), 6_000, 0) >= 60);
    let indented = events.iter().map(|event| {
        let tree: serde_json::Value = serde_json::from_str(event).unwrap();
        serde_json::to_string_pretty(&tree).unwrap()
    });
    let indented: Vec<String> = indented.collect();
    check_large(indented.concat().as_bytes(), 6_000, 0);
    check_large(indented.join("\n").as_bytes(), 6_000, 0);
}
