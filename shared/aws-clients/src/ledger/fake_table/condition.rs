//! Condition expressions: comparisons of one attribute with one value, `attribute_not_exists`, AND, OR, parentheses.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Attributes;

/// An expression with its names and values.
pub(super) struct Condition<'a> {
    expression: Expression,
    body: &'a Value,
}

enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    NotExists(String),
    Compare(String, String, String),
}

impl<'a> Condition<'a> {
    /// Reads the condition of a call; nothing where it has none. DynamoDB refuses names and values that are not used.
    pub(super) fn read(body: &'a Value) -> Result<Option<Self>, ()> {
        let Some(text) = body["ConditionExpression"].as_str() else {
            return Ok(None);
        };
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let tokens: Vec<&str> = spaced.split_whitespace().collect();
        let given = ["ExpressionAttributeNames", "ExpressionAttributeValues"];
        let given = given.iter().filter_map(|part| body[part].as_object());
        let given: BTreeSet<&str> = given
            .flat_map(|part| part.keys().map(String::as_str))
            .collect();
        let is_placeholder = |token: &&&str| token.starts_with([':', '#']);
        let used: BTreeSet<&str> = tokens.iter().filter(is_placeholder).copied().collect();
        if given != used {
            return Err(());
        }
        let mut rest = tokens.as_slice();
        let expression = any(&mut rest)?;
        if rest.is_empty() {
            Ok(Some(Self { expression, body }))
        } else {
            Err(())
        }
    }

    /// Whether it holds for the item as it is.
    pub(super) fn holds(&self, item: Option<&Attributes>) -> bool {
        self.holds_for(&self.expression, item)
    }

    fn holds_for(&self, expression: &Expression, item: Option<&Attributes>) -> bool {
        match expression {
            Expression::Any(parts) => parts.iter().any(|part| self.holds_for(part, item)),
            Expression::All(parts) => parts.iter().all(|part| self.holds_for(part, item)),
            Expression::NotExists(name) => self.attribute(name, item).is_none(),
            Expression::Compare(name, operator, value) => {
                let value = &self.body["ExpressionAttributeValues"][value];
                // A comparison with what is not there is false.
                self.attribute(name, item)
                    .is_some_and(|found| compare(found, operator, value))
            }
        }
    }

    fn attribute<'i>(&self, name: &str, item: Option<&'i Attributes>) -> Option<&'i Value> {
        let names = &self.body["ExpressionAttributeNames"];
        let name = names[name].as_str().unwrap_or(name);
        item.and_then(|item| item.get(name))
    }
}

fn compare(found: &Value, operator: &str, value: &Value) -> bool {
    let number = |value: &Value| {
        value["N"]
            .as_str()
            .map(|text| text.parse::<i128>().unwrap())
    };
    let order = match (number(found), number(value)) {
        (Some(found), Some(value)) => found.cmp(&value),
        _ if found == value => Ordering::Equal,
        _ => Ordering::Greater,
    };
    match operator {
        "=" => order.is_eq(),
        "<>" => order.is_ne(),
        "<=" => found["N"].is_string() && order.is_le(),
        _ => panic!("no operator: {operator}"),
    }
}

fn any(rest: &mut &[&str]) -> Result<Expression, ()> {
    separated(rest, "OR", all).map(Expression::Any)
}

fn all(rest: &mut &[&str]) -> Result<Expression, ()> {
    separated(rest, "AND", one).map(Expression::All)
}

fn separated(
    rest: &mut &[&str],
    word: &str,
    part: fn(&mut &[&str]) -> Result<Expression, ()>,
) -> Result<Vec<Expression>, ()> {
    let mut parts = vec![part(rest)?];
    while let Some((first, after)) = rest.split_first()
        && *first == word
    {
        *rest = after;
        parts.push(part(rest)?);
    }
    Ok(parts)
}

fn one(rest: &mut &[&str]) -> Result<Expression, ()> {
    match rest {
        ["(", after @ ..] => {
            *rest = after;
            let inner = any(rest)?;
            let after = rest.strip_prefix(&[")"]).ok_or(())?;
            *rest = after;
            Ok(inner)
        }
        ["attribute_not_exists", "(", name, ")", after @ ..] => {
            *rest = after;
            Ok(Expression::NotExists((*name).to_owned()))
        }
        // DynamoDB's own words need a placeholder.
        ["state" | "owner" | "ttl" | "name", ..] => Err(()),
        [name, operator @ ("=" | "<>" | "<="), value, after @ ..] => {
            *rest = after;
            let [name, operator, value] = [name, operator, value].map(|text| (*text).to_owned());
            Ok(Expression::Compare(name, operator, value))
        }
        _ => Err(()),
    }
}
