//! From the JSON text of a pattern to what it means, as strict as the service.

use serde_json::{Map, Value};

use super::matcher::{Comparison, Matcher, Test, TextTest};
use super::{Field, Fields, PatternError};

/// The longest pattern that `PutRule` takes.
pub(super) const MAX_BYTES: usize = 4096;

/// The range in which the service compares numbers.
const NUMERIC_LIMIT: f64 = 5e9;

pub(super) fn pattern(text: &str) -> Result<Fields, PatternError> {
    if text.len() > MAX_BYTES {
        return Err(PatternError::TooLong { bytes: text.len() });
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => fields(&object, "$"),
        Ok(_) | Err(_) => Err(PatternError::NotAnObject),
    }
}

fn fields(object: &Map<String, Value>, at: &str) -> Result<Fields, PatternError> {
    if object.is_empty() {
        return Err(PatternError::Empty { at: at.to_owned() });
    }
    let mut parsed = Fields::default();
    for (name, value) in object {
        let at = format!("{at}.{name}");
        if name == "$or" {
            parsed.alternatives.push(alternatives(value, &at)?);
            continue;
        }
        let field = match value {
            Value::Object(object) => Field::Object(fields(object, &at)?),
            Value::Array(values) if values.is_empty() => return Err(PatternError::Empty { at }),
            Value::Array(values) => {
                let matchers = values.iter().map(|value| matcher(value, &at));
                Field::Leaf(matchers.collect::<Result<_, _>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(PatternError::NotAnArray { at });
            }
        };
        parsed.fields.push((name.clone(), field));
    }
    Ok(parsed)
}

fn alternatives(value: &Value, at: &str) -> Result<Vec<Fields>, PatternError> {
    let objects = value.as_array().filter(|objects| objects.len() > 1);
    let objects = objects.ok_or_else(|| bad(at, "`$or` wants an array of at least two objects"))?;
    let mut parsed = Vec::with_capacity(objects.len());
    for object in objects {
        let object = object
            .as_object()
            .ok_or_else(|| bad(at, "`$or` wants objects"))?;
        parsed.push(fields(object, at)?);
    }
    Ok(parsed)
}

fn matcher(value: &Value, at: &str) -> Result<Matcher, PatternError> {
    let object = match value {
        Value::Object(object) => object,
        Value::Array(_) => return Err(bad(at, "an array inside an array")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Ok(Matcher::Value(Test::Exactly(value.clone())));
        }
    };
    let (operator, operand) = only_entry(object, at)?;
    if operator == "exists" {
        let expected = operand.as_bool();
        return expected
            .map(Matcher::Exists)
            .ok_or_else(|| bad(at, "`exists` wants true or false"));
    }
    let test = match operator {
        "numeric" => Test::Numeric(numeric(operand, at)?),
        "cidr" => network(operand, at)?,
        "anything-but" => anything_but(operand, at)?,
        _ => Test::Text(text_test(operator, operand, at)?),
    };
    Ok(Matcher::Value(test))
}

fn only_entry<'a>(
    object: &'a Map<String, Value>,
    at: &str,
) -> Result<(&'a str, &'a Value), PatternError> {
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((operator, operand)), None) => Ok((operator, operand)),
        _ => Err(bad(at, "an operator object has exactly one key")),
    }
}

fn text_test(operator: &str, operand: &Value, at: &str) -> Result<TextTest, PatternError> {
    let unknown = || PatternError::UnknownOperator {
        at: at.to_owned(),
        operator: operator.to_owned(),
    };
    if let Value::Object(object) = operand {
        let (modifier, text) = only_entry(object, at)?;
        let text = text.as_str().map(str::to_lowercase);
        let text = text.ok_or_else(|| bad(at, "`equals-ignore-case` wants a string"))?;
        return match (operator, modifier) {
            ("prefix", "equals-ignore-case") => Ok(TextTest::PrefixIgnoreCase(text)),
            ("suffix", "equals-ignore-case") => Ok(TextTest::SuffixIgnoreCase(text)),
            _ => Err(unknown()),
        };
    }
    if !matches!(
        operator,
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard"
    ) {
        return Err(unknown());
    }
    let text = operand
        .as_str()
        .ok_or_else(|| bad(at, "the operator wants a string"))?;
    match operator {
        "prefix" => Ok(TextTest::Prefix(text.to_owned())),
        "suffix" => Ok(TextTest::Suffix(text.to_owned())),
        "equals-ignore-case" => Ok(TextTest::EqualsIgnoreCase(text.to_lowercase())),
        _ => wildcard(text, at).map(TextTest::Wildcard),
    }
}

fn wildcard(text: &str, at: &str) -> Result<Vec<String>, PatternError> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek().copied()) {
            ('*', Some('*')) => return Err(bad(at, "`wildcard` takes no two stars in a row")),
            ('*', _) => parts.push(std::mem::take(&mut part)),
            ('\\', Some(escaped @ ('*' | '\\'))) => {
                part.push(escaped);
                characters.next();
            }
            ('\\', _) => return Err(bad(at, "a backslash in `wildcard` escapes `*` or `\\`")),
            (other, _) => part.push(other),
        }
    }
    parts.push(part);
    Ok(parts)
}

fn anything_but(operand: &Value, at: &str) -> Result<Test, PatternError> {
    match operand {
        Value::String(_) | Value::Number(_) => Ok(Test::NotExactly(vec![operand.clone()])),
        Value::Array(values) => {
            let is_uniform =
                values.iter().all(Value::is_string) || values.iter().all(Value::is_number);
            if values.is_empty() || !is_uniform {
                return Err(bad(at, "`anything-but` lists strings or numbers, not both"));
            }
            Ok(Test::NotExactly(values.clone()))
        }
        Value::Object(object) => {
            let (operator, operand) = only_entry(object, at)?;
            let operands = match operand {
                Value::Array(operands) if operands.is_empty() => {
                    return Err(bad(at, "`anything-but` with an empty list"));
                }
                Value::Array(operands) => operands.as_slice(),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_) => std::slice::from_ref(operand),
            };
            let tests = operands.iter().map(|text| text_test(operator, text, at));
            Ok(Test::NotText(tests.collect::<Result<_, _>>()?))
        }
        Value::Null | Value::Bool(_) => Err(bad(
            at,
            "`anything-but` takes neither null nor true or false",
        )),
    }
}

fn numeric(operand: &Value, at: &str) -> Result<Vec<(Comparison, f64)>, PatternError> {
    let malformed = || bad(at, "`numeric` wants a comparison and a number, or a range");
    let parts = operand.as_array().ok_or_else(malformed)?;
    let mut bounds = Vec::new();
    let (pairs, rest) = parts.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(malformed());
    }
    for [comparison, number] in pairs {
        let comparison = match comparison.as_str() {
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some("=") => Comparison::Equal,
            Some(">=") => Comparison::GreaterOrEqual,
            Some(">") => Comparison::Greater,
            Some(_) | None => return Err(malformed()),
        };
        let number = number.as_f64().ok_or_else(malformed)?;
        if number.abs() > NUMERIC_LIMIT {
            return Err(bad(at, "`numeric` compares between -5e9 and 5e9"));
        }
        bounds.push((comparison, number));
    }
    let is_sound = match bounds.as_slice() {
        [_] => true,
        [(lower, from), (upper, to)] => {
            matches!(lower, Comparison::Greater | Comparison::GreaterOrEqual)
                && matches!(upper, Comparison::Less | Comparison::LessOrEqual)
                && from < to
        }
        _ => false,
    };
    if is_sound {
        Ok(bounds)
    } else {
        Err(malformed())
    }
}

fn network(operand: &Value, at: &str) -> Result<Test, PatternError> {
    let parsed = operand.as_str().and_then(|text| {
        let (address, bits) = text.split_once('/')?;
        let address = address.parse::<std::net::IpAddr>().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.parse::<u32>().ok().filter(|bits| *bits <= most)?;
        Some(Test::Network(address, bits))
    });
    parsed.ok_or_else(|| bad(at, "`cidr` wants an address, a slash and a number of bits"))
}

fn bad(at: &str, reason: &'static str) -> PatternError {
    PatternError::BadMatcher {
        at: at.to_owned(),
        reason,
    }
}
