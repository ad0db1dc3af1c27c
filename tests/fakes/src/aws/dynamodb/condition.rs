//! Condition expressions: comparisons of one attribute with one value, `attribute_exists` and `attribute_not_exists`, AND,
//! OR, parentheses.

use std::collections::BTreeSet;

use serde_json::Value;

use super::items::Attributes;

/// An expression with its names and values.
pub(super) struct Condition<'a> {
    expression: Expression,
    names: Option<&'a Value>,
    values: Option<&'a Value>,
}

enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Exists(String),
    NotExists(String),
    Compare(String, Operator, String),
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    AtMost,
}

/// Words of DynamoDB's own that an entry of ours could be tempted to use: they need a placeholder.
const RESERVED: [&str; 5] = ["state", "owner", "ttl", "name", "value"];

impl<'a> Condition<'a> {
    /// Reads the condition of a call; one that always holds where it has none. `None` where DynamoDB would refuse it, as
    /// it does when names and values are given that are not used, or used and not given.
    pub(super) fn read(input: &'a Value) -> Option<Self> {
        let names = input.get("ExpressionAttributeNames");
        let values = input.get("ExpressionAttributeValues");
        let of = |expression| Self {
            expression,
            names,
            values,
        };
        let text = match input.get("ConditionExpression") {
            Some(text) => text.as_str()?,
            None if names.is_none() && values.is_none() => {
                return Some(of(Expression::All(Vec::new())));
            }
            None => return None,
        };
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let tokens: Vec<&str> = spaced.split_whitespace().collect();
        let given = [names, values].into_iter().flatten();
        let given = given.filter_map(Value::as_object);
        let given: BTreeSet<&str> = given
            .flat_map(|part| part.keys().map(String::as_str))
            .collect();
        let is_placeholder = |token: &&&str| token.starts_with([':', '#']);
        let used: BTreeSet<&str> = tokens.iter().filter(is_placeholder).copied().collect();
        let mut rest = tokens.as_slice();
        let expression = any(&mut rest)?;
        (given == used && rest.is_empty()).then(|| of(expression))
    }

    /// Whether it holds for the item as it is.
    pub(super) fn holds(&self, item: Option<&Attributes>) -> bool {
        self.holds_for(&self.expression, item)
    }

    fn holds_for(&self, expression: &Expression, item: Option<&Attributes>) -> bool {
        match expression {
            Expression::Any(parts) => parts.iter().any(|part| self.holds_for(part, item)),
            Expression::All(parts) => parts.iter().all(|part| self.holds_for(part, item)),
            Expression::Exists(name) => self.attribute(name, item).is_some(),
            Expression::NotExists(name) => self.attribute(name, item).is_none(),
            Expression::Compare(name, operator, value) => {
                let value = self.values.and_then(|values| values.get(value));
                compare(self.attribute(name, item), *operator, value)
            }
        }
    }

    fn attribute<'i>(&self, name: &str, item: Option<&'i Attributes>) -> Option<&'i Value> {
        let meant = self.names.and_then(|names| names.get(name));
        let name = meant.and_then(Value::as_str).unwrap_or(name);
        item.and_then(|item| item.get(name))
    }
}

/// What is not there is equal to nothing, and neither smaller nor greater.
fn compare(found: Option<&Value>, operator: Operator, value: Option<&Value>) -> bool {
    let number =
        |value: Option<&Value>| -> Option<i128> { value?.get("N")?.as_str()?.parse().ok() };
    let numbers = number(found).zip(number(value));
    let is_equal = match numbers {
        Some((found, value)) => found == value,
        None => found == value,
    };
    match operator {
        Operator::Equal => is_equal,
        Operator::NotEqual => !is_equal,
        Operator::AtMost => numbers.is_some_and(|(found, value)| found <= value),
    }
}

fn any(rest: &mut &[&str]) -> Option<Expression> {
    separated(rest, "OR", all).map(Expression::Any)
}

fn all(rest: &mut &[&str]) -> Option<Expression> {
    separated(rest, "AND", one).map(Expression::All)
}

fn separated(
    rest: &mut &[&str],
    word: &str,
    part: fn(&mut &[&str]) -> Option<Expression>,
) -> Option<Vec<Expression>> {
    let mut parts = vec![part(rest)?];
    while let Some((first, after)) = rest.split_first()
        && *first == word
    {
        *rest = after;
        parts.push(part(rest)?);
    }
    Some(parts)
}

fn one(rest: &mut &[&str]) -> Option<Expression> {
    match rest {
        ["(", after @ ..] => {
            *rest = after;
            let inner = any(rest)?;
            *rest = rest.strip_prefix(&[")"])?;
            Some(inner)
        }
        [function, "(", name, ")", after @ ..] if !RESERVED.contains(name) => {
            *rest = after;
            let name = (*name).to_owned();
            match *function {
                "attribute_exists" => Some(Expression::Exists(name)),
                "attribute_not_exists" => Some(Expression::NotExists(name)),
                _ => None,
            }
        }
        [name, operator, value, after @ ..] if !RESERVED.contains(name) => {
            *rest = after;
            let operator = match *operator {
                "=" => Operator::Equal,
                "<>" => Operator::NotEqual,
                "<=" => Operator::AtMost,
                _ => return None,
            };
            let [name, value] = [name, value].map(|text| (*text).to_owned());
            Some(Expression::Compare(name, operator, value))
        }
        _ => None,
    }
}
