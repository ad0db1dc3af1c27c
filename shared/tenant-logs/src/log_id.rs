//! What Auth0 writes into a `log_id`: three digits, then the moment of the event in UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The moment that a `log_id` of Auth0's names, to the second: `900` `20261121100001` … is 10:00:01 on that day. `None`
/// for any other identifier.
pub fn time_in_log_id(log_id: &str) -> Option<Timestamp> {
    let digits = log_id.get(..17)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year: i16 = digits.get(3..7)?.parse().ok()?;
    let two = |from: usize| digits.get(from..from + 2)?.parse::<i8>().ok();
    let (month, day) = (two(7)?, two(9)?);
    let (hour, minute, second) = (two(11)?, two(13)?, two(15)?);
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Offset::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(log_id: &str, expected: Option<&str>) {
        let time = time_in_log_id(log_id).map(|time| time.to_string());
        assert_eq!(time.as_deref(), expected, "{log_id}");
    }

    #[test]
    fn a_log_id_of_auth0s_names_a_moment() {
        check(
            "90020261121100001123456789000000000001",
            Some("2026-11-21T10:00:01Z"),
        );
        check("00020240229235959", Some("2024-02-29T23:59:59Z"));
    }

    #[test]
    fn any_other_identifier_names_none() {
        check("", None);
        check("9002026112110000", None);
        check("90020261321100001", None);
        check("90020250229000000", None);
        check("90020261121240001", None);
        check("90020261121100060", None);
        check("9a020261121100001", None);
        check("9002026112110000é", None);
        check("9002026112110000+1", None);
        check(
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            None,
        );
    }
}
