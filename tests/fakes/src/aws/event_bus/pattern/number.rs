//! Numbers as the service compares them: from -5e9 to 5e9, exact to six decimals.

/// 5e9 in millionths.
pub(super) const LIMIT: i64 = 5_000_000_000_000_000;

/// A JSON number's text in millionths; `None` if it is too large or has more decimals.
pub(super) fn millionths(text: &str) -> Option<i64> {
    let (decimal, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (sign, magnitude) = match decimal.strip_prefix('-') {
        Some(magnitude) => (-1, magnitude),
        None => (1, decimal),
    };
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let decimals = i64::try_from(fraction.len()).ok()?;
    let exponent = exponent.parse::<i64>().ok()?;
    let shift = exponent.checked_add(6 + zeros - decimals)?;
    let factor = 10_i64.checked_pow(u32::try_from(shift).ok()?)?;
    let number = significant.parse::<i64>().ok()?.checked_mul(factor)?;
    (number <= LIMIT).then_some(sign * number)
}

#[cfg(test)]
mod tests {
    use super::millionths;

    #[test]
    fn a_number_is_counted_in_millionths() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("0e999999999999999999999", Some(0)),
            ("300", Some(300_000_000)),
            ("3.0e2", Some(300_000_000)),
            ("3000E-1", Some(300_000_000)),
            ("-0.000001", Some(-1)),
            ("0.0000001", None),
            ("0.1000000", Some(100_000)),
            ("5e+9", Some(super::LIMIT)),
            ("-5000000000.0", Some(-super::LIMIT)),
            ("5000000000.000001", None),
            ("1e99999999999999999999", None),
            ("123456789012345678901234567890", None),
        ] {
            assert_eq!(millionths(text), expected, "{text}");
        }
    }
}
