//! When an event activity. Every schema requires a time, so there always is one.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::json::string_content;

/// When an event activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventTime {
    /// The record's date, written as Auth0 writes it: `"2026-11-20T09:04:00.000Z"`.
    Plain {
        /// Since the epoch.
        millis: i64,
    },
    /// A date written otherwise, or none.
    Other(Timestamp),
}

impl EventTime {
    /// The record's date; without a readable one the moment of receipt that Auth0 writes into its identifiers;
    /// without that the epoch.
    pub(super) fn of(date: Option<&str>, log_id: &str) -> Self {
        if let Some(millis) = date.and_then(plain_millis) {
            return Self::Plain { millis };
        }
        let date = date.and_then(string_content);
        let time = date.and_then(|date| date.parse().ok());
        let time = time.or_else(|| time_in(log_id));
        Self::Other(time.unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Milliseconds since the epoch.
    pub(super) fn millis(self) -> i64 {
        match self {
            Self::Plain { millis } => millis,
            Self::Other(time) => time.as_millisecond(),
        }
    }
}

/// Reads a date as Auth0 writes it, many times faster than one that may be written in any way.
fn plain_millis(json: &str) -> Option<i64> {
    let [
        b'"',
        y1,
        y2,
        y3,
        y4,
        b'-',
        mo1,
        mo2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        mi1,
        mi2,
        b':',
        s1,
        s2,
        b'.',
        m1,
        m2,
        m3,
        b'Z',
        b'"',
    ] = *json.as_bytes().first_chunk::<26>()?
    else {
        return None;
    };
    if json.len() != 26 {
        return None;
    }
    let year = number(&[y1, y2, y3, y4])?;
    let (month, day) = (number(&[mo1, mo2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[mi1, mi2])?, number(&[s1, s2])?);
    let millisecond = number(&[m1, m2, m3])?;
    // A leap second, which Auth0 never writes, is read the other way.
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_since_epoch(year, month, day)?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millisecond)
}

fn number(digits: &[u8]) -> Option<i64> {
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(digit - b'0');
    }
    Some(number)
}

/// Returns the days from the epoch to a day of the Gregorian calendar; `None` if its month has no such day.
fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let most = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=most).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day comes last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // Thirty or thirty-one days a month, as the line of this slope has them.
    let before_month = (153 * month + 2) / 5;
    Some(365 * year + leap_days + before_month + day - 719_469)
}

/// Reads `900`, then `YYYYMMDDHHMMSS` in UTC, of an identifier with 56 digits.
fn time_in(log_id: &str) -> Option<Timestamp> {
    if log_id.len() != 56 || !log_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = log_id.get(3..17)?;
    let civil = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;

    fn check(date: &str, log_id: &str, expected: &str) {
        let expected: Timestamp = expected.parse().unwrap();
        let time = EventTime::of(Some(date), log_id);
        assert_eq!(time.millis(), expected.as_millisecond(), "{date} {log_id}");
    }

    #[test]
    fn the_time_is_the_date_or_that_of_receipt() {
        let log_id = "90020261120090400000417000000000000000000004410027651184";
        let date = |date: &str| format!("\"{date}\"");
        check(
            &date("2026-11-20T09:04:00.123Z"),
            "1",
            "2026-11-20T09:04:00.123Z",
        );
        check(
            &date("2026-11-20T10:04:00.5+01:00"),
            log_id,
            "2026-11-20T09:04:00.5Z",
        );
        check(
            &date("2026-02-29T09:04:00.000Z"),
            log_id,
            "2026-11-20T09:04:00Z",
        );
        check(
            &date("2026-11-20T24:04:00.000Z"),
            log_id,
            "2026-11-20T09:04:00Z",
        );
        check("{\"$date\":0}", log_id, "2026-11-20T09:04:00Z");
        check(&date("***"), "900", "1970-01-01T00:00:00Z");
        check(
            "5",
            &log_id.replace("20261120", "20261320"),
            "1970-01-01T00:00:00Z",
        );
    }

    proptest! {
        #[test]
        fn a_plain_date_is_read_as_any_other_is(
            (year, month, day) in (0_i16..=9999, 0_i8..=13, 0_i8..=32),
            seconds in 0_u32..86_400,
            millisecond in 0_u32..1000,
        ) {
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let date = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
            );
            let expected: Option<Timestamp> = date.parse().ok();
            let expected = expected.filter(|_| Date::new(year, month, day).is_ok());
            let plain = plain_millis(&format!("\"{date}\""));
            prop_assert_eq!(plain, expected.map(Timestamp::as_millisecond));
        }
    }
}
