//! Stands in for the crate `regex` where woothee asks for it (`[patch.crates-io]` in the root manifest), by `regex-lite`,
//! which the AWS SDK brings anyway.
//!
//! The tables and engines of `regex` are 1.3 MB of a function that a Lambda reads at each start. What `regex-lite` lacks is
//! a quick look for the text that a pattern begins with; that is here. Nothing else in the workspace may need `regex` as
//! long as this stands in its place.

mod beginnings;

pub use regex_lite::{Captures, Error, Match};

use beginnings::beginnings;

/// A pattern, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Regex {
    pattern: regex_lite::Regex,
    /// What a match begins with, one of them; none where that is not known.
    beginnings: Vec<String>,
}

impl Regex {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Where it is none that `regex-lite` can read.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        Ok(Self {
            pattern: regex_lite::Regex::new(pattern)?,
            beginnings: beginnings(pattern),
        })
    }

    /// Whether the pattern is somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.earliest(text)
            .is_some_and(|start| self.pattern.is_match_at(text, start))
    }

    /// The first place where the pattern is, and what its groups are there.
    pub fn captures<'text>(&self, text: &'text str) -> Option<Captures<'text>> {
        self.pattern.captures_at(text, self.earliest(text)?)
    }

    /// Where a match can begin at the earliest; nothing where there can be none.
    fn earliest(&self, text: &str) -> Option<usize> {
        if self.beginnings.is_empty() {
            return Some(0);
        }
        let places = self.beginnings.iter().map(|begin| text.find(begin));
        places.flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: Option<&str>) {
        let regex = Regex::new(pattern).unwrap();
        let found = regex.captures(text);
        let found = found.map(|captures| captures[captures.len() - 1].to_owned());
        assert_eq!(found.as_deref(), expected, "{pattern}");
        assert_eq!(regex.is_match(text), expected.is_some(), "{pattern}");
    }

    #[test]
    fn the_first_match_is_found_wherever_its_beginning_stands_before() {
        let text = "Edge Chrome/ CriOS/1.2 Chrome/3.4 Edge/5";
        check(r"(?:Chrome|CrMo|CriOS)/([.0-9]+)", text, Some("1.2"));
        check(r"Chrome/([.0-9]+)", text, Some("3.4"));
        check(r"Edge/([.0-9]+)$", text, Some("5"));
        check(r"Opera[/ ]([.0-9]+)", text, None);
        check(r"(?i)chrome/([.0-9]+)", text, Some("3.4"));
        check(r"^Chrome/", text, None);
        check(r"(a|b)c", "xbc", Some("b"));
    }
}
