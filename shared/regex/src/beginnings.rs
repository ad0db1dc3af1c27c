//! The text that every match of a pattern begins with, where the pattern shows it.

/// What a match begins with, one of these: the plain text before the pattern's first sign, or the choices of a first group
/// that is made of plain text. Empty where that is not known, which only costs time.
pub(crate) fn beginnings(pattern: &str) -> Vec<String> {
    let (choices, rest) = match pattern.strip_prefix("(?:") {
        Some(group) => match group.split_once(')') {
            Some((choices, rest)) => (choices, rest),
            None => return Vec::new(),
        },
        None => pattern.split_at(plain_bytes(pattern)),
    };
    // A choice outside the first group begins otherwise; a repeated end may not be there at all.
    let is_whole = !rest.contains('|') && !rest.starts_with(['?', '*', '{', '+']);
    let choices: Vec<&str> = choices.split('|').collect();
    let is_plain = |choice: &&str| !choice.is_empty() && plain_bytes(choice) == choice.len();
    if !is_whole || !choices.iter().all(is_plain) {
        return Vec::new();
    }
    choices.into_iter().map(str::to_owned).collect()
}

/// The length of the text before the first byte that may mean something to a pattern.
fn plain_bytes(pattern: &str) -> usize {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" /;:,_-".contains(&byte);
    let end = pattern.bytes().position(|byte| !is_plain(byte));
    end.unwrap_or(pattern.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: &[&str]) {
        assert_eq!(beginnings(pattern), expected, "{pattern}");
    }

    #[test]
    fn plain_text_before_the_first_sign_is_a_beginning() {
        check(r"Vivaldi/([.0-9]+)", &["Vivaldi/"]);
        check(r"Opera[/ ]([.0-9]+)", &["Opera"]);
        check(r"jig browser[^;]+; ", &["jig browser"]);
        check("Chrome", &["Chrome"]);
    }

    #[test]
    fn so_is_each_choice_of_a_first_group() {
        check(
            r"(?:Chrome|CrMo|CriOS)/([.0-9]+)",
            &["Chrome", "CrMo", "CriOS"],
        );
        check(r"(?:Summify |PostRank/)", &["Summify ", "PostRank/"]);
    }

    #[test]
    fn what_need_not_be_there_is_none() {
        for pattern in [
            "",
            "^Java/",
            "(a|b)c",
            "(?i)rss",
            "ab?c",
            "ab*",
            "ab{0}",
            "(?:ab)?c",
            "ab|c",
            "(?:ab|c)d|e",
            "(?:ab|)c",
            "(?:a(?:b|c))d",
            "(?:a.|b)c",
            r"\d",
            "ab(c|d)",
            "(?:ab",
        ] {
            check(pattern, &[]);
        }
    }
}
