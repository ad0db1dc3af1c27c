//! Members that an object has twice.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::json::string_content;

/// So many names are compared with each other; of more a table is made.
const FEW: usize = 16;

/// Leaves of members with the same name only one, where the first stood and with the value of the last.
pub(crate) fn leave_last_of_each(members: &mut Vec<(&str, &str)>, no_escapes: bool) {
    let content = |name| match string_content(name) {
        Some(content) if !no_escapes => content,
        // Half of a surrogate pair is in no text: as it is written, it is like itself only.
        Some(_) | None => Cow::Borrowed(name),
    };
    let is_few = members.len() <= FEW;
    let mut rest = members.as_slice();
    let mut has_repeats = !is_few;
    while let ([(name, _), others @ ..], true) = (rest, is_few && !has_repeats) {
        has_repeats = others
            .iter()
            .any(|(other, _)| other == name || !no_escapes && content(other) == content(name));
        rest = others;
    }
    if !has_repeats {
        return;
    }
    let mut indexes = HashMap::new();
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for (name, json) in members.drain(..) {
        let index = *indexes.entry(content(name)).or_insert(kept.len());
        match kept.get_mut(index) {
            Some((_, value)) => *value = json,
            None => kept.push((name, json)),
        }
    }
    members.extend(kept);
}

#[cfg(test)]
mod tests {
    use crate::record::Record;

    #[test]
    fn of_repeated_members_that_nobody_knows_the_last_value_is_kept() {
        for more in [0, 100] {
            let filler: Vec<String> = (0..more).map(|n| format!(r#","f{n}":{n}"#)).collect();
            let filler = filler.concat();
            let text = format!(r#"{{"x":1,"y":2,"\u0078":3,"\ud800":4,"\ud801":5,"y":6{filler}}}"#);
            let record = Record::of(&text);
            let [x, y, half, other_half, rest @ ..] = record.others.as_slice() else {
                panic!("{:?}", record.others);
            };
            assert_eq!([*x, *y], [("\"x\"", "3"), ("\"y\"", "6")]);
            assert_eq!([half.1, other_half.1], ["4", "5"]);
            assert_eq!(rest.len(), more);
        }
    }

    #[test]
    fn plain_members_are_kept_in_their_order() {
        for count in [1, 16, 17, 5_000] {
            let members: Vec<String> = (0..count).map(|n| format!(r#""f{n}":{n}"#)).collect();
            let text = format!("{{{}}}", members.join(","));
            let record = Record::of(&text);
            let values = record.others.iter().map(|(_, value)| (*value).to_owned());
            let expected = (0..count).map(|n: i32| n.to_string());
            assert_eq!(values.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    }
}
