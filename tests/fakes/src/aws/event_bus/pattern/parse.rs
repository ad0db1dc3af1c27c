//! From the JSON text of a pattern to what it means, as strict as the service.

use super::json::{Json, join_names};
use super::operator::matcher;
use super::{Branch, PatternError};

/// The longest pattern that `PutRule` takes.
pub(super) const MAX_BYTES: usize = 4096;

/// Alternatives multiply; this many ways to match are plenty for a rule here.
const MAX_BRANCHES: usize = 1000;

/// What event-ruler reserves inside `$or` (`RESERVED_FIELD_NAMES_IN_OR_RELATIONSHIP`).
const RESERVED_IN_OR: [&str; 25] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "html",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

pub(super) fn pattern(text: &str) -> Result<Vec<Branch>, PatternError> {
    if text.len() > MAX_BYTES {
        return Err(PatternError::TooLong { bytes: text.len() });
    }
    let Some(Json::Object(entries)) = Json::read(text) else {
        return Err(PatternError::NotAnObject);
    };
    let mut branches = vec![Branch::new()];
    fields(&mut branches, &entries, "", false)?;
    Ok(branches)
}

/// Adds an object's fields to every branch, in their order: of two patterns for one path the last
/// one counts.
fn fields(
    branches: &mut Vec<Branch>,
    entries: &[(String, Json)],
    path: &str,
    is_in_or: bool,
) -> Result<(), PatternError> {
    if entries.is_empty() {
        return Err(PatternError::Empty { at: at(path) });
    }
    for (name, value) in entries {
        if name == "$or" {
            alternatives(branches, value, path)?;
            continue;
        }
        let path = join_names(path, name);
        let at = at(&path);
        if is_in_or && RESERVED_IN_OR.contains(&name.as_str()) {
            return Err(bad(&at, "the name is reserved inside `$or`"));
        }
        match value {
            Json::Object(entries) => fields(branches, entries, &path, is_in_or)?,
            Json::Array(values) if values.is_empty() => return Err(PatternError::Empty { at }),
            Json::Array(values) => {
                let matchers = values.iter().map(|value| matcher(value, &at));
                let matchers = matchers.collect::<Result<Vec<_>, _>>()?;
                for branch in branches.iter_mut() {
                    branch.insert(path.clone(), matchers.clone());
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
                return Err(PatternError::NotAnArray { at });
            }
        }
    }
    Ok(())
}

/// Goes on with each branch once for each alternative.
fn alternatives(branches: &mut Vec<Branch>, value: &Json, path: &str) -> Result<(), PatternError> {
    let at = at(&join_names(path, "$or"));
    let Json::Array(objects) = value else {
        return Err(bad(&at, "`$or` wants an array of at least two objects"));
    };
    if objects.len() < 2 {
        return Err(bad(&at, "`$or` wants an array of at least two objects"));
    }
    let before = std::mem::take(branches);
    for object in objects {
        let Json::Object(entries) = object else {
            return Err(bad(&at, "`$or` wants objects"));
        };
        let mut forked = before.clone();
        fields(&mut forked, entries, path, true)?;
        branches.append(&mut forked);
        if branches.len() > MAX_BRANCHES {
            return Err(bad(&at, "more than 1000 combinations of `$or`"));
        }
    }
    Ok(())
}

fn at(path: &str) -> String {
    if path.is_empty() {
        "$".to_owned()
    } else {
        join_names("$", path)
    }
}

pub(super) fn bad(at: &str, reason: &'static str) -> PatternError {
    PatternError::BadMatcher {
        at: at.to_owned(),
        reason,
    }
}
