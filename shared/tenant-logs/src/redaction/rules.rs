//! The rules of redaction: read from settings, and as a tree of their steps.

/// A rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedactionProblem {
    /// Not `path=drop`, `path=mask` or `path=hmac`.
    #[error(
        "cannot read `{0}` (want a dotted path, `=` and drop, mask or hmac; a backslash escapes a dot, comma, equals sign)"
    )]
    Rule(String),
    /// Nothing between two commas, before the first one or after the last one.
    #[error("entry {0} is empty: there is a comma too many")]
    Empty(usize),
    /// A path with signs of another language of paths.
    #[error(
        "`{0}` has a `*` or brackets, and paths have neither: each step is one name, or the index of an array (`details.prompts.0.name`); in a name a backslash escapes them"
    )]
    Wildcard(String),
    /// A path that begins with what no record has.
    #[error(
        "`{0}` can match nothing: a record has no `{1}`, and paths begin in the record (`ip`, not `data.ip`)"
    )]
    NotOfARecord(String, String),
    /// The path of what tells events apart.
    #[error("`{0}` cannot be hidden: by its log_id an event is known wherever it goes")]
    LogId(String),
    /// Two rules for one path.
    #[error("names `{0}` twice")]
    Twice(String),
    /// A path into what another rule treats as a whole.
    #[error("`{0}` is below `{1}`, which is treated as a whole")]
    Below(String, String),
    /// A keyed hash without a key.
    #[error("hmac needs REDACT_KEY")]
    NoKey,
}

/// What stands around records and in none of Auth0's: wrappers, envelopes and our own marks.
const AROUND_RECORDS: [&str; 5] = ["data", "detail", "logs", "redacted", "log_id_derived"];
/// Auth0's name of an event, and what the Management API calls it.
const LOG_IDS: [&str; 2] = ["log_id", "_id"];
/// What a backslash escapes.
const ESCAPED: [char; 7] = ['.', ',', '=', '\\', '*', '[', ']'];
/// Signs of other languages of paths.
const WILDCARDS: [char; 3] = ['*', '[', ']'];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// As it was written.
    pub(super) path: String,
    /// Names of members and indexes of elements.
    pub(super) steps: Vec<String>,
    pub(super) action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Drop,
    Mask,
    Hmac,
}

/// The rules as a tree of member names; a node with a rule treats its whole value.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) rule: Option<Rule>,
    pub(super) children: Vec<(String, Node)>,
}

impl Rule {
    pub(super) fn parse(entry: &str) -> Result<Self, RedactionProblem> {
        let cannot_read = || RedactionProblem::Rule(entry.to_owned());
        let [path, action] = split_unescaped(entry, '=')[..] else {
            return Err(cannot_read());
        };
        let action = match action.trim() {
            "drop" => Action::Drop,
            "mask" => Action::Mask,
            "hmac" => Action::Hmac,
            _ => return Err(cannot_read()),
        };
        let path = path.trim();
        let written = split_unescaped(path, '.');
        let steps: Option<Vec<String>> = written.into_iter().map(unescaped).collect();
        let steps = steps.ok_or_else(cannot_read)?;
        if steps.iter().any(String::is_empty) {
            return Err(cannot_read());
        }
        if WILDCARDS
            .iter()
            .any(|sign| split_unescaped(path, *sign).len() > 1)
        {
            return Err(RedactionProblem::Wildcard(entry.to_owned()));
        }
        if let Some(first) = steps.first() {
            check_begin(entry, first)?;
        }
        Ok(Self {
            path: path.to_owned(),
            steps,
            action,
        })
    }

    /// Returns what is wrong with this rule beside another.
    pub(super) fn clash(&self, other: &Self) -> Option<RedactionProblem> {
        let (path, other_path) = (self.path.clone(), other.path.clone());
        if self.steps == other.steps {
            return Some(RedactionProblem::Twice(path));
        }
        if leads_to(&other.steps, &self.steps) {
            return Some(RedactionProblem::Below(path, other_path));
        }
        let is_above = leads_to(&self.steps, &other.steps);
        is_above.then_some(RedactionProblem::Below(other_path, path))
    }
}

/// Refuses a path whose first step no record has, or that is the event's name.
fn check_begin(entry: &str, first: &str) -> Result<(), RedactionProblem> {
    let is_of_another_language = first == "$" || first.starts_with('/') || is_index(first);
    if AROUND_RECORDS.contains(&first) || is_of_another_language {
        let (entry, first) = (entry.to_owned(), first.to_owned());
        return Err(RedactionProblem::NotOfARecord(entry, first));
    }
    if LOG_IDS.contains(&first) {
        return Err(RedactionProblem::LogId(entry.to_owned()));
    }
    Ok(())
}

/// Whether a path may lead to a value that another one leads to, or to one around it: paths go through arrays, so a step
/// that is an index may be missing in one of them.
fn leads_to(above: &[String], below: &[String]) -> bool {
    let Some((first, above_rest)) = above.split_first() else {
        return true;
    };
    let Some((second, below_rest)) = below.split_first() else {
        return false;
    };
    match (is_index(first), is_index(second)) {
        (true, false) => leads_to(above_rest, below),
        (false, true) => leads_to(above, below_rest),
        (true, true) | (false, false) => first == second && leads_to(above_rest, below_rest),
    }
}

/// Whether a step is an index of an array.
pub(crate) fn is_index(step: &str) -> bool {
    step.bytes().all(|byte| byte.is_ascii_digit())
}

/// Splits a text at a character that no backslash stands before.
pub(crate) fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        if character == separator && !is_escaped {
            parts.push(text.get(begin..at).unwrap_or_default());
            begin = at + separator.len_utf8();
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    parts.push(text.get(begin..).unwrap_or_default());
    parts
}

/// Returns a step without its backslashes; `None` if one stands before nothing that it can escape.
fn unescaped(step: &str) -> Option<String> {
    let mut name = String::new();
    let mut characters = step.chars();
    while let Some(character) = characters.next() {
        name.push(match character {
            '\\' => characters.next().filter(|next| ESCAPED.contains(next))?,
            plain => plain,
        });
    }
    Some(name)
}

impl Node {
    pub(super) fn insert(&mut self, rule: &Rule) {
        let mut node = self;
        for step in &rule.steps {
            let position = node.children.iter().position(|(name, _)| name == step);
            let index = position.unwrap_or_else(|| {
                node.children.push((step.clone(), Self::default()));
                node.children.len() - 1
            });
            let Some((_, child)) = node.children.get_mut(index) else {
                return;
            };
            node = child;
        }
        node.rule = Some(rule.clone());
    }

    /// Whether a path goes on with a name: one that goes on with an index leads to one element of an array only.
    pub(super) fn goes_on_with_a_name(&self) -> bool {
        self.children.iter().any(|(step, _)| !is_index(step))
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        let found = self.children.iter().find(|(child, _)| child == name);
        found.map(|(_, child)| child)
    }

    /// Visits its own rule and those below it.
    pub(super) fn each_rule<'a>(&'a self, visit: &mut impl FnMut(&'a Rule)) {
        if let Some(rule) = &self.rule {
            visit(rule);
        }
        for (_, child) in &self.children {
            child.each_rule(visit);
        }
    }
}
