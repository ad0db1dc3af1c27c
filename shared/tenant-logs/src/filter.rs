//! Which log events pass: by type code, by pattern of codes, by Auth0's categories.

use crate::{Category, known_event_type};

/// Lets a log event pass when some include matches (or there is none) and no exclude does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    include: Vec<Rule>,
    exclude: Vec<Rule>,
}

/// The four settings, each a comma-separated list.
#[derive(Debug, Clone, Copy, Default)]
pub struct FilterSettings<'a> {
    /// Codes such as `fp`, or patterns such as `gd_*`.
    pub include_types: Option<&'a str>,
    /// The same, to leave out.
    pub exclude_types: Option<&'a str>,
    /// Names such as `auth.login.fail`.
    pub include_categories: Option<&'a str>,
    /// The same, to leave out.
    pub exclude_categories: Option<&'a str>,
}

/// A list entry that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterProblem {
    /// A star anywhere but at the end.
    #[error("cannot read `{0}` (want a type code, or its beginning and `*`)")]
    Pattern(String),
    /// A category that Auth0 does not have.
    #[error("cannot read `{0}` (want one of Auth0's category names)")]
    Category(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Code(String),
    Prefix(String),
    Category(Category),
}

impl Filter {
    /// Reads the lists, or says everything that is wrong with them.
    pub fn parse(settings: FilterSettings<'_>) -> Result<Self, Vec<FilterProblem>> {
        let mut problems = Vec::new();
        let mut rules = |types, categories| -> Vec<Rule> {
            let types = entries(types).map(type_rule);
            let categories = entries(categories).map(category_rule);
            let rules = types.chain(categories);
            let read = rules.map(|rule| rule.map_err(|problem| problems.push(problem)));
            read.flatten().collect()
        };
        let filter = Self {
            include: rules(settings.include_types, settings.include_categories),
            exclude: rules(settings.exclude_types, settings.exclude_categories),
        };
        if problems.is_empty() {
            Ok(filter)
        } else {
            Err(problems)
        }
    }

    /// Whether it has no rule, so that everything passes.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether a log event of this type passes. An unknown code has no category; no code matches nothing but a star alone.
    pub fn passes(&self, event_type: Option<&str>) -> bool {
        if self.is_empty() {
            return true;
        }
        let code = event_type.unwrap_or_default();
        let category = known_event_type(code).map(|known| known.category);
        let matches = |rule: &Rule| match rule {
            Rule::Code(wanted) => wanted == code,
            Rule::Prefix(prefix) => code.starts_with(prefix),
            Rule::Category(wanted) => Some(*wanted) == category,
        };
        let is_included = self.include.is_empty() || self.include.iter().any(matches);
        is_included && !self.exclude.iter().any(matches)
    }
}

fn entries(list: Option<&str>) -> impl Iterator<Item = &str> {
    let entries = list.unwrap_or_default().split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}

fn type_rule(entry: &str) -> Result<Rule, FilterProblem> {
    let (code, rule): (_, fn(String) -> Rule) = match entry.strip_suffix('*') {
        Some(prefix) => (prefix, Rule::Prefix),
        None => (entry, Rule::Code),
    };
    if code.contains('*') {
        return Err(FilterProblem::Pattern(entry.to_owned()));
    }
    Ok(rule(code.to_owned()))
}

fn category_rule(entry: &str) -> Result<Rule, FilterProblem> {
    let category = Category::parse(entry);
    category
        .map(Rule::Category)
        .ok_or_else(|| FilterProblem::Category(entry.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(lists: [&str; 4]) -> FilterSettings<'_> {
        let [
            include_types,
            exclude_types,
            include_categories,
            exclude_categories,
        ] = lists.map(Some);
        FilterSettings {
            include_types,
            exclude_types,
            include_categories,
            exclude_categories,
        }
    }

    fn check(lists: [&str; 4], passing: &[&str], stopped: &[&str]) {
        let filter = Filter::parse(settings(lists)).unwrap();
        for code in passing {
            assert!(filter.passes(Some(code)), "{lists:?} {code}");
        }
        for code in stopped {
            assert!(!filter.passes(Some(code)), "{lists:?} {code}");
        }
    }

    #[test]
    fn an_event_passes_when_some_include_matches_and_no_exclude_does() {
        check(["", "", "", ""], &["s", "no_such_code", ""], &[]);
        check(["s, fp", "", "", ""], &["s", "fp"], &["f", "ss", "", "S"]);
        check(
            ["gd_*", "", "", ""],
            &["gd_auth_succeed", "gd_new"],
            &["g", "s", ""],
        );
        check(["*", "", "", ""], &["s", "no_such_code", ""], &[]);
        check(["", "gd_*", "", ""], &["s", ""], &["gd_auth_succeed"]);
        check(
            ["", "", "auth.login.success", ""],
            &["s"],
            &["fp", "no_such_code"],
        );
        check(
            ["", "", "", "auth.login.success"],
            &["fp", "no_such_code"],
            &["s"],
        );
        check(["fp", "", "auth.login.success", ""], &["fp", "s"], &["ss"]);
        check(["", "s", "auth.login.success", ""], &[], &["s", "fp"]);
    }

    #[test]
    fn an_event_without_a_type_passes_only_where_nothing_must_match() {
        let including = Filter::parse(settings(["s", "", "", ""])).unwrap();
        let excluding = Filter::parse(settings(["", "s", "", ""])).unwrap();
        assert!(!including.passes(None));
        assert!(excluding.passes(None));
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_named() {
        let star = Filter::parse(settings(["g*d,s,*", "", "", ""])).unwrap_err();
        assert_eq!(star, [FilterProblem::Pattern("g*d".to_owned())]);
        let all = Filter::parse(settings(["a*b", "c*d", "x", "auth.login"])).unwrap_err();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            all,
            [
                "cannot read `a*b` (want a type code, or its beginning and `*`)",
                "cannot read `x` (want one of Auth0's category names)",
                "cannot read `c*d` (want a type code, or its beginning and `*`)",
                "cannot read `auth.login` (want one of Auth0's category names)",
            ]
        );
    }
}
