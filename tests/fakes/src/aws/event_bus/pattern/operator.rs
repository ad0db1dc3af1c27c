//! The alternatives of a leaf array: scalars, and operators with what they take.

use std::net::IpAddr;
use std::ops::Bound;

use super::PatternError;
use super::json::Json;
use super::matcher::{Matcher, Test, TextTest};
use super::number::{LIMIT, millionths};
use super::parse::bad;

pub(super) fn matcher(value: &Json, at: &str) -> Result<Matcher, PatternError> {
    let entries = match value {
        Json::Object(entries) => entries,
        Json::Array(_) => return Err(bad(at, "an array inside an array")),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
            return Ok(Matcher::Value(Test::Exactly(value.clone())));
        }
    };
    let (operator, operand) = only_entry(entries, at)?;
    let test = match operator {
        "exists" => {
            let Json::Bool(expected) = operand else {
                return Err(bad(at, "`exists` wants true or false"));
            };
            return Ok(Matcher::Exists(*expected));
        }
        "numeric" => numeric(operand, at)?,
        "cidr" => network(operand, at)?,
        "anything-but" => anything_but(operand, at)?,
        _ => Test::Text(text_test(operator, operand, at)?),
    };
    Ok(Matcher::Value(test))
}

fn only_entry<'a>(
    entries: &'a [(String, Json)],
    at: &str,
) -> Result<(&'a str, &'a Json), PatternError> {
    match entries {
        [(operator, operand)] => Ok((operator, operand)),
        _ => Err(bad(at, "an operator object has exactly one key")),
    }
}

fn text_test(operator: &str, operand: &Json, at: &str) -> Result<TextTest, PatternError> {
    let Json::Object(entries) = operand else {
        return plain_text_test(operator, operand, at);
    };
    let (modifier, text) = only_entry(entries, at)?;
    let text = text.as_text().map(str::to_lowercase);
    let text = text.ok_or_else(|| bad(at, "`equals-ignore-case` wants a string"))?;
    match (operator, modifier) {
        ("prefix", "equals-ignore-case") => Ok(TextTest::PrefixIgnoreCase(text)),
        ("suffix", "equals-ignore-case") => Ok(TextTest::SuffixIgnoreCase(text)),
        _ => Err(unknown(operator, at)),
    }
}

fn plain_text_test(operator: &str, operand: &Json, at: &str) -> Result<TextTest, PatternError> {
    let text = || {
        let text = operand.as_text();
        text.ok_or_else(|| bad(at, "the operator wants a string"))
    };
    match operator {
        "prefix" => Ok(TextTest::Prefix(text()?.to_owned())),
        "suffix" => Ok(TextTest::Suffix(text()?.to_owned())),
        "equals-ignore-case" => Ok(TextTest::EqualsIgnoreCase(text()?.to_lowercase())),
        "wildcard" => wildcard(text()?, at).map(TextTest::Wildcard),
        _ => Err(unknown(operator, at)),
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

fn anything_but(operand: &Json, at: &str) -> Result<Test, PatternError> {
    match operand {
        Json::Text(_) | Json::Number(_) => anything_but_scalars(std::slice::from_ref(operand), at),
        Json::Array(values) => anything_but_scalars(values, at),
        Json::Object(entries) => {
            let (operator, operand) = only_entry(entries, at)?;
            let operands = match operand {
                Json::Array(operands) if operands.is_empty() => {
                    return Err(bad(at, "`anything-but` with an empty list"));
                }
                Json::Array(operands) => operands.as_slice(),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                    std::slice::from_ref(operand)
                }
            };
            let tests = operands.iter().map(|operand| {
                let is_affix = matches!(operator, "prefix" | "suffix");
                if is_affix && *operand == Json::Text(String::new()) {
                    return Err(bad(at, "`anything-but` takes no empty prefix or suffix"));
                }
                plain_text_test(operator, operand, at)
            });
            Ok(Test::NotText(tests.collect::<Result<_, _>>()?))
        }
        Json::Null | Json::Bool(_) => Err(bad(
            at,
            "`anything-but` takes neither null nor true or false",
        )),
    }
}

fn anything_but_scalars(values: &[Json], at: &str) -> Result<Test, PatternError> {
    let mut texts = Vec::new();
    let mut numbers = Vec::new();
    for value in values {
        match value {
            Json::Text(text) => texts.push(text.clone()),
            Json::Number(text) => numbers.push(comparable(text, at)?),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
                return Err(bad(at, "`anything-but` lists strings or numbers, not both"));
            }
        }
    }
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(Test::NotTexts(texts)),
        (true, false) => Ok(Test::NotNumbers(numbers)),
        _ => Err(bad(at, "`anything-but` lists strings or numbers, not both")),
    }
}

fn numeric(operand: &Json, at: &str) -> Result<Test, PatternError> {
    let malformed = || bad(at, "`numeric` wants a comparison and a number, or a range");
    let Json::Array(parts) = operand else {
        return Err(malformed());
    };
    let bound = |comparison: &Json, number: &Json| match (comparison, number) {
        (Json::Text(comparison), Json::Number(text)) => {
            Ok((comparison.clone(), comparable(text, at)?))
        }
        _ => Err(malformed()),
    };
    let (first, second) = match parts.as_slice() {
        [comparison, number] => (bound(comparison, number)?, None),
        [lower, from, upper, to] => (bound(lower, from)?, Some(bound(upper, to)?)),
        _ => return Err(malformed()),
    };
    let least = (">=".to_owned(), -LIMIT);
    let most = ("<=".to_owned(), LIMIT);
    let ((lower, from), (upper, to)) = match (first.0.as_str(), second) {
        ("=", None) => {
            let exact = Bound::Included(first.1);
            return Ok(Test::Numeric(exact, exact));
        }
        ("<" | "<=", None) => (least, first),
        (_, None) => (first, most),
        (_, Some(second)) => (first, second),
    };
    if from >= to {
        return Err(malformed());
    }
    let from = match lower.as_str() {
        ">" => Bound::Excluded(from),
        ">=" => Bound::Included(from),
        _ => return Err(malformed()),
    };
    let to = match upper.as_str() {
        "<" => Bound::Excluded(to),
        "<=" => Bound::Included(to),
        _ => return Err(malformed()),
    };
    Ok(Test::Numeric(from, to))
}

fn comparable(number: &str, at: &str) -> Result<i64, PatternError> {
    let reason = "numbers are compared between -5e9 and 5e9, with six decimals at most";
    millionths(number).ok_or_else(|| bad(at, reason))
}

/// A mask of all bits is too long for event-ruler (`CIDR.java`), which reads the number as Java does.
fn network(operand: &Json, at: &str) -> Result<Test, PatternError> {
    let parsed = operand.as_text().and_then(|text| {
        let (address, bits) = text.split_once('/')?;
        let address = address.parse::<IpAddr>().ok()?;
        let most = if address.is_ipv4() { 31 } else { 127 };
        let bits = bits.parse::<u32>().ok().filter(|bits| *bits <= most)?;
        Some(Test::Network(address, bits))
    });
    parsed.ok_or_else(|| bad(at, "`cidr` wants an address, a slash and a number of bits"))
}

fn unknown(operator: &str, at: &str) -> PatternError {
    PatternError::UnknownOperator {
        at: at.to_owned(),
        operator: operator.to_owned(),
    }
}
