//! Values one after another, and how far what is broken between them goes.

use super::*;
use crate::parse::values::read_part;

fn wrapped(log_id: &str) -> String {
    format!(r#"{{"log_id":"{log_id}","data":{{"type":"s"}}}}"#)
}

fn indented(log_id: &str) -> String {
    format!(
        "{{\n  \"log_id\": \"{log_id}\",\n  \"data\": {{\n    \"type\": \"s\",\n    \"x\": [\n      \"a\",\n      1\n    ]\n  }}\n}}"
    )
}

#[test]
fn values_are_read_with_line_breaks_between_them_or_without() {
    let (one, two, three) = (wrapped("1"), wrapped("2"), indented("3"));
    check(&format!("{one}{two}"), "1 2");
    check(&format!("{one} {two}\t{one}"), "1 2 1");
    check(&format!("{three}{three}"), "3 3");
    check(&format!("{three}\n{three}\r\n\n{one}{two}\n"), "3 3 1 2");
    check(&format!("\u{feff}{one}{three}"), "1 3");
    check(
        &format!("{{\"logs\":[{one}]}}{{\"logs\":[{two},7]}}"),
        "1 2 | value",
    );
    check(
        &format!("{one}7\"x\"null{two}"),
        "1 2 | value | value | value",
    );
    check(&format!("{one}[{two}]{three}"), "1 2 3");
}

#[test]
fn arrays_side_by_side_are_read_as_values_side_by_side_are() {
    let (one, two, three) = (wrapped("1"), wrapped("2"), indented("3"));
    check(&format!("[{one},{two}][{three}]"), "1 2 3");
    check(&format!("[{one}]\r\n[{two}]\n\n[{three}]\n"), "1 2 3");
    check(
        &format!("[\n  {one},\n  {two}\n]\n[\n  {three}\n]"),
        "1 2 3",
    );
    check(&format!("{one}[{two},7]{three}"), "1 2 3 | value");
    check(&format!("[{one}]{two}[{three}]"), "1 2 3");
    check(&format!("[][{one}][]\n[{two}]"), "1 2");
    check("[][]", "");
    check(&format!("7[{one}]null"), "1 | value | value");
    check(
        &format!("[{one}]{{\"logs\":[{two}]}}[{three}]{{\"logs\":[]}}"),
        "1 2 3",
    );
}

#[test]
fn a_broken_array_among_others_costs_its_own_piece_only_unless_it_is_the_first() {
    let (one, two, three) = (wrapped("1"), wrapped("2"), indented("3"));
    check(&format!("[{one}][{two},\n[{three}]"), "1 3 | syntax@36");
    check(
        &format!("[{one}]\n[{two},}}]\n[{three}]"),
        "1 3 | syntax@36",
    );
    check(&format!("[{one}]\n[{two}\n"), "1 | syntax@35");
    check(&format!("{one}[{two}\n{three}"), "1 3 | syntax@35");
    check(&format!("[{one}],\n[{two}]"), "1 2 | syntax@0");
    check(&format!("[{one}\n[{two}]"), "unreadable@36");
    check(&format!("[{one},7"), "unreadable@37");
    let broken = format!("[{two},}}]");
    let body = format!("[{one}]\n{broken}\n[{three}]");
    assert_eq!(parse(&body).unwrap().rejects[0].text, broken);
}

#[test]
fn marks_of_files_and_of_json_sequences_stand_between_values() {
    let (one, two, three) = (wrapped("1"), wrapped("2"), indented("3"));
    let mark = '\u{feff}';
    check(
        &format!("{mark}{one}\n{mark}{two}{mark}[{three}]{mark}"),
        "1 2 3",
    );
    check(&format!("{mark}[{one}]{mark}[{two}]"), "1 2");
    check(
        &format!("\u{1e}{one}\n\u{1e}{two}\n\u{1e}{three}\n"),
        "1 2 3",
    );
    check(&format!("{one}\n{{\n{mark}{two}"), "1 2 | syntax@2");
    check(&format!("{mark}{mark}\n"), "empty");
    check(
        &format!("{one}\0\0{two}\n{three}\0"),
        "1 3 | syntax@0 | syntax@0",
    );
}

#[test]
fn what_is_broken_goes_to_the_next_line_that_begins_a_value() {
    let (one, two, three) = (wrapped("1"), wrapped("2"), indented("3"));
    let cut = two.get(..20).unwrap();
    // The rest of its line is broken with it, whatever it is.
    check(&format!("{one}{cut}{one}\n{two}"), "1 2 | syntax@20");
    check(&format!("{one}{cut}\n{two}"), "1 2 | syntax@20");
    check(
        &format!("{one}\n{cut}\n\n  {three}{cut}"),
        "1 3 | syntax@20 | syntax@20",
    );
    check(
        &format!("{one},\n{two},\n{three}"),
        "1 2 3 | syntax@0 | syntax@0",
    );
    check(&format!("{one}x\n7\n{two}"), "1 2 | syntax@0 | value");
    check(&format!("{one}é\né\n{two}"), "1 2 | syntax@0");
    check(
        &format!("{one}\n{{\"a\":\n{{\"b\":\n{two}"),
        "1 2 | syntax@11",
    );
    check(&format!("{one}]}}"), "1 | syntax@0");
}

#[test]
fn a_broken_object_that_is_indented_is_one_reject() {
    let (one, two) = (wrapped("1"), indented("2"));
    let mut places = 0;
    for (at, _) in two.match_indices(|character| character != '\n') {
        let mut broken = two.clone();
        broken.replace_range(at..=at, "\u{1}");
        let summary = summary(&format!("{one}\n{broken}\n{one}"));
        let events = summary.split(" |").next();
        // A broken string is one character less: the object may still be whole.
        if events == Some("1 1") {
            places += 1;
            assert_eq!(summary.matches('|').count(), 1, "{broken}: {summary}");
        }
    }
    assert!(places > 60, "{places}");
}

#[test]
fn a_first_value_that_is_not_whole_makes_the_body_unreadable() {
    let one = wrapped("1");
    check(&format!("{{\"a\":\n{one}"), "unreadable@40");
    check(&format!("x{one}\n{one}"), "unreadable@0");
    check(&format!("{{\"a\"}}{one}"), "unreadable@4");
    check("192.0.2.1", "unreadable@0");
    check(" nullable", "unreadable@1");
    check(&format!("{one}12:30\n{one}"), "1 1 | syntax@2");
}

/// Where the next line begins a value, found the slow way: by trying each.
fn next_line_slowly(text: &str, broken: usize) -> usize {
    let is_alone = |begin: usize, end: usize| {
        let is_scalar = !tail(text, begin).starts_with(['{', '[']);
        let (line, _) = tail(text, end)
            .split_once('\n')
            .unwrap_or((tail(text, end), ""));
        let next = tail(text, end).trim_start_matches(BETWEEN_VALUES);
        let is_followed = |byte: char| "{[\"-0123456789tfn".contains(byte);
        !is_scalar || is_blank(line) && (next.is_empty() || next.starts_with(is_followed))
    };
    let mut lines = text.match_indices('\n').filter_map(|(at, _)| {
        let begin = skip_between(text, at);
        let is_new = begin > broken && begin < text.len();
        let value = is_new
            .then(|| read_part(tail(text, begin)).ok())
            .flatten()?;
        is_alone(begin, begin + value.text.len()).then_some(begin)
    });
    lines.next().unwrap_or(text.len())
}

proptest! {
    #[test]
    fn parts_are_those_that_trying_each_line_finds(body in nearly_json()) {
        let text = body.trim_start_matches(BETWEEN_VALUES);
        let mut at = 0;
        for part in split_values(text) {
            let begin = skip_between(text, at);
            prop_assert!(tail(text, begin).starts_with(part), "{:?} in {:?}", part, text);
            if let Ok(value) = read_part(tail(text, begin)) {
                prop_assert_eq!(value.text, part);
                at = begin + part.len();
            } else {
                at = next_line_slowly(text, begin);
                prop_assert_eq!(text.get(begin..at).unwrap().trim_end_matches(WHITE_SPACE), part, "of {:?}", text);
            }
        }
        prop_assert_eq!(skip_between(text, at), text.len());
    }

    #[test]
    fn joined_records_are_those_of_lines(log_ids in prop::collection::vec("[a-z0-9]{1,4}", 1..9), is_indented: bool) {
        let values: Vec<String> = log_ids
            .iter()
            .map(|log_id| if is_indented { indented(log_id) } else { wrapped(log_id) })
            .collect();
        prop_assert_eq!(summary(&values.concat()), summary(&values.join("\n")));
        prop_assert_eq!(summary(&values.concat()), log_ids.join(" "));
    }
}

/// What a stranger could send to make reading take the square of the length: each line begins what never ends.
#[test]
fn unclosed_brackets_a_line_are_read_in_linear_steps() {
    let one = wrapped("1");
    for line in [
        "{\"a\":[\n",
        "[\n",
        "{\"a\":[{},\n",
        "[[],\n{},\n",
        "{}[\n",
        "{\n\"a\":\n",
        "[1]\n[\n",
    ] {
        // The square of this would take hours.
        let body = format!("{one}{}", line.repeat(700_000 / line.len()));
        let summary = summary(&body);
        assert!(summary.starts_with('1'), "{line}");
    }
}
