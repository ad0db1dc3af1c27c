//! What the Event Grid extension does to an event before a handler sees it: dates and numbers are read and written anew.
//!
//! Seen with extension 3.3.0: trailing zeros of a fraction of a second go, other offsets become UTC, decimals are
//! shortened, what fits no number becomes text, of repeated keys the last one stays. Whole numbers of any length, more
//! than seven digits of a fraction and dates without a time stay.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

/// A JSON text as the extension hands it on; an error where it is none.
pub(crate) fn rewritten(text: &str) -> serde_json::Result<String> {
    let raw: &RawValue = serde_json::from_str(text)?;
    let mut out = String::with_capacity(text.len());
    write(raw, &mut out)?;
    Ok(out)
}

fn write(raw: &RawValue, out: &mut String) -> serde_json::Result<()> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text)?;
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(&name)?);
                out.push(':');
                write(value, out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (index, element) in elements.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(element, out)?;
            }
            out.push(']');
        }
        Some(b'"') => {
            let string: String = serde_json::from_str(text)?;
            let string = date(&string).unwrap_or(string);
            out.push_str(&serde_json::to_string(&string)?);
        }
        Some(b'-' | b'0'..=b'9') => out.push_str(&number(text)),
        _ => out.push_str(text),
    }
    Ok(())
}

fn number(text: &str) -> String {
    if !text.contains(['.', 'e', 'E']) {
        return text.to_owned();
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => number.to_string(),
        Ok(number) if number < 0.0 => "\"-Infinity\"".to_owned(),
        _ => "\"Infinity\"".to_owned(),
    }
}

/// The text of a date with a time and an offset, where it changes.
fn date(text: &str) -> Option<String> {
    let (day, time) = text.split_once('T')?;
    if day.len() != 10 || time.len() < 9 {
        return None;
    }
    let end = time
        .get(8..)?
        .find(|letter: char| letter != '.' && !letter.is_ascii_digit())?
        + 8;
    let (clock, offset) = time.split_at_checked(end)?;
    let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    if fraction.len() > 7 {
        return None;
    }
    let moment: Timestamp = text.parse().ok()?;
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    if offset == "Z" {
        return Some(format!("{day}T{seconds}{dot}{fraction}Z"));
    }
    let utc = moment.to_string();
    let whole = utc.get(..19)?;
    Some(format!("{whole}{dot}{fraction}+00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(rewritten(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn values_are_rewritten_as_the_extension_was_seen_to() {
        check(r#""2026-11-21T10:00:00.000Z""#, r#""2026-11-21T10:00:00Z""#);
        check(
            r#""2026-11-21T10:00:00.120Z""#,
            r#""2026-11-21T10:00:00.12Z""#,
        );
        check(
            r#""2026-11-21T10:00:00+02:00""#,
            r#""2026-11-21T08:00:00+00:00""#,
        );
        check("1.50", "1.5");
        check("1e400", "\"Infinity\"");
        check(r#"{"a":1,"a":2}"#, r#"{"a":2}"#);
    }

    #[test]
    fn what_the_extension_keeps_is_kept() {
        for text in [
            "12345678901234567890",
            r#""2026-11-21T10:00:00.12345678Z""#,
            r#""2026-11-21""#,
            r#""Title case""#,
            r#"[true,null,{"a":"é"}]"#,
        ] {
            check(text, text);
        }
        assert!(rewritten("{").is_err());
    }
}
